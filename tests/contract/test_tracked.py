"""The tracker follows the steps that were made, whatever a solver does; no solver is named here."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders import (
    constants_of,
    every_variant,
    linear_problem,
    minimiser,
    proximal_variants,
    run_healthy,
    task,
    walk_along,
)
from own_solvers import ByNumPy, Extragradient, LookAhead, MoveThenLook

from lrbench.objective.minibatches import Minibatches

OWN = [LookAhead(), MoveThenLook(), Extragradient(), ByNumPy()]
EVERY = [*every_variant(), *proximal_variants(), *OWN]
STEPS = 40


@pytest.mark.parametrize("solver", EVERY, ids=str)
@pytest.mark.parametrize("batch", [None, Minibatches(30, 7, "replacement", seed=1)], ids=str)
@pytest.mark.parametrize("radius", [None, 0.3], ids=["free", "ball"])
def test_the_distance_is_that_of_the_iterates_wherever_they_are_looked_at(
    solver: Any, batch: Minibatches | None, radius: float | None
) -> None:
    problem = linear_problem("squared", 30, 4, weight=0.05, seed=6)
    # So near to the minimiser that noise and long steps lead away from it.
    w0 = np.round(minimiser(problem), 1)
    problem = replace(problem, w0=w0)
    rates = np.array([0.31, 1.7, 2.2]) / constants_of(problem, None).L
    often, rarely = (
        task(problem, solver, rates.tolist(), STEPS, checkpoints=at, batch=batch, radius=radius)
        for at in (range(STEPS + 1), [0, STEPS])
    )
    ball = often.job.ball(problem)
    points = [np.repeat(w0[:, None], 3, axis=1)]
    steps = walk_along(problem, solver, rates, batch, ball, horizon=STEPS)
    points += [W.copy() for W, *_ in itertools.islice(steps, STEPS)]
    far = np.array([np.linalg.norm(W - minimiser(problem)[:, None], axis=0) for W in points])
    inside = np.argmax(far[:-1], axis=0)
    assert solver not in OWN or np.any(inside > 0)
    pairs = zip(run_healthy(often), run_healthy(rarely), strict=True)
    for k, (every, ends) in enumerate(pairs):
        allowed = 1e-12 * far[:, k].max()
        for run in (every, ends):
            assert abs(run.trace["distance"][-1] - far[-1, k]) <= 10.0 * allowed
            assert abs(run.trace["distance_max"][-1] - far[:-1, k].max()) <= 10.0 * allowed
        for key in ("distance", "distance_max"):
            assert abs(every.trace[key][-1] - ends.trace[key][-1]) <= allowed
        np.testing.assert_allclose(every.trace["distance"], far[:, k], rtol=0, atol=10.0 * allowed)
