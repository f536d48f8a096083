"""Jobs in worker processes of this machine, which share the data."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from lrbench.control import Control
from lrbench.jobs.base import Ground, Job, Outcome, failed, unstarted, work
from lrbench.jobs.halt import Halt, deadline_in
from lrbench.results import Run, Status

PATIENCE_SECONDS = 2.0
"""Work that is done sooner starts no process: a pool takes about a second to start."""

SHARED_BYTES = 1 << 17
"""Arrays from this size on are mapped from a file by all workers instead of sent to each."""


class Processes:
    """Jobs in worker processes (joblib with loky), started once and only if it takes long.

    Parameters
    ----------
    n_jobs
        How many workers, at least 2.
    patience
        Seconds of work in this process before the workers are started.
    """

    def __init__(self, n_jobs: int, patience: float = PATIENCE_SECONDS) -> None:
        self.workers = n_jobs
        self._patience = patience

    def __call__(  # noqa: D102
        self, jobs: Sequence[Job], grounds: Sequence[Ground], control: Control
    ) -> Iterator[tuple[Job, Outcome]]:
        left = list(jobs)
        until = time.monotonic() + self._patience
        while left:
            job, ground, alone = left[0], grounds[left[0].ground], len(left) == 1
            control.phase(_label(job, ground))

            def stop(t: int, alone: bool = alone) -> bool:
                return control(t) or (not alone and time.monotonic() >= until)

            outcome = work(job, ground, stop)
            if not control.stopped and _cut_short(outcome):
                break
            yield left.pop(0), outcome
            control.finished(job.budget.iterations)
        if left:
            with tempfile.TemporaryDirectory(prefix="lrbench-") as folder:
                flag = Path(folder, "stop")
                control.announce = flag.touch
                try:
                    yield from _Pool(self.workers, grounds, control, str(flag)).drain(left)
                finally:
                    control.announce = lambda: None


class _Pool:
    """Worker processes, and what becomes of their jobs when they die."""

    def __init__(
        self, workers: int, grounds: Sequence[Ground], control: Control, flag: str
    ) -> None:
        self._workers = workers
        self._grounds = grounds
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
            except BrokenProcessPool:
                for job in [job for job in self._dispatched if job.number in self._left]:
                    try:
                        yield from self._round([job])
                    except BrokenProcessPool as error:
                        del self._left[job.number]
                        yield job, failed(job, self._grounds[job.ground], _cause(error))
        for job in self._left.values():
            yield job, unstarted(job, self._grounds[job.ground])

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
        with closing(parallel(self._calls(jobs))) as results:
            for number, outcome in results:
                job = self._left.pop(number)
                yield job, outcome
                self._control.finished(job.budget.iterations)
                self._control.phase(_label(job, self._grounds[job.ground]))
                self._control(0)

    def _calls(self, jobs: Sequence[Job]) -> Iterator[Any]:
        from joblib import delayed

        halt = Halt(deadline_in(self._control.seconds_left), self._flag)
        for job in jobs:
            if self._control.stopped:
                return
            self._dispatched.append(job)
            yield delayed(_serve)(job, self._grounds[job.ground], halt)


def _serve(job: Job, ground: Ground, halt: Halt) -> tuple[int, Outcome]:
    """Run a job in a worker; return its number and the outcome."""
    # Ctrl-C reaches every process of the terminal; the command itself tells its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return job.number, work(job, ground, halt)


def _label(job: Job, ground: Ground) -> str:
    return f"{ground.problem.name}: {job.spec}, seed {job.seed}"


def _cut_short(outcome: Outcome) -> bool:
    """Whether a run was stopped before its end."""
    return isinstance(outcome, Sequence) and any(_interrupted(run) for run in outcome)


def _interrupted(run: Run) -> bool:
    return run.status is Status.INTERRUPTED


def _cause(error: BaseException) -> str:
    first = next(iter(str(error).strip().splitlines()), "")
    return f"its worker died twice: {first or type(error).__name__}"
