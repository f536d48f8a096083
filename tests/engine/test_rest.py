"""Steps at rest: a rate of 0 without a gradient changes neither iterate nor sums nor meter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from builders import constants_of, linear_problem, run_healthy, task

from lrbench.arrays import PerLane
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.oracle import Iterate
from lrbench.solvers.base import Facts
from lrbench.solvers.sgd import SGD, SGDState

HORIZON, STEPS = 70, 190  # no multiples of the tracker's buffer


@dataclass(frozen=True)
class Early(SGD):
    """SGD whose horizon is before the end of the run."""

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> SGDState:
        return super().init(W, lr0, {"horizon": HORIZON})


def problem_of(density: float | None) -> LinearProblem:
    w0 = np.random.default_rng(2).standard_normal(300 if density else 4)
    return linear_problem("logistic", 24, len(w0), weight=0.07, density=density, w0=w0, seed=4)


@pytest.mark.parametrize("schedule", ["linear", "cosine", "poly"])
@pytest.mark.parametrize("batch", [None, Minibatches(24, 3, "replacement", seed=5)], ids=str)
@pytest.mark.parametrize("density", [None, 0.02], ids=["dense", "sparse"])
@pytest.mark.parametrize("looks", [[0, HORIZON, STEPS], range(STEPS + 1)], ids=["ends", "all"])
def test_a_run_beyond_the_horizon_stays_where_it_was_at_the_horizon(
    schedule: Any, batch: Minibatches | None, density: float | None, looks: Any
) -> None:
    problem = problem_of(density)
    rates = (np.array([0.01, 0.7, 2.9]) / constants_of(problem, None).L).tolist()
    solver = Early(schedule=schedule)
    long = run_healthy(task(problem, solver, rates, STEPS, batch=batch, checkpoints=looks))
    checkpoints = [t for t in looks if t <= HORIZON]
    short = run_healthy(
        task(problem, SGD(schedule), rates, HORIZON, batch=batch, checkpoints=checkpoints)
    )
    for run, whole in zip(long, short, strict=True):
        rows = len(checkpoints)
        for key in set(run.trace) - {"seconds"}:
            column = run.trace[key]
            np.testing.assert_array_equal(column[:rows], whole.trace[key], err_msg=key)
            changes = {"iteration", "lr", "suboptimality_average", "average_error", "regret_error"}
            if key not in changes:
                last = np.full(len(column) - rows, whole.trace[key][-1])
                np.testing.assert_array_equal(column[rows:], last, err_msg=key)
        assert np.all(run.trace["lr"][rows:] == 0.0)
        assert np.all(run.trace["average_error"][1:] <= 1.0)
        assert np.all(np.isfinite(run.trace["regret_error"]))
        np.testing.assert_array_equal(run.iterates["last"], whole.iterates["last"])
        # The average is that of all iterates.
        mean = HORIZON * whole.iterates["average"] + (STEPS - HORIZON) * whole.iterates["last"]
        np.testing.assert_allclose(run.iterates["average"], mean / STEPS, rtol=1e-12, atol=1e-14)


def test_a_lane_that_ends_at_rest_leaves_the_others_as_they_are() -> None:
    problem = problem_of(None)
    L = constants_of(problem, None).L
    rates = [0.9 / L, 0.01 / L]
    free = run_healthy(task(problem, Early("linear"), rates, STEPS))
    target = float(free[0].trace["suboptimality_best"][HORIZON]) * (1.0 + 1e-9)
    work = task(
        problem, Early("linear"), rates, STEPS, target=target, checkpoints=[0, HORIZON + 9, STEPS]
    )
    ended, other = run_healthy(work)
    assert (ended.status_at, other.status_at) == (HORIZON + 9, STEPS)
    np.testing.assert_array_equal(other.iterates["last"], free[1].iterates["last"])


def test_resting_is_not_taken_for_a_step_without_a_gradient() -> None:
    """A step that moves without a gradient has unknown sums."""

    problem = problem_of(None)

    @dataclass(frozen=True)
    class Moving(Early):
        def step(self, W: Iterate, state: SGDState, oracle: Any) -> Any:
            step = super().step(W, state, oracle)
            if state.steps < HORIZON:
                return step
            return step._replace(W=oracle.move(step.W, 0.01 * W), lr=np.full_like(step.lr, 0.1))

    (run,) = run_healthy(task(problem, Moving("linear"), [0.1], STEPS))
    assert np.all(np.isnan(run.trace["sum_grad_norm_sq"][HORIZON + 1 :]))
