"""What a plan would cost, before it is carried out: from one timed step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from lrbench.cache.content_hash import arrays_of
from lrbench.cache.folder import cache_dir
from lrbench.engine import run as engine
from lrbench.engine.control import Control
from lrbench.engine.task import Budget, Task
from lrbench.experiment.conduct import n_stored
from lrbench.experiment.jobs.blocks import ARRAYS, most_lanes, seeds_per_job, state_arrays
from lrbench.experiment.store import Store
from lrbench.objective.constants import Constants
from lrbench.objective.linear.matrix import BLOCK_ELEMENTS, CHUNK_BYTES
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.problem import LinearProblem
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import prepare, read_problem
from lrbench.problem_files import ProblemSpec

TIMED_STEPS = 5
"""The median of so many is taken: one may be held up."""

NUMBER = 8
"""Bytes of a float64."""

BLOCK_ARRAYS = 4
"""Scores, derivatives and their temporaries: arrays of the size of a row block."""


@dataclass(frozen=True)
class Estimate:
    """The cost of a plan on one problem; the certified optimum not counted."""

    problem: str
    cells: int
    """Solvers x initial learning rates x seeds."""
    stored: int
    """How many of them are in the store, and not run again."""
    iterations: int
    """Steps of each cell."""
    passes: float
    """Passes over the data of each cell."""
    memory_bytes: int
    """The data, the lanes and the row blocks of the largest bundle."""
    solver_seconds: float
    """Of all solvers' steps, in one process."""
    evaluation_seconds: float
    """Of all checkpoints, in one process."""


def estimate(
    plan: Plan, specs: Sequence[ProblemSpec], control: Control, store: Store | None = None
) -> list[Estimate]:
    """Return what `plan` would cost on each problem; each solver takes a few steps to tell.

    Which cells are in a store depends on the certified optimum, so with one it is computed.
    """
    with threadpool_limits(plan.threads, "blas"):
        out = []
        for spec in specs:
            control.phase(f"reading {spec.name}")
            if store is None:
                out.append(_estimate(plan, read_problem(spec, plan), 0))
                continue
            p = prepare(spec, plan, cache_dir(), control)
            out.append(_estimate(plan, p.problem, n_stored(p, plan, store)))
        return out


def _estimate(plan: Plan, problem: LinearProblem, stored: int) -> Estimate:
    n, n_lanes = problem.n_samples, len(plan.learning_rates)
    steps, size = plan.steps(n), plan.batch_size or n
    budget = plan.budget(n, np.inf)
    looks = len(budget.checkpoints)
    if not budget.gradients:  # F at each, and at the averages of some
        looks += len(budget.averages or ())
    together = _seeds_together(plan, problem)
    n_solver_seeds = [_timed(plan, problem, k, together) for k in range(len(plan.built))]
    arrays = max(b.state_arrays for b in n_solver_seeds)
    cells = len(plan.built) * n_lanes * plan.replicates
    bundles_left = plan.replicates * (cells - stored) / cells
    return Estimate(
        problem=problem.name,
        cells=cells,
        stored=stored,
        iterations=steps,
        passes=steps * size / n,
        memory_bytes=_data_bytes(problem)
        + (ARRAYS + (not plan.sweep) + arrays) * problem.n_features * n_lanes * together * NUMBER
        + BLOCK_ARRAYS * BLOCK_ELEMENTS * NUMBER
        + CHUNK_BYTES,
        solver_seconds=sum(b.step_seconds for b in n_solver_seeds) * steps * bundles_left,
        evaluation_seconds=sum(b.check_seconds for b in n_solver_seeds) * looks * bundles_left,
    )


@dataclass(frozen=True)
class _Timed:
    step_seconds: float
    check_seconds: float
    state_arrays: int


def _seeds_together(plan: Plan, problem: LinearProblem) -> int:
    """Return how many seeds go together in one process."""
    n_lanes, d = len(plan.learning_rates), problem.n_features
    most = min(most_lanes(d, plan, solver, workers=1) for solver, _ in plan.built)
    return seeds_per_job(problem, plan, n_lanes, plan.n_solver_seeds, most=most, workers=1)


def _timed(plan: Plan, problem: LinearProblem, k: int, n_seeds: int) -> _Timed:
    """Return the seconds of a step and of a checkpoint of the k-th solver, all lanes of a seed."""
    solver, spec = plan.built[k]
    minibatches = None
    if plan.batch_size is not None:
        minibatches = Minibatches(problem.n_samples, plan.batch_size, plan.sampling, plan.seed)
    gradients = plan.budget(problem.n_samples, np.inf).gradients
    lr0 = np.array([rate.at(1.0) for rate in plan.learning_rates])
    task = Task(
        problem=problem,
        constants=UNKNOWN,
        w_star=None,
        solver=solver,
        spec=spec,
        lr0=lr0,
        minibatches=minibatches,
        ball=None,
        budget=Budget(
            1 + TIMED_STEPS,
            range(2 + TIMED_STEPS),
            averages=None if gradients else (),
            gradients=gradients,
        ),
        seed=plan.seed,
        pad_to=plan.pad_to,
        keep_iterates=not plan.sweep,
    )
    tasks = [task]
    if minibatches is not None:
        seeds = range(plan.seed, plan.seed + n_seeds)
        tasks = [
            replace(task, seed=seed, minibatches=replace(minibatches, seed=seed)) for seed in seeds
        ]
    runs = engine.run_lanes(*tasks)
    seconds = max((r.trace["seconds"] for r in runs), key=len)
    steps = np.median(np.diff(seconds[1:])) if len(seconds) > 2 else 0.0
    looks = runs[0].evaluation_seconds / len(seconds)
    return _Timed(float(steps), looks, state_arrays(solver))


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
    delta0=np.inf,
)
"""Nothing is judged here, so nothing need be known."""


def _data_bytes(problem: LinearProblem) -> int:
    """Return the size of the data, held-out samples included."""
    held = (problem,) if problem.test is None else (problem, problem.test)
    return sum(array.nbytes for h in held for array in (*arrays_of(h.data.X).values(), h.y))
