"""Jobs, lanes of one solver that run together, and the executor that runs them in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from threadpoolctl import threadpool_limits

from lrbench.arrays import Vector
from lrbench.config.solver_spec import SolverSpec
from lrbench.engine import run as engine
from lrbench.engine.control import Control
from lrbench.engine.task import Budget, Task
from lrbench.errors import LrbenchError
from lrbench.objective.constants import Constants, Sampling
from lrbench.objective.problem import Problem
from lrbench.results import Run, Status
from lrbench.solvers.base import Solver

SeedLanes: TypeAlias = tuple[int, tuple[float, ...]]
"""A seed and the initial learning rates that are run with it."""


@dataclass(frozen=True, eq=False)
class SharedProblem:
    """What all jobs on one problem share; it is sent to a worker once."""

    problem: Problem
    constants: Constants
    w_star: Vector | None


@dataclass(frozen=True)
class Job:
    """Lanes of one solver, of one or several seeds.

    Parameters
    ----------
    number
        The index among all jobs of a plan.
    problem_index
        The index of its problem among the shared problems.
    solver, spec
        The step rule, and its name with all parameters.
    lanes
        Each seed with its initial learning rates.
    batch_size, sampling, radius
        The setting. A batch size of None stands for full batches, a radius of None for no ball.
    budget
        The length of the runs, their target, and their checkpoints.
    pad_to
        The number of lanes is padded to a multiple of this.
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
        """Return the text that the progress shows for this job."""
        first, last = self.lanes[0][0], self.lanes[-1][0]
        seeds = f"seed {first}" if first == last else f"seeds {first} to {last}"
        return f"{shared.problem.name}: {self.spec}, {seeds}"

    def tasks(self, shared: SharedProblem) -> list[Task]:
        """Return the task of the engine for each seed."""
        return [self._task(shared, seed, lr0) for seed, lr0 in self.lanes]

    def _task(self, shared: SharedProblem, seed: int, lr0: Sequence[float]) -> Task:
        return Task.of(
            shared.problem,
            shared.constants,
            shared.w_star,
            self.solver,
            self.spec,
            lr0,
            seed=seed,
            batch_size=self.batch_size,
            sampling=self.sampling,
            radius=self.radius,
            budget=self.budget,
            pad_to=self.pad_to,
            keep_iterates=self.keep_iterates,
        )


JobOutcome: TypeAlias = Sequence[Run] | LrbenchError
"""One run for each lane, or the error that keeps the problem from being run: a refuted optimum."""


class Executor(Protocol):
    """Runs jobs in any order; the runs do not depend on the executor."""

    workers: int
    """The number of jobs that run at a time, as far as it is known before they start."""

    def __call__(
        self, jobs: Sequence[Job], shared_problems: Sequence[SharedProblem], control: Control
    ) -> Iterator[tuple[Job, JobOutcome]]:
        """Yield each job and its outcome as it ends; after a stop, the others as interrupted.

        Parameters
        ----------
        jobs, shared_problems
            The jobs, and the problems that they are on.
        control
            Stops the jobs, and is told of their progress.
        """
        ...


def run_job(job: Job, shared: SharedProblem, stop: Callable[[int], bool]) -> JobOutcome:
    """Run a job to its end, or until `stop` returns True.

    An error in a solver's step is a failed run of the engine already. Errors outside a step, such
    as a `MemoryError` before the first, are made failed runs here. Where seeds that run together
    fail, each is tried again alone, because only one of them may be the cause.
    """
    if stop(0):
        return unstarted_job(job, shared)
    outcome = _attempt(job, shared, stop)
    if isinstance(outcome, LrbenchError) or len(job.lanes) == 1:
        return outcome
    if all(run.status is not Status.FAILED for run in outcome):
        return outcome
    runs: list[Run] = []
    for job_of_seed in job.by_seed():
        outcome = _attempt(job_of_seed, shared, stop)
        if isinstance(outcome, LrbenchError):
            return outcome
        runs += outcome
    return runs


def _attempt(job: Job, shared: SharedProblem, stop: Callable[[int], bool]) -> JobOutcome:
    try:
        with threadpool_limits(job.threads, "blas"):
            return engine.run_lanes(*job.tasks(shared), stop=stop)
    except LrbenchError as error:  # a refuted optimum, which ends all jobs on the problem
        return error
    except Exception as error:
        return failed(job, shared, f"{type(error).__name__}: {error}".removesuffix(": "))


def first_line(error: object) -> str:
    """Return the first line of an error's message, or its type where the message is empty."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__


def unstarted_job(job: Job, shared: SharedProblem) -> list[Run]:
    """Return the runs of a job that was not started: interrupted, with empty traces."""
    return [run for task in job.tasks(shared) for run in engine.unstarted_runs(task)]


def failed(job: Job, shared: SharedProblem, cause: str) -> list[Run]:
    """Return failed runs for a job that ended without any, with the cause as their error."""
    return [replace(r, status=Status.FAILED, error=cause) for r in unstarted_job(job, shared)]


class Serial:
    """The executor that runs jobs one after the other in this process."""

    workers = 1

    def __call__(  # noqa: D102
        self, jobs: Sequence[Job], shared_problems: Sequence[SharedProblem], control: Control
    ) -> Iterator[tuple[Job, JobOutcome]]:
        for job in jobs:
            shared = shared_problems[job.problem_index]
            control.phase(job.label(shared))
            yield job, run_job(job, shared, control)
            control.finished(job.budget.iterations)
