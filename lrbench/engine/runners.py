"""Which runner makes the steps of a job."""

from __future__ import annotations

from collections.abc import Mapping

from lrbench.arrays import PerLane
from lrbench.engine.clock import Clock
from lrbench.engine.compiled import CompiledRunner, has_rule, obstacle_of
from lrbench.engine.job import Job, SharedProblem
from lrbench.engine.runner import StepRunner
from lrbench.engine.scalar_steps import ScalarRunner
from lrbench.errors import DataError
from lrbench.kernels.library import library
from lrbench.objective.compiled import CompiledSampler
from lrbench.objective.constants import Sampling
from lrbench.objective.problem import Problem, Sampler
from lrbench.plugins import is_plugin
from lrbench.solvers.base import Solver
from lrbench.solvers.scalar_step import has_scalar_step


def makes_compiled_steps(solver: Solver) -> bool:
    """Return whether compiled code makes the steps of this solver, by a rule or around one."""
    return has_rule(solver) or has_scalar_step(solver)


def numpy_cause(
    solver: Solver,
    problem: Problem,
    batch_size: int | None,
    sampling: Sampling,
    radius: float | None,
) -> str:
    """Return why NumPy makes the steps of a solver, in words; else nothing.

    Nor is there anything to say of a solver that owns its loop.
    """
    if solver.outside:
        return ""
    if not makes_compiled_steps(solver):
        own = "a class of the user that does not say scalar_step"
        return own if is_plugin(type(solver)) else "no compiled rule"
    in_parts = not has_rule(solver)
    return obstacle_of(problem, batch_size, sampling, radius, in_parts=in_parts)


def runner_of(
    job: Job,
    shared: SharedProblem,
    sampler: Sampler,
    lr0: PerLane,
    parameters: Mapping[str, PerLane],
    clock: Clock,
) -> StepRunner:
    """Return the runner of a job: compiled where the job asks for it and it is possible.

    Raises
    ------
    DataError
        If the job asks for compiled steps in a process that has none.
    """
    rule = has_rule(job.solver) and bool((lr0 > 0.0).all())
    wanted = job.compiled and (rule or has_scalar_step(job.solver))
    if not wanted or not isinstance(sampler, CompiledSampler):
        return StepRunner(job, shared, sampler, lr0, parameters, clock)
    in_parts = "" if rule else sampler.obstacle_in_parts
    if in_parts or (batches := sampler.compiled()) is None:
        return StepRunner(job, shared, sampler, lr0, parameters, clock)
    if (loaded := library()) is None:
        raise DataError(
            "a worker has no compiled steps, which the command began with.",
            "install lrbench there with a compiler at hand, or give --runner numpy.",
        )
    runner = CompiledRunner if rule else ScalarRunner
    return runner(job, shared, sampler, lr0, parameters, clock, batches, loaded)
