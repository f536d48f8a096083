"""A step is W - lr g only along the first gradient, from the iterate at which it was taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from builders import linear_problem

from lrbench.arrays import Lanes
from lrbench.objective.oracle import Oracle

LR = np.array([0.1, 0.7])


def along(W: Lanes, oracle: Oracle) -> Any:
    return oracle.descend(W, LR, oracle.gradient(W))


def second_gradient(W: Lanes, oracle: Oracle) -> Any:
    oracle.gradient(W)
    return oracle.descend(W, LR, oracle.gradient(W))


def elsewhere(W: Lanes, oracle: Oracle) -> Any:
    g = oracle.gradient(W + 1.0)
    return oracle.descend(W, LR, g)


def trial_with_the_same_gradient(W: Lanes, oracle: Oracle) -> Any:
    g = oracle.gradient(W)
    oracle.descend(W.copy(), LR, g)
    return oracle.descend(W, LR, g)


def trial_by_a_move(W: Lanes, oracle: Oracle) -> Any:
    g = oracle.gradient(W)
    oracle.move(W.copy(), LR * g.dense())
    return oracle.descend(W, LR, g)


def moved_before(W: Lanes, oracle: Oracle) -> Any:
    W = oracle.move(W, np.ones_like(W))
    return oracle.descend(W, LR, oracle.gradient(W))


def moved_after(W: Lanes, oracle: Oracle) -> Any:
    W = along(W, oracle)
    return oracle.move(W, np.ones_like(W))


def by_numpy(W: Lanes, oracle: Oracle) -> Any:
    return W - LR * oracle.gradient(W).dense()


def all_samples(W: Lanes, oracle: Oracle) -> Any:
    oracle.gradient(W)
    return oracle.descend(W, LR, oracle.full.gradient(W))


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (along, True),
        (trial_by_a_move, True),
        (second_gradient, False),
        (elsewhere, False),
        (trial_with_the_same_gradient, False),
        (moved_before, False),
        (moved_after, False),
        (by_numpy, False),
        (all_samples, False),
    ],
)
def test_the_step_is_recognised(step: Callable[[Any, Any], Any], expected: bool) -> None:
    problem = linear_problem("logistic", 20, 3, weight=0.1)
    sampler = problem.sampler(None, None, [])
    W = sampler.iterates.start(2)
    for _, oracle in zip(range(3), sampler.oracles(lambda W, g: None), strict=False):
        oracle.begin(W)
        g = problem.gradient(W)
        before = W.copy()
        W = step(W, oracle)
        assert (oracle.off_path is None) == expected
        if expected:
            np.testing.assert_allclose(W, before - LR * g, rtol=1e-13)
