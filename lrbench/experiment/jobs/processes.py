"""The executor that runs jobs in worker processes of this machine, which share the data."""

from __future__ import annotations

import os
import pickle
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import cache
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from lrbench.engine.control import STOPPING, Control
from lrbench.errors import LrbenchError
from lrbench.experiment.jobs.base import (
    Job,
    JobOutcome,
    SharedProblem,
    failed,
    first_line,
    run_job,
    unstarted_job,
)
from lrbench.experiment.jobs.halt import Halt, deadline_in
from lrbench.results import Run, Status

PATIENCE_SECONDS = 2.0
"""Work that takes less time is done in this process: a pool takes about a second to start."""

SHARED_BYTES = 1 << 17
"""Arrays of at least this size are mapped from a file by all workers, and not sent to each."""

WATCH_SECONDS = 0.5
"""The interval at which a worker checks whether the command still runs."""


class Processes:
    """The executor that runs jobs in worker processes (joblib with loky).

    Parameters
    ----------
    n_jobs
        The number of workers, at least 2.
    patience
        Seconds after which workers are started; at once if by the first seed's time the rest would
        take longer. Before that, jobs run in this process.
    """

    def __init__(self, n_jobs: int, patience: float = PATIENCE_SECONDS) -> None:
        self.workers = n_jobs
        self._patience = patience

    def __call__(  # noqa: D102
        self, jobs: Sequence[Job], shared_problems: Sequence[SharedProblem], control: Control
    ) -> Iterator[tuple[Job, JobOutcome]]:
        left = list(jobs)
        began = time.monotonic()
        until, first = began + self._patience, True
        while left:
            next_job, last = left[0], len(left) == 1
            shared = shared_problems[next_job.problem_index]
            job = next_job.by_seed()[0] if first else next_job
            control.phase(job.label(shared))

            # The last job stays here: one worker would do it no sooner.
            def stop(t: int, last: bool = last) -> bool:
                return control(t) or (not last and time.monotonic() >= until)

            outcome = run_job(job, shared, stop)
            if not control.stopped and _interrupted(outcome):
                break  # by `until`: a worker runs this job again from its start
            yield job, outcome
            control.finished(job.budget.iterations)
            rest = next_job.lanes[len(job.lanes) :]
            left[:1] = [replace(next_job, lanes=rest)] if rest else []
            if first and len(left) > 1:
                seconds_per_unit = (time.monotonic() - began) / _size(job, shared_problems)
                if seconds_per_unit * sum(_size(j, shared_problems) for j in left) > self._patience:
                    break
            first = False
        if left:
            with _folder() as folder:
                flag = Path(folder, "stop")
                control.announce = flag.touch
                try:
                    yield from _Pool(self.workers, shared_problems, control, str(flag)).drain(left)
                finally:
                    control.announce = lambda: None


