"""The factor c of WNGrad is a unit of w: the engine's run in the unit v = sqrt(c) w is the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from builders import as_problem, linear_problem, run_healthy, task

from lrbench.errors import UsageError
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.minibatches import Minibatches
from lrbench.results import Run, Status
from lrbench.solvers.wngrad import WNGrad

RATES = (0.003, 0.7, 30.0, 1e4)
STEPS = 60
START = np.array([0.5, -2.0, 0.25])
IN_V = {
    "objective": 0.0,
    "suboptimality": 0.0,
    "grad_norm_sq": -1.0,
    "lr": 1.0,
    "b": -1.0,
    "growth": -1.0,
    "distance": 0.5,
    "regret": 0.0,
}
"""The powers of c by which a column is larger in the unit v."""


def in_v(problem: LinearProblem, c: float) -> LinearProblem:
    """The scores are X w = (X / sqrt(c)) v."""
    X: Any = problem.data.X
    root, weight = math.sqrt(c), getattr(problem.penalty, "weight", 0.0)
    return as_problem(X / root, problem.y, problem.loss, weight / c, w0=problem.w0 * root)


def runs(
    problem: LinearProblem, solver: WNGrad, lr0: Sequence[float], radius: float | None, size: int
) -> list[Run]:
    batch = Minibatches(problem.n_samples, size, "replacement", 3) if size else None
    return run_healthy(task(problem, solver, lr0, STEPS, radius=radius, batch=batch))


@pytest.mark.parametrize("size", [0, 4])
@pytest.mark.parametrize("radius", [None, 2.5])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("order", ["current", "lagged", "raw-first"])
@pytest.mark.parametrize(("c", "tolerance"), [(4.0**-3, 0.0), (16.0, 0.0), (0.3, 1e-9)])
def test_the_run_in_the_other_unit_is_the_same(
    c: float, tolerance: float, order: Any, loss: str, radius: float | None, size: int
) -> None:
    """Step by step; a c whose root is a power of 2 changes no bit."""
    problem, root = linear_problem(loss, weight=0.1, w0=START), math.sqrt(c)
    found = runs(problem, WNGrad(order, c=c), RATES, radius, size)
    ball = None if radius is None else root * radius
    other = runs(in_v(problem, c), WNGrad(order), [c * lr0 for lr0 in RATES], ball, size)
    for run, in_other in zip(found, other, strict=True):
        assert (run.status, run.status_at) == (in_other.status, in_other.status_at)
        for name, power in IN_V.items() if run.status is not Status.DIVERGED else ():
            right, measured = run.trace[name], in_other.trace[name] / c**power
            # The distance and f* are found anew in each unit.
            least = 1e-6 if name in ("distance", "suboptimality", "regret") else 0.0
            scale = np.nanmax(np.abs(right))
            error = np.abs(measured - right) / scale
            assert np.nanmax(error) <= max(tolerance, least), name


@pytest.mark.parametrize("c", [0.0, -1.0, math.inf, math.nan])
def test_a_factor_is_positive(c: float) -> None:
    with pytest.raises(UsageError, match="is not a positive number"):
        WNGrad(c=c)
