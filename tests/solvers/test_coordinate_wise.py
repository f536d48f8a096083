"""Methods whose step is no multiple of the gradient: closed forms, and what is told of the step."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
from builders import as_problem, linear_problem, minimiser, run_healthy, task, walk_along

from lrbench.arrays import norm_sq
from lrbench.losses.squared import Squared
from lrbench.objective.minibatches import Minibatches
from lrbench.solvers.adagrad import AdaGrad
from lrbench.solvers.adam import Adam
from lrbench.solvers.adamw import AdamW
from lrbench.solvers.rmsprop import RMSProp
from lrbench.solvers.wn_adam import WNAdam

RATES = np.array([1e-3, 0.1, 10.0])
W0 = np.array([1.0, -2.0, 0.5])

moving = pytest.mark.parametrize(
    "solver", [AdaGrad(), RMSProp(), Adam(), AdamW(weight_decay=0.0), WNAdam()], ids=str
)


@pytest.mark.parametrize("solver", [AdaGrad(), Adam()], ids=str)
def test_the_first_step_has_the_length_lr0_in_every_coordinate(solver: Any) -> None:
    problem = linear_problem("squared", w0=W0)
    W, _, _, seen = next(walk_along(problem, solver, RATES))
    start, g = seen[0]
    expected = RATES * g / (np.abs(g) + solver.eps)
    np.testing.assert_allclose(start - W, expected, rtol=1e-11)


@pytest.mark.parametrize("solver", [AdaGrad(), Adam(), AdaGrad(eps=0.5), Adam(0.5, 0.9, 0.1)])
def test_the_rate_is_the_length_of_the_step_over_that_of_the_gradient(solver: Any) -> None:
    problem = linear_problem("logistic", 20, 3, weight=0.1, w0=W0)
    batch = Minibatches(20, 4, "replacement", seed=2)
    for W, lr, _, seen in islice(walk_along(problem, solver, RATES, batch), 50):
        before, g = seen[0]
        length = np.sqrt(norm_sq(before - W))
        size = np.abs(before).max()
        np.testing.assert_allclose(lr * np.sqrt(norm_sq(g)), length, rtol=1e-12, atol=1e-14 * size)


def two_terms() -> Any:
    """Return F whose first term is w_1^2 and whose second term is constant, from w = (3, 0)."""
    X = np.array([[np.sqrt(2.0), 0.0], [0.0, 0.0]])
    return as_problem(X, np.zeros(2), Squared(), w0=np.array([3.0, 0.0]))


@moving
def test_a_minibatch_without_a_gradient_gives_finite_rates(solver: Any) -> None:
    batch = Minibatches(2, 1, "reshuffle", seed=0)
    drifted = []
    with np.errstate(all="raise"):
        for W, lr, state, seen in islice(walk_along(two_terms(), solver, RATES, batch), 20):
            before, g = seen[0]
            assert np.all(np.isfinite(W))
            assert np.all(np.isfinite(lr))
            assert all(np.all(np.isfinite(field)) for field in state)
            if not g.any():
                drifted.append(bool(np.any(before - W)))
                assert "b" in solver.traced or not lr.any()
    # Without a gradient only a mean of earlier ones carries the iterate on.
    assert any(drifted) is not isinstance(solver, AdaGrad | RMSProp)


def test_constant_gradients_give_harmonic_steps() -> None:
    # Far from the minimiser of a steep logistic loss the gradient is one to all digits.
    problem = linear_problem("logistic", 1, 1, w0=np.array([-1e6]), seed=1)
    x, y = float(np.asarray(problem.data.X)[0, 0]), float(problem.y[0])
    problem = replace(problem, w0=np.array([-1e6 * np.sign(x * y)]))
    sums: dict[Any, float] = {
        AdaGrad(): sum(1 / np.sqrt(t) for t in range(1, 101)),
        Adam(): 100.0,
    }
    for solver, total in sums.items():
        *_, (W, *_) = islice(walk_along(problem, solver, RATES), 100)
        np.testing.assert_allclose(np.abs(W[0] - problem.w0), RATES * total, rtol=2e-6)


def test_wn_adam_on_a_constant_gradient_takes_the_steps_of_wngrad() -> None:
    problem = linear_problem("logistic", 1, 1, w0=np.array([-1e6]), seed=1)
    x, y = float(np.asarray(problem.data.X)[0, 0]), float(problem.y[0])
    problem = replace(problem, w0=np.array([-1e6 * np.sign(x * y)]))
    b, way = 1 / RATES, np.zeros(3)
    for _ in range(100):
        b = b + x * x / b
        way += abs(x) / b
    *_, (W, lr, *_) = islice(walk_along(problem, WNAdam(), RATES), 100)
    np.testing.assert_allclose(lr, 1 / b, rtol=1e-12)
    np.testing.assert_allclose(np.abs(W[0] - problem.w0), way, rtol=1e-6)


@moving
@pytest.mark.parametrize("radius", [None, 4.0])
@pytest.mark.parametrize("batch", [None, Minibatches(30, 5, "replacement", seed=3)])
def test_the_distance_is_that_of_the_iterate_at_every_step(
    solver: Any, radius: float | None, batch: Any
) -> None:
    problem = linear_problem("logistic", 30, 3, weight=0.1, w0=W0)
    rates = [1e-3, 0.3, 5.0]
    work = task(problem, solver, rates, 60, batch=batch, radius=radius)
    rare = work.changed(budget=replace(work.job.budget, checkpoints=[0, 60]))
    w_star = minimiser(problem)
    sampler = walk_along(problem, solver, np.array(rates), batch, work.job.ball(problem))
    points = [np.repeat(W0[:, None], 3, axis=1), *(W.copy() for W, *_ in islice(sampler, 60))]
    expected = np.array([np.linalg.norm(W - w_star[:, None], axis=0) for W in points])
    for k, (often, once) in enumerate(zip(run_healthy(work), run_healthy(rare), strict=True)):
        np.testing.assert_allclose(often.trace["distance"], expected[:, k], rtol=1e-9)
        assert once.trace["distance_max"][-1] == pytest.approx(expected[:-1, k].max(), rel=1e-9)