class _Pool:
    """Worker processes, and the handling of jobs whose workers die."""

    def __init__(
        self, workers: int, shared_problems: Sequence[SharedProblem], control: Control, flag: str
    ) -> None:
        self._workers = workers
        self._shared = shared_problems
        self._control = control
        self._flag = flag
        self._left: dict[int, Job] = {}
        self._dispatched: list[Job] = []

    def drain(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, JobOutcome]]:
        """Yield each job and its outcome as it ends.

        When a worker dies, loky ends its pool, and it is not known which of the jobs under way was
        the cause. Each is tried once more, alone, so that a job that kills its worker twice takes
        no other with it. The other jobs go on in a new pool.
        """
        from joblib.externals.loky.process_executor import BrokenProcessPool

        self._left = {job.number: job for job in jobs}
        while self._left and not self._control.stopped:
            try:
                yield from self._round(list(self._left.values()))
            except pickle.PicklingError as error:
                raise LrbenchError(
                    f"the data cannot be shared with worker processes: {_reason(error)}.",
                    "make room in /dev/shm, name a folder in JOBLIB_TEMP_FOLDER, or give --jobs 1.",
                ) from error
            except BrokenProcessPool:
                for job in [job for job in self._dispatched if job.number in self._left]:
                    yield job, self._alone(job)
        for job in self._left.values():
            yield job, unstarted_job(job, self._shared[job.problem_index])

    def _alone(self, job: Job) -> JobOutcome:
        """Return the outcome of a job that may have killed its worker, tried again seed by seed."""
        from joblib.externals.loky.process_executor import BrokenProcessPool

        shared = self._shared[job.problem_index]
        runs: list[Run] = []
        for job_of_seed in job.by_seed():
            self._left[job.number] = job_of_seed
            try:
                outcomes = [outcome for _, outcome in self._round([job_of_seed])]
                outcome = outcomes[0] if outcomes else unstarted_job(job_of_seed, shared)
            except BrokenProcessPool as error:
                outcome = failed(job_of_seed, shared, f"its worker died twice: {first_line(error)}")
            self._left.pop(job.number, None)
            if isinstance(outcome, LrbenchError):
                return outcome
            runs += outcome
        return runs

    def _round(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, JobOutcome]]:
        """Run these jobs in one pool; each is removed from those left as it ends."""
        from joblib import Parallel

        self._dispatched = []
        parallel = Parallel(
            # With 1 joblib would run a suspect in this process, and that would die with it.
            n_jobs=max(2, min(self._workers, len(jobs))),
            backend="loky",
            return_as="generator_unordered",
            # A job is dispatched when a worker is free, so that few are suspects when one dies.
            batch_size=1,
            pre_dispatch="n_jobs",
            max_nbytes=SHARED_BYTES,
            mmap_mode="r",
            inner_max_num_threads=jobs[0].threads,
        )
        with _own_signals():
            started = parallel(self._calls(jobs))
        with closing(started) as results:  # a consumer that stops early ends the pool
            for number, outcome in results:
                job = self._left.pop(number)
                yield job, outcome
                self._control.finished(job.budget.iterations)
                self._control.phase(job.label(self._shared[job.problem_index]))
                self._control(0)  # no step is made here that would notice the deadline

    def _calls(self, jobs: Sequence[Job]) -> Iterator[Any]:
        from joblib import delayed

        halt = Halt(deadline_in(self._control.seconds_left), self._flag)
        for job in jobs:
            if self._control.stopped:
                return
            self._dispatched.append(job)
            yield delayed(_serve)(job, self._shared[job.problem_index], halt, os.getpid())


@contextmanager
def _folder() -> Iterator[str]:
    """Make a folder for the block; joblib's tracker deletes it if the command is killed."""
    from joblib.externals.loky.backend import resource_tracker as tracker

    with tempfile.TemporaryDirectory(prefix="lrbench-") as folder:
        tracker.register(folder, "folder")
        try:
            yield folder
        finally:
            tracker.unregister(folder, "folder")


@contextmanager
def _own_signals() -> Iterator[None]:
    """Block the signals that stop a command in the processes that start in the block.

    A terminal or a cluster sends them to every process. The command alone may react: it tells its
    workers by the flag file, and they return what they have.
    """
    resource_tracker.ensure_running()  # started inside the block it would unblock the signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(job: Job, shared: SharedProblem, halt: Halt, command: int) -> tuple[int, JobOutcome]:
    """Run a job in a worker; return its number and the outcome."""
    _follow(command)
    return job.number, run_job(job, shared, halt)


@cache  # a worker serves many jobs
def _follow(command: int) -> None:
    """Make this worker ignore signals, and end soon after the process of the command has ended."""

    def watch() -> None:
        while os.getppid() == command:  # an orphan has another parent
            time.sleep(WATCH_SECONDS)
        os._exit(1)  # sys.exit would end this thread alone

    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=watch, daemon=True).start()


def _size(job: Job, shared_problems: Sequence[SharedProblem]) -> float:
    """Return the work of a job, in sample gradients."""
    samples = job.batch_size or shared_problems[job.problem_index].problem.n_samples
    return float(job.budget.iterations * samples * job.n_lanes)


def _interrupted(outcome: JobOutcome) -> bool:
    """Whether a run was stopped before its end."""
    runs = () if isinstance(outcome, LrbenchError) else outcome
    return any(run.status is Status.INTERRUPTED for run in runs)


def _reason(error: BaseException) -> str:
    """Return the cause of an error: the last line of the traceback that joblib gives as text."""
    return str(error.__cause__ or error).strip().strip('"').strip().splitlines()[-1].rstrip(".")
