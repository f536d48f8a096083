"""Jobs that are run to their ends, and the executor that runs them in this process."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol, TypeAlias

from lrbench.config.process import blas_threads
from lrbench.engine import run as engine
from lrbench.engine.cause import cause_of
from lrbench.engine.control import Control
from lrbench.engine.job import Job, SharedProblem
from lrbench.errors import LrbenchError
from lrbench.objective.problem import Problem
from lrbench.plugins import Packed, is_plugin, packed
from lrbench.results import Run, Status
from lrbench.solvers.base import Solver
from lrbench.solvers.plugin import complete
from lrbench.verdicts.method_names import MethodNames

JobOutcome: TypeAlias = Sequence[Run] | LrbenchError
"""One run for each lane, or the error that keeps the problem from being run: a refuted optimum."""


class SentJob(NamedTuple):
    """A job as it is sent to another process."""

    job: Job
    solver: Packed | None
    """The solver of the job, if it is of the user, whose code the other process may not have."""


def sent(job: Job) -> SentJob:
    """Return a job as it is sent to another process."""
    if not is_plugin(type(job.solver)):
        return SentJob(job, None)
    return SentJob(replace(job, solver=Solver()), packed(job.solver))


def run_sent(sent_job: SentJob, shared: SharedProblem, stop: Callable[[int], bool]) -> JobOutcome:
    """Run a job that was sent here; it has failed if its solver cannot be made here."""
    job, solver = sent_job
    if solver is not None:
        try:
            job = replace(job, solver=solver.unpacked(Solver))
            complete(type(job.solver))
        except LrbenchError as error:
            return failed(job, shared, f"{solver.name} in a worker: {error.message}")
        except Exception as error:  # whatever its code raises
            cause = f"{type(error).__name__}: {first_line(error)}"
            return failed(job, shared, f"{solver.name} cannot be made in a worker: {cause}")
    return run_job(job, shared, stop)


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
        return engine.unstarted_runs(job, shared)
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
        with blas_threads(job.threads):
            return engine.run_lanes(job, shared, stop)
    except LrbenchError as error:  # a refuted optimum, which ends all jobs on the problem
        return error
    except (Exception, SystemExit) as error:
        return failed(job, shared, cause_of(error, job.solver))


def first_line(error: object) -> str:
    """Return the first line of an error's message, or its type where the message is empty."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__


def sharing_obstacle(problem: Problem) -> str:
    """Return why other processes cannot run on a problem from Python; empty if they can."""
    if not problem.facts().fingerprint:
        return "it has no fingerprint"
    try:
        pickle.dumps(problem)
    except Exception as error:  # whatever its own methods raise
        return f"it cannot be pickled ({first_line(error)})"
    return ""


def solver_obstacle(solver: Solver) -> str:
    """Return why other processes cannot run a solver of the user; empty if they can."""
    try:
        pickle.dumps(packed(solver) if is_plugin(type(solver)) else solver)
    except Exception as error:  # whatever its own methods raise
        return f"it cannot be pickled ({first_line(error)})"
    return ""


def label_of(job: Job, shared: SharedProblem) -> str:
    """Return the text that the progress shows for a job, with the name that pages have."""
    first, last = job.lanes[0].seed, job.lanes[-1].seed
    seeds = f"seed {first}" if first == last else f"seeds {first} to {last}"
    spec = MethodNames([job.spec], full_batches=job.batch_size is None).spec(job.spec)
    return f"{shared.problem.name}: {spec}, {seeds}"


def failed(job: Job, shared: SharedProblem, cause: str) -> list[Run]:
    """Return failed runs for a job that ended without any, with the cause as their error."""
    runs = engine.unstarted_runs(job, shared)
    return [replace(run, status=Status.FAILED, error=cause) for run in runs]


class Serial:
    """The executor that runs jobs one after the other in this process."""

    workers = 1

    def __call__(  # noqa: D102
        self, jobs: Sequence[Job], shared_problems: Sequence[SharedProblem], control: Control
    ) -> Iterator[tuple[Job, JobOutcome]]:
        for job in jobs:
            shared = shared_problems[job.problem_index]
            control.phase(label_of(job, shared))
            yield job, run_job(job, shared, control)
            control.finished(job.budget.iterations)
