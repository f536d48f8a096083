"""Which runner makes the steps of a job."""

from __future__ import annotations

from collections.abc import Mapping

from lrbench.arrays import PerLane
from lrbench.engine.clock import Clock
from lrbench.engine.compiled import CompiledRunner, has_rule
from lrbench.engine.job import Job, SharedProblem
from lrbench.engine.runner import StepRunner
from lrbench.engine.scalar_steps import ScalarRunner
from lrbench.errors import DataError
from lrbench.kernels.library import library
from lrbench.objective.compiled import CompiledSampler
from lrbench.objective.constants import Sampling
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.oracle import Ball
from lrbench.objective.problem import Problem, Sampler
from lrbench.plugins import is_plugin
from lrbench.solvers.base import Solver
from lrbench.solvers.scalar_step import has_scalar_step


def planned_sampler(
    problem: Problem,
    batch_size: int | None,
    sampling: Sampling,
    radius: float | None,
    *,
    dense_iterates: bool,
) -> Sampler:
    """Return a sampler of the kind that jobs in this setting have."""
    ball = None if radius is None else Ball(problem.w0, radius)
    minibatches = []
    if batch_size is not None:
        minibatches = [Minibatches(problem.n_samples, batch_size, sampling, 0)]
    return problem.sampler(None, ball, minibatches, dense_iterates=dense_iterates)


def obstacle_of(sampler: Sampler) -> str:
    """Return why no solver has compiled steps with this sampler, in words; else nothing."""
    if not isinstance(sampler, CompiledSampler):
        return "it is no linear model"
    return sampler.obstacle()


def numpy_cause(solver: Solver, sampler: Sampler, lr0: PerLane) -> str:
    """Return why NumPy makes the steps of a solver, in words; else nothing.

    Parameters
    ----------
    solver
        The step rule.
    sampler
        That of the job.
    lr0
        The initial learning rates of the columns, the padding included, (n_lanes,); NaN where the
        solver has none.
    """
    if solver.outside:
        return "it owns its loop"
    rule = _has_rule(solver, lr0)
    if not rule and not has_scalar_step(solver):
        own = "a class of the user that does not say scalar_step"
        return own if is_plugin(type(solver)) else "no compiled rule"
    if obstacle := obstacle_of(sampler):
        return obstacle
    assert isinstance(sampler, CompiledSampler)
    return "" if rule else sampler.obstacle_in_parts


def _has_rule(solver: Solver, lr0: PerLane) -> bool:
    """Return whether compiled code knows the rule, with these initial learning rates."""
    return has_rule(solver) and bool((lr0 > 0.0).all())


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
    if not job.compiled or numpy_cause(job.solver, sampler, lr0):
        return StepRunner(job, shared, sampler, lr0, parameters, clock)
    if (loaded := library()) is None:
        raise DataError(
            "a worker has no compiled steps, which the command began with.",
            "install lrbench there with a compiler at hand, or give --runner numpy.",
        )
    assert isinstance(sampler, CompiledSampler)
    rule = _has_rule(job.solver, lr0)
    batches = sampler.compiled(scaled=rule and not job.solver.dense_iterates)
    assert batches is not None
    runner = CompiledRunner if rule else ScalarRunner
    return runner(job, shared, sampler, lr0, parameters, clock, batches, loaded)
