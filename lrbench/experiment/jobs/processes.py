"""Jobs in worker processes of this machine, which share the data."""

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

from lrbench.engine.control import Control
from lrbench.errors import LrbenchError
from lrbench.experiment.jobs.base import (
    Job,
    Outcome,
    SharedProblem,
    failed,
    first_line,
    run_job,
    unstarted_job,
)
from lrbench.experiment.jobs.halt import Halt, deadline_in
from lrbench.results import Run, Status

PATIENCE_SECONDS = 2.0
"""Work that is done sooner starts no process: a pool takes about a second to start."""

SHARED_BYTES = 1 << 17
"""Arrays from this size on are mapped from a file by all workers instead of sent to each."""

WATCH_SECONDS = 0.5
"""How often a worker looks whether the command is still there."""


class Processes:
    """Jobs in worker processes (joblib with loky), started once and only if it takes long.

    Parameters
    ----------
    n_jobs
        How many workers, at least 2.
    patience
        Seconds that the work must take, by the first seed, for the workers to be started; and the
        longest that a job is tried in this process.
    """

    def __init__(self, n_jobs: int, patience: float = PATIENCE_SECONDS) -> None:
        self.workers = n_jobs
        self._patience = patience

    def __call__(  # noqa: D102
        self, jobs: Sequence[Job], shared_problems: Sequence[SharedProblem], control: Control
    ) -> Iterator[tuple[Job, Outcome]]:
        left = list(jobs)
        began = time.monotonic()
        until, first = began + self._patience, True
        while left:
            whole, shared, last = left[0], shared_problems[left[0].problem_index], len(left) == 1
            job = whole.by_seed()[0] if first else whole
            control.phase(job.label(shared))

            def stop(t: int, last: bool = last) -> bool:
                return control(t) or (not last and time.monotonic() >= until)

            outcome = run_job(job, shared, stop)
            if not control.stopped and _cut_short(outcome):
                break
            yield job, outcome
            control.finished(job.budget.iterations)
            rest = whole.lanes[len(job.lanes) :]
            left[:1] = [replace(whole, lanes=rest)] if rest else []
            if first and len(left) > 1:
                estimate = (time.monotonic() - began) / _size(job, shared_problems)
                if estimate * sum(_size(one, shared_problems) for one in left) > self._patience:
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
    """Worker processes, and what becomes of their jobs when they die."""

    def __init__(
        self, workers: int, shared_problems: Sequence[SharedProblem], control: Control, flag: str
    ) -> None:
        self._workers = workers
        self._shared = shared_problems
        self._control = control
        self._flag = flag
        self._left: dict[int, Job] = {}
        self._dispatched: list[Job] = []

    def drain(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Outcome]]:
        """Yield each job and its outcome as it ends.

        Notes
        -----
        When a worker dies, so does the pool, and which of the jobs under way was the cause is not
        known. Each of them is therefore tried once more, alone, so that a job that kills its worker
        twice takes no other with it; the rest goes on in a new pool.
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

    def _alone(self, job: Job) -> Outcome:
        """Return the outcome of a suspect that is tried once more, seed by seed."""
        from joblib.externals.loky.process_executor import BrokenProcessPool

        runs: list[Run] = []
        for one in job.by_seed():
            self._left[job.number] = one
            try:
                found = [outcome for _, outcome in self._round([one])]
                outcome = found[0] if found else unstarted_job(one, self._shared[one.problem_index])
            except BrokenProcessPool as error:
                died = f"its worker died twice: {first_line(error)}"
                outcome = failed(one, self._shared[one.problem_index], died)
            self._left.pop(job.number, None)
            if isinstance(outcome, LrbenchError):
                return outcome
            runs += outcome
        return runs

    def _round(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Outcome]]:
        """Run these jobs in one pool; each is taken off the list as it ends."""
        from joblib import Parallel

        self._dispatched = []
        parallel = Parallel(
            n_jobs=max(2, min(self._workers, len(jobs))),  # with 1 it would run here
            backend="loky",
            return_as="generator_unordered",
            batch_size=1,
            pre_dispatch="n_jobs",
            max_nbytes=SHARED_BYTES,
            mmap_mode="r",
            inner_max_num_threads=jobs[0].threads,
        )
        with _own_signals():
            started = parallel(self._calls(jobs))
        with closing(started) as results:
            for number, outcome in results:
                job = self._left.pop(number)
                yield job, outcome
                self._control.finished(job.budget.iterations)
                self._control.phase(job.label(self._shared[job.problem_index]))
                self._control(0)

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
    """Make a folder for the block; joblib's helper deletes it where the command is killed."""
    from joblib.externals.loky.backend import resource_tracker as helper

    with tempfile.TemporaryDirectory(prefix="lrbench-") as folder:
        helper.register(folder, "folder")
        try:
            yield folder
        finally:
            helper.unregister(folder, "folder")


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep Ctrl-C and SIGTERM from the processes that start in the block, from their first moment.

    They reach every process of a terminal or of a cluster's job; the command tells its workers.
    The standard library's helper is started before, for its start would end the blocking.
    """
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(job: Job, shared: SharedProblem, halt: Halt, command: int) -> tuple[int, Outcome]:
    """Run a job in a worker; return its number and the outcome."""
    _follow(command)
    return job.number, run_job(job, shared, halt)


@cache
def _follow(command: int) -> None:
    """Let this worker end soon after the process of the command, and by no signal before that."""

    def watch() -> None:
        while os.getppid() == command:
            time.sleep(WATCH_SECONDS)
        os._exit(1)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=watch, daemon=True).start()


def _size(job: Job, shared_problems: Sequence[SharedProblem]) -> float:
    """Return how much work a job is, in sample gradients."""
    samples = job.batch_size or shared_problems[job.problem_index].problem.n_samples
    return float(job.budget.iterations * samples * job.n_lanes)


def _cut_short(outcome: Outcome) -> bool:
    """Whether a run was stopped before its end."""
    return isinstance(outcome, Sequence) and any(_interrupted(run) for run in outcome)


def _interrupted(run: Run) -> bool:
    return run.status is Status.INTERRUPTED


def _reason(error: BaseException) -> str:
    """Return the last line of what a thread said of its error."""
    return str(error.__cause__ or error).strip().strip('"').strip().splitlines()[-1].rstrip(".")
