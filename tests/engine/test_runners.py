"""What is said of the runner of a job before it runs is what runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from builders import every_variant, linear_problem, proximal_variants
from compiled_runs import scattered_problem, work_on

from lrbench.engine.compiled import CompiledRunner
from lrbench.engine.loop import LaneLoop
from lrbench.engine.runner import StepRunner
from lrbench.engine.runners import numpy_cause, planned_sampler
from lrbench.engine.scalar_steps import ScalarRunner
from lrbench.kernels.library import library
from lrbench.objective.linear import sampler
from lrbench.objective.linear.problem import LinearProblem
from lrbench.solvers.adam import Adam
from lrbench.solvers.adgd import AdGD
from lrbench.solvers.polyak import Polyak
from lrbench.solvers.wngrad import WNGrad

pytestmark = pytest.mark.skipif(library() is None, reason="no compiled steps were built")

PROBLEMS = {
    "dense": linear_problem("logistic", 41, 7, weight=0.1),
    "sparse": linear_problem("logistic", 41, 29, weight=0.1, density=0.5),
    "wide": scattered_problem("logistic", 0.1),
    "wide, from elsewhere": scattered_problem("squared", 0.1, w0=np.linspace(-0.3, 0.2, 43)),
}

SOLVERS = [*every_variant(), *proximal_variants()]


@pytest.fixture(autouse=True)
def _small_data_are_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "FEW_FEATURES", 30)
    monkeypatch.setattr(sampler, "MANY_FEATURES", 30)


def runner_of(
    problem: LinearProblem,
    solver: Any,
    radius: float | None = None,
    batch_size: int | None = 2,
    n_lanes: int = 3,
) -> type:
    """Return the class of the runner of a job, after a comparison with what is said before."""
    rates = [0.1 / 3**k for k in range(n_lanes)]
    work = work_on(problem, solver, rates, batch_size=batch_size, radius=radius, minimum=False)
    job = work.changed(compiled=True).job
    runner = type(LaneLoop(job, work.shared).runner)
    known = planned_sampler(
        problem, batch_size, "replacement", radius, dense_iterates=solver.dense_iterates
    )
    lr0 = np.array(job.lanes[0].lr0, dtype=np.float64)
    assert (runner is StepRunner) == bool(numpy_cause(solver, known, lr0))
    return runner


@pytest.mark.parametrize("radius", [None, 0.7])
@pytest.mark.parametrize("batch_size", [None, 1, 2])
@pytest.mark.parametrize("solver", SOLVERS, ids=repr)
def test_what_is_said_is_the_runner_of_the_job(
    solver: Any, batch_size: int | None, radius: float | None
) -> None:
    for problem in PROBLEMS.values():
        for n_lanes in (1, 3):
            runner_of(problem, solver, radius, batch_size, n_lanes)


@pytest.mark.parametrize(
    ("solver", "data", "radius", "runner"),
    [
        (Adam(), "wide", 0.7, CompiledRunner),
        (WNGrad(), "wide", 0.7, StepRunner),
        (WNGrad(), "wide", None, CompiledRunner),
        (WNGrad(), "wide, from elsewhere", 0.7, CompiledRunner),
        (Polyak(), "wide", None, StepRunner),
        (Polyak(), "wide, from elsewhere", 0.7, ScalarRunner),
        (Polyak(), "sparse", 0.7, ScalarRunner),
        (AdGD(), "dense", None, StepRunner),
    ],
    ids=repr,
)
def test_a_ball_on_wide_data_is_no_obstacle_to_plain_arrays(
    solver: Any, data: str, radius: float | None, runner: type
) -> None:
    assert runner_of(PROBLEMS[data], solver, radius) is runner
