"""The estimated cost of a plan: memory, and time by a few timed steps of each solver."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lrbench.arrays import NUMBER_BYTES
from lrbench.cache.folder import cache_dir
from lrbench.config.prints import prints_to_stderr
from lrbench.config.process import blas_threads
from lrbench.engine import run as engine
from lrbench.engine.budget import Budget
from lrbench.engine.control import Control
from lrbench.engine.job import Job, SharedProblem
from lrbench.engine.runners import numpy_cause, planned_sampler
from lrbench.errors import OptimumError
from lrbench.experiment.jobs.blocks import (
    ARRAYS,
    max_lanes,
    seeds_per_job,
    shares_calls,
    state_arrays,
)
from lrbench.experiment.store import Store
from lrbench.experiment.work import n_stored
from lrbench.objective.constants import Constants
from lrbench.objective.problem import Problem
from lrbench.plan.lanes import seed_lanes
from lrbench.plan.needs import check_needs
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import Prepared, prepare
from lrbench.problem_files import ProblemSpec
from lrbench.solvers.outside.base import RefittedSolver

TIMED_STEPS = 5
"""The number of steps whose median time is taken, because a single one may be held up."""

FEWEST_STEPS = 2
"""The number of steps after which there is a duration: the first one is not counted."""

COMPILED_STEPS = 64
"""The number of compiled steps that are timed together."""

LONG_SECONDS = 1.0
"""The time after which the fewest steps are enough: 100,000 lanes take it for two."""


@dataclass(frozen=True)
class Estimate:
    """The cost of a plan on one problem, without that of the certified optimum."""

    problem: str
    cells: int
    """Solvers x initial learning rates x seeds."""
    stored: int
    """The cells that are in the store, and will not be run."""
    iterations: int
    """Steps of each cell."""
    passes: float
    """Passes over the data of each cell."""
    memory_bytes: int
    """The data, the lanes of the largest job, and what stands `beside` them."""
    beside: str
    """What takes memory beside the lanes: ``"row blocks"``."""
    has_optimum: bool
    """Whether there is a minimum that is certified before the runs."""
    solver_seconds: float
    """The time of all steps of all solvers, in one process."""
    evaluation_seconds: float
    """The time of all checkpoints, in one process."""
    not_certified: OptimumError | None
    """The error with which the plan will end before its first step, where f* is not certified."""


@prints_to_stderr()
def estimate(
    plan: Plan, specs: Sequence[ProblemSpec | Problem], control: Control, store: Store | None = None
) -> list[Estimate]:
    """Return the cost of `plan` on each problem, for which each solver runs a few steps."""
    with blas_threads(plan.threads):
        cache = cache_dir()
        ready = [prepare(spec, plan, cache, control, needs_f_star=False) for spec in specs]
        check_needs(plan, ready)
        return [_estimate(plan, p, 0 if store is None else n_stored(p, plan, store)) for p in ready]


def _estimate(plan: Plan, p: Prepared, stored: int) -> Estimate:
    problem, facts = p.problem, p.problem.facts()
    n, n_lanes = problem.n_samples, plan.n_lanes
    steps, size = plan.steps(n), plan.batch_size or n
    budget = plan.budget(n, np.inf)
    rows = [t for t in budget.rows if t <= steps]
    evaluations = len(rows)
    if not budget.gradients:  # F at each checkpoint, and at the averages of some
        evaluations += len(budget.averages or ())
    together = _seeds_together(plan, problem)
    timings = [_timed(plan, problem, k, together) for k in range(len(plan.built))]
    solver_seconds = sum(
        timing.step_seconds * (sum(rows) if isinstance(solver, RefittedSolver) else steps)
        for timing, (solver, _) in zip(timings, plan.built, strict=True)
    )
    arrays = max(timing.state_arrays for timing in timings)
    lane_numbers = (ARRAYS + (not plan.sweep) + arrays) * problem.n_features
    lane_numbers += n * max(solver.sample_numbers for solver, _ in plan.built)
    cells = plan.n_cells
    seeds_left = plan.replicates * (cells - stored) / cells
    return Estimate(
        problem=problem.name,
        cells=cells,
        stored=stored,
        iterations=steps,
        passes=steps * size / n,
        memory_bytes=facts.data_bytes
        + lane_numbers * n_lanes * together * NUMBER_BYTES
        + facts.work_bytes,
        beside="row blocks" if facts.linear or facts.reparametrisation else "an evaluation",
        has_optimum=plan.f_star is None and not math.isnan(p.constants.f_star),
        solver_seconds=solver_seconds * seeds_left,
        evaluation_seconds=sum(t.check_seconds for t in timings) * evaluations * seeds_left,
        not_certified=p.not_certified,
    )


@dataclass(frozen=True)
class _Timed:
    step_seconds: float
    check_seconds: float
    state_arrays: int


def _seeds_together(plan: Plan, problem: Problem) -> int:
    """Return the number of seeds that run together in one process."""
    if not all(shares_calls(problem, plan, index) for index in range(len(plan.built))):
        return 1
    n_lanes = plan.n_lanes
    width = min(max_lanes(problem, plan, solver, workers=1) for solver, _ in plan.built)
    return seeds_per_job(problem, plan, n_lanes, plan.n_solver_seeds, max_width=width, workers=1)


def _timed(plan: Plan, problem: Problem, k: int, n_seeds: int) -> _Timed:
    """Return the seconds of a step and of a checkpoint of the k-th solver, all lanes of a seed."""
    solver, spec = plan.built[k]
    gradients = plan.budget(problem.n_samples, np.inf).gradients
    # Any L will do for rates in units of 1/L: the time of a step does not depend on lr0.
    lanes = plan.axes[k].lanes(1.0)
    # Compiled steps are made many in one call.
    sampler = planned_sampler(
        problem, plan.batch_size, plan.sampling, None, dense_iterates=solver.dense_iterates
    )
    many = plan.compiled and not numpy_cause(solver, sampler, np.ones(len(lanes) * n_seeds))
    stride = COMPILED_STEPS if many and plan.batch_size is not None else 1
    job = Job(
        solver=solver,
        spec=spec,
        lanes=tuple(seed_lanes(plan.seed + k, lanes) for k in range(n_seeds)),
        batch_size=plan.batch_size,
        sampling=plan.sampling,
        radius=None,
        budget=Budget(
            1 + TIMED_STEPS * stride,
            [0, *range(1, 2 + TIMED_STEPS * stride, stride)],
            averages=None if gradients else (),
            gradients=gradients,
        ),
        pad_to=plan.pad_to,
        keep_iterates=not plan.sweep,
        compiled=plan.compiled,
    )
    deadline = time.monotonic() + LONG_SECONDS

    def stop(t: int) -> bool:
        return t >= 1 + stride * (FEWEST_STEPS - 1) and time.monotonic() >= deadline

    runs = engine.run_lanes(job, SharedProblem(problem, UNKNOWN, None), stop)
    # The trace of the lane that ran longest: others may have diverged at once.
    seconds = max((r.trace["seconds"] for r in runs), key=len)
    if len(seconds) <= 2:
        step_seconds = 0.0
    elif isinstance(solver, RefittedSolver):  # the last row has a run of its own
        step_seconds = seconds[-1] / (len(seconds) - 1)
    else:
        step_seconds = np.median(np.diff(seconds[1:])) / stride
    check_seconds = runs[0].evaluation_seconds / len(seconds)
    return _Timed(float(step_seconds), check_seconds, state_arrays(solver))


UNKNOWN = Constants(
    L=np.inf,
    L_method="",
    L_max=np.inf,
    mu=0.0,
    mu_pl=0.0,
    G=None,
    grad_norm_sq0=0.0,
    f_star=-np.inf,
    f_star_error=0.0,
    f_star_method="",
    attained=False,
    delta0=0.0,  # -inf + inf would make every level NaN
)
"""Constants for a run that is timed and not judged."""
