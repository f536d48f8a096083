"""Solvers on problems whose penalty is a set: no iterate leaves it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from builders import every_variant, given, linear_problem, proximal_variants, walk_along

from lrbench.objective.minibatches import Minibatches
from lrbench.objective.oracle import Ball
from lrbench.penalties.ball import BallPenalty
from lrbench.penalties.box import Box

RATES = np.array([1e-2, 1.0, 1e3])
every_solver = pytest.mark.parametrize("solver", [*every_variant(), *proximal_variants()], ids=str)


@every_solver
@pytest.mark.parametrize("penalty", [Box(-0.1, 0.3), BallPenalty(0.25)], ids=str)
@pytest.mark.parametrize("sampling", [None, "replacement"])
@pytest.mark.parametrize("radius", [None, 0.2])
def test_no_iterate_leaves_the_set(
    solver: Any, penalty: Any, sampling: Any, radius: float | None
) -> None:
    w0 = np.array([0.1, -0.05, 0.2, 0.7])
    problem = linear_problem("squared", 20, intercept=True, w0=w0, seed=1, penalty=penalty)
    batch = None if sampling is None else Minibatches(20, 6, sampling, seed=4)
    ball = None if radius is None else Ball(w0, radius)
    touched = False
    for W, *_ in itertools.islice(walk_along(problem, solver, RATES, batch, ball), 40):
        np.testing.assert_array_equal(penalty.value(W[:3]), np.zeros(3))
        assert np.all(np.isfinite(problem.value(W)))
        if radius is not None:
            distance = np.linalg.norm(W - w0[:, None], axis=0)
            assert np.all(distance <= radius * (1 + 1e-14))
        touched = touched or bool(np.any(np.abs(problem.prox(2 * W, RATES) - 2 * W) > 1e-9))
    assert touched


def test_a_projected_step_is_not_plain_and_a_free_one_is() -> None:
    problem = linear_problem("squared", 20, seed=1, penalty=Box(-0.1, 0.1))
    sampler = problem.sampler(None, None, [])
    W = sampler.iterates.start(1)
    oracle = next(sampler.oracles(lambda W, g: None))
    plain = []
    for lr in (1e-6, 1e3):
        oracle.begin(W)
        W = oracle.descend(W, np.array([lr]), oracle.gradient(W))
        plain.append(oracle.off_path is None)
    assert plain == [True, False]
    assert np.abs(W).max() == 0.1
    assert sampler.meter.sample_gradients == 40
    assert sampler.meter.prox_calls == 0
    oracle.prox(W, np.array([1.0]))
    assert sampler.meter.prox_calls == 1


def test_the_gradient_of_the_loss_leaves_the_penalty_out() -> None:
    problem = linear_problem("logistic", 20, weight=0.5, w0=np.ones(3), seed=1)
    for batch in (None, Minibatches(20, 20, "reshuffle", seed=0)):
        sampler = problem.sampler(None, None, given(batch))
        W = sampler.iterates.start(2)
        oracle = next(sampler.oracles(lambda W, g: None))
        difference = oracle.gradient(W).dense() - oracle.loss_gradient(W).dense()
        np.testing.assert_allclose(difference, 0.5 * W, rtol=1e-12)
