"""The executor that runs jobs in worker processes of this machine, which share the data."""

from __future__ import annotations

import contextlib
import os
import pickle
import secrets
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from lrbench.config.process import SharedChange
from lrbench.engine.control import STOPPING, Control
from lrbench.engine.job import Job, SharedProblem
from lrbench.engine.run import unstarted_runs
from lrbench.errors import LrbenchError
from lrbench.experiment.jobs.base import (
    JobOutcome,
    SentJob,
    failed,
    first_line,
    label_of,
    run_job,
    run_sent,
    sent,
)
from lrbench.experiment.jobs.halt import Halt
from lrbench.experiment.jobs.scratch import scratch_folder
from lrbench.results import Run, Status

PATIENCE_SECONDS = 2.0
"""Work that takes less time is done in this process: a pool takes about a second to start."""

SHARED_BYTES = 1 << 17
"""Arrays of at least this size are mapped from a file by all workers, and not sent to each."""

POOLS = 3
"""The number of pools in a row that may break although they have nothing to do."""

NO_POOL = "no worker process stays alive"

SAFE_PATH = "PYTHONSAFEPATH"

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
            control.phase(label_of(job, shared))

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
            with _safe_path():
                pool = _Pool(self.workers, shared_problems, control, scratch_folder())
                control.announce = pool.flag.touch
                try:
                    yield from pool.drain(left)
                finally:
                    control.announce = lambda: None
                    pool.flag.unlink(missing_ok=True)


class _Pool:
    """Worker processes, and the handling of jobs whose workers die."""

    def __init__(
        self,
        workers: int,
        shared_problems: Sequence[SharedProblem],
        control: Control,
        folder: Path,
    ) -> None:
        self.flag = folder / f"stop-{secrets.token_hex(8)}"
        """The file whose appearance stops the workers."""
        self._workers = workers
        self._shared = shared_problems
        self._control = control
        self._folder = folder
        self._left: dict[int, Job] = {}
        self._dispatched: list[Job] = []

    def drain(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, JobOutcome]]:
        """Yield each job and its outcome as it ends.

        When a worker dies, loky ends its pool, and it is not known which of the jobs under way was
        the cause. Each is tried once more, alone and seed by seed, so that a seed that kills its
        worker again takes no other with it. The other jobs go on in a new pool.
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
            yield job, unstarted_runs(job, self._shared[job.problem_index])

    def _alone(self, job: Job) -> JobOutcome:
        """Return the outcome of a job that may have killed its worker, tried again seed by seed."""
        from joblib.externals.loky.process_executor import BrokenProcessPool

        shared = self._shared[job.problem_index]
        runs: list[Run] = []
        for job_of_seed in job.by_seed():
            self._left[job.number] = job_of_seed
            try:
                # Whatever breaks a pool that was seen to work is the doing of this seed.
                if self._pool_works():
                    outcomes = [outcome for _, outcome in self._round([job_of_seed])]
                    outcome = outcomes[0] if outcomes else unstarted_runs(job_of_seed, shared)
                else:
                    outcome = failed(job_of_seed, shared, NO_POOL)
            except BrokenProcessPool as error:
                outcome = failed(job_of_seed, shared, f"its worker died twice: {first_line(error)}")
            self._left.pop(job.number, None)
            if isinstance(outcome, LrbenchError):
                return outcome
            runs += outcome
        return runs

    def _pool_works(self) -> bool:
        """Start a pool, and return whether it, or one of the next, does what it is asked to."""
        from joblib import delayed
        from joblib.externals.loky.process_executor import BrokenProcessPool

        for _ in range(POOLS):
            with contextlib.suppress(BrokenProcessPool):
                return len(list(self._submit((delayed(os.getpid)() for _ in range(2)), 2, 1))) == 2
        return False

    def _round(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, JobOutcome]]:
        """Run these jobs in one pool; each is removed from those left as it ends."""
        self._dispatched = []
        # With 1 joblib would run a suspect in this process, and that would die with it.
        n_jobs = max(2, min(self._workers, len(jobs)))
        # A consumer that stops early ends the pool.
        with closing(self._submit(self._calls(jobs), n_jobs, jobs[0].threads)) as results:
            for number, outcome in results:
                job = self._left.pop(number)
                yield job, outcome
                self._control.finished(job.budget.iterations)
                self._control.phase(label_of(job, self._shared[job.problem_index]))
                self._control(0)  # no step is made here that would notice the deadline

    def _submit(self, calls: Iterator[Any], n_jobs: int, threads: int) -> Generator[Any]:
        """Make calls in a pool; return the generator of their results as they end."""
        from joblib import Parallel

        parallel = Parallel(
            n_jobs=n_jobs,
            backend="loky",
            return_as="generator_unordered",
            # A job is dispatched when a worker is free, so that few are suspects when one dies.
            batch_size=1,
            pre_dispatch="n_jobs",
            max_nbytes=SHARED_BYTES,
            mmap_mode="r",
            temp_folder=str(self._folder),
            inner_max_num_threads=threads,
            # A worker follows its command before it has a job: the command may be killed by then.
            initializer=_follow,
            initargs=(os.getpid(),),
        )
        with _own_signals():
            results: Generator[Any] = parallel(calls)
        return results

    def _calls(self, jobs: Sequence[Job]) -> Iterator[Any]:
        from joblib import delayed

        halt = Halt(self._control.seconds_left, str(self.flag))
        for job in jobs:
            if self._control.stopped:
                return
            self._dispatched.append(job)
            yield delayed(_serve)(sent(job), self._shared[job.problem_index], halt)


def _set_safe_path() -> Callable[[], None]:
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"

    def restore() -> None:
        os.environ.pop(SAFE_PATH, None)
        if before is not None:
            os.environ[SAFE_PATH] = before

    return restore


_safe_path = SharedChange(_set_safe_path)
"""A block in which the processes that start import nothing from the current folder.

They are started by ``python -m`` and ``python -c``, which look for modules there first: any
``queue.py`` or ``random.py`` of the user would be run.
"""


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


def _serve(sent_job: SentJob, shared: SharedProblem, halt: Halt) -> tuple[int, JobOutcome]:
    """Run a job in a worker; return its number and the outcome."""
    return sent_job.job.number, run_sent(sent_job, shared, halt)


def _follow(command: int) -> None:
    """Make this worker ignore signals, and end soon after the process of the command has ended."""

    def watch() -> None:
        while os.getppid() == command:  # an orphan has another parent
            time.sleep(WATCH_SECONDS)  # nothing that can be waited for tells of a parent's end
        os._exit(1)  # sys.exit would end this thread alone

    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    os.dup2(2, 1)  # what a class of the user prints is no result
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
