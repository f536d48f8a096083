"""A job: lanes of one solver that go through a problem together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np
from threadpoolctl import threadpool_limits

from lrbench.arrays import Vector
from lrbench.config.solver_spec import SolverSpec
from lrbench.engine import run as engine
from lrbench.engine.control import Control
from lrbench.engine.task import Budget, Task
from lrbench.errors import LrbenchError
from lrbench.objective.constants import Constants, Sampling
from lrbench.objective.minibatches import Minibatches
from lrbench.objective.oracle import Ball
from lrbench.objective.problem import Problem
from lrbench.results import Run, Status
from lrbench.solvers.base import Solver

SeedLanes: TypeAlias = tuple[int, tuple[float, ...]]
"""A seed and the initial learning rates that are run with it."""


@dataclass(frozen=True, eq=False)
class SharedProblem:
    """What all jobs on one problem share: it goes to a worker once."""

    problem: Problem
    constants: Constants
    w_star: Vector | None


@dataclass(frozen=True)
class Job:
    """Lanes of one solver, of one or several seeds.

    Parameters
    ----------
    number
        The place among all jobs of a plan.
    problem_index
        The place of its problem among the grounds.
    solver, spec
        The step rule, and its name with all parameters.
    lanes
        Each seed with its initial learning rates.
    batch_size, sampling, radius
        Of the setting; a batch size of None is full batches, a radius of None no ball.
    budget
        How long, and where the lanes are looked at.
    pad_to
        What the number of lanes is padded to a multiple of.
    threads
        BLAS threads.
    keep_iterates
        Whether the runs keep their last, average and best iterates.
    """

    number: int
    problem_index: int
    solver: Solver
    spec: SolverSpec
    lanes: tuple[SeedLanes, ...]
    batch_size: int | None
    sampling: Sampling
    radius: float | None
    budget: Budget
    pad_to: int
    threads: int
    keep_iterates: bool

    def by_seed(self) -> list[Job]:
        """Return a job for each seed, with the same number."""
        return [replace(self, lanes=(lanes,)) for lanes in self.lanes]

    @property
    def n_lanes(self) -> int:
        """The number of lanes of all seeds."""
        return sum(len(lr0) for _, lr0 in self.lanes)

    def label(self, shared: SharedProblem) -> str:
        """Return what this is, for the progress."""
        first, last = self.lanes[0][0], self.lanes[-1][0]
        seeds = f"seed {first}" if first == last else f"seeds {first} to {last}"
        return f"{shared.problem.name}: {self.spec}, {seeds}"

    def tasks(self, shared: SharedProblem) -> list[Task]:
        """Return what the engine is to do for each seed."""
        return [self._task(shared, seed, lr0) for seed, lr0 in self.lanes]

    def _task(self, shared: SharedProblem, seed: int, lr0: Sequence[float]) -> Task:
        problem, minibatches = shared.problem, None
        if self.batch_size is not None:
            size = self.batch_size
            minibatches = Minibatches(problem.n_samples, size, self.sampling, seed)
        return Task(
            problem=problem,
            constants=shared.constants,
            w_star=shared.w_star,
            solver=self.solver,
            spec=self.spec,
            lr0=np.array(lr0),
            minibatches=minibatches,
            ball=None if self.radius is None else Ball(problem.w0, self.radius),
            budget=self.budget,
            seed=seed,
            pad_to=self.pad_to,
            keep_iterates=self.keep_iterates,
        )


Outcome: TypeAlias = Sequence[Run] | LrbenchError
"""A run a lane; or why there is none: the optimum is refuted."""


class Executor(Protocol):
    """Runs jobs, in any order; their results do not depend on which executor it is."""

    workers: int
    """How many jobs it runs at a time, as far as is known before it starts."""

    def __call__(
        self, jobs: Sequence[Job], shared_problems: Sequence[SharedProblem], control: Control
    ) -> Iterator[tuple[Job, Outcome]]:
        """Yield each job and its outcome as it ends; after a stop, what is left as it is.

        Parameters
        ----------
        jobs, grounds
            What to do, and on what.
        control
            Stops it, and hears how far it is.
        """
        ...


def run_job(job: Job, shared: SharedProblem, stop: Callable[[int], bool]) -> Outcome:
    """Run a job to its end, or until `stop` says so.

    What a solver raises is a row of the engine already; here comes what is raised around it, such
    as a `MemoryError` before the first step. Where seeds that go together fail each is tried again
    alone: only one may be the cause.
    """
    if stop(0):
        return unstarted_job(job, shared)
    outcome = _attempt(job, shared, stop)
    if isinstance(outcome, LrbenchError) or len(job.lanes) == 1:
        return outcome
    if all(run.status is not Status.FAILED for run in outcome):
        return outcome
    runs: list[Run] = []
    for one in job.by_seed():
        alone = _attempt(one, shared, stop)
        if isinstance(alone, LrbenchError):
            return alone
        runs += alone
    return runs


def _attempt(job: Job, shared: SharedProblem, stop: Callable[[int], bool]) -> Outcome:
    try:
        with threadpool_limits(job.threads, "blas"):
            return engine.run_lanes(*job.tasks(shared), stop=stop)
    except LrbenchError as error:
        return error
    except Exception as error:
        return failed(job, shared, f"{type(error).__name__}: {error}".removesuffix(": "))


def first_line(error: object) -> str:
    """Return the first line of what an error says, or its name where it says nothing."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__


def unstarted_job(job: Job, shared: SharedProblem) -> list[Run]:
    """Return the runs of a job as they are before it starts."""
    return [run for task in job.tasks(shared) for run in engine.unstarted_runs(task)]


def failed(job: Job, shared: SharedProblem, cause: str) -> list[Run]:
    """Return the runs of a job that has none of its own, and why."""
    return [replace(r, status=Status.FAILED, error=cause) for r in unstarted_job(job, shared)]
