"""The executor that runs jobs on the workers of a Dask cluster.

Dask's own client is used, and not joblib's backend for Dask, which waits for ever for a job whose
worker died (docs/decisions/0010).
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import re
import secrets
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lrbench.cache.source_hash import package_hash
from lrbench.engine.control import Control
from lrbench.errors import LrbenchError, UsageError, quoted
from lrbench.experiment.jobs.base import (
    Job,
    JobOutcome,
    SharedProblem,
    failed,
    first_line,
    run_job,
    unstarted_job,
)
from lrbench.experiment.jobs.halt import Halt, call_off, deadline_in
from lrbench.results import Run

CONNECT_SECONDS = 10.0

POLL_SECONDS = 0.5
"""The interval at which the command checks whether it should stop."""

STOP_SECONDS = 30.0
"""The time that jobs under way have to stop before the command gives them up."""

ADDRESS = re.compile(r"(?:(?:tcp|tls|ucx|ws|wss)://)?[^\s/]+:[0-9]+/?")

NO_WORKER = "the cluster has no worker left"

HINT = "start one with 'dask scheduler' and 'dask worker', or check the address."


class Cluster:
    """The executor that runs jobs on the workers of a running Dask scheduler.

    Parameters
    ----------
    address
        The address of the scheduler: ``tcp://host:8786``.

    Raises
    ------
    UsageError
        If Dask is not installed, or `address` is not an address.

    Notes
    -----
    A problem is sent to each worker once. The scheduler gives the jobs of a dead worker to the
    others. A job whose workers died as often as the scheduler allows is tried once more, alone,
    because another job on the same workers may have killed them. If it dies again, its runs have
    failed.
    """

    workers = 8
    """A guess: workers come and go, and jobs are formed before the scheduler is asked."""

    def __init__(self, address: str) -> None:
        if importlib.util.find_spec("distributed") is None:
            raise UsageError(
                "--executor dask needs Dask, which is not installed.",
                "pip install 'dask[distributed]'.",
            )
        if ADDRESS.fullmatch(address) is None:
            raise UsageError(
                f"--scheduler {quoted(address)} is not the address of a scheduler.",
                "give it as in --scheduler tcp://127.0.0.1:8786.",
            )
        self._address = address

    def __call__(  # noqa: D102
        self, jobs: Sequence[Job], shared_problems: Sequence[SharedProblem], control: Control
    ) -> Iterator[tuple[Job, JobOutcome]]:
        if not jobs:
            return
        left = {job.number: job for job in jobs}
        with self._client() as client:
            _check_sources(client)
            pool = _Workers(client, shared_problems, control)
            suspects = []
            for job, outcome in pool.run(jobs):
                if isinstance(outcome, str):
                    suspects.append(job)
                else:
                    yield left.pop(job.number), outcome
                    pool.done(job)
            for suspect in suspects:
                if (last_outcome := pool.run_alone(suspect)) is not None:
                    yield left.pop(suspect.number), last_outcome
                    pool.done(suspect)
        for job in left.values():
            shared = shared_problems[job.problem_index]
            stopped = control.stopped
            yield job, unstarted_job(job, shared) if stopped else failed(job, shared, NO_WORKER)

    @contextlib.contextmanager
    def _client(self) -> Iterator[Any]:
        """Connect to the scheduler, and check that it has workers."""
        make = importlib.import_module("distributed").Client
        try:
            client: Any = make(self._address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise LrbenchError(f"no Dask scheduler answers at {self._address}.", HINT) from error
        with client:
            try:
                client.wait_for_workers(1, timeout=CONNECT_SECONDS)
            except TimeoutError as error:
                raise LrbenchError(
                    f"the Dask scheduler at {self._address} has no workers.", HINT
                ) from error
            yield client


class _Workers:
    """The workers of a cluster, for the jobs of one command."""

    def __init__(
        self, client: Any, shared_problems: Sequence[SharedProblem], control: Control
    ) -> None:
        self._client = client
        self._shared = shared_problems
        self._control = control
        self._token = secrets.token_hex(8)  # other commands may use the same workers

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, JobOutcome | str]]:
        """Yield each job as it ends, with its outcome or the reason why it has none."""
        if self._control.stopped:
            return
        halt = Halt(deadline_in(self._control.seconds_left), token=self._token)
        shared = {index: self._send(index) for index in sorted({j.problem_index for j in jobs})}
        # Not pure: a job that is tried again must not get the key, and the error, of its first try.
        pending = {
            self._client.submit(run_job, job, shared[job.problem_index], halt, pure=False): job
            for job in jobs
        }
        for future in self._as_they_end(pending):
            job = pending.pop(future)
            yield job, _outcome(future)

    def run_alone(self, job: Job) -> JobOutcome | None:
        """Return the outcome of a job that is tried again, seed by seed; None after a stop.

        While it runs alone, it can take no other job with it, and no other can take it.
        """
        runs: list[Run] = []
        for job_of_seed in job.by_seed():
            for _, outcome in self.run([job_of_seed]):
                if isinstance(outcome, str):
                    outcome = failed(job_of_seed, self._shared[job.problem_index], outcome)
                if isinstance(outcome, LrbenchError):
                    return outcome
                runs += outcome
        return runs if len(runs) == job.n_lanes else None

    def done(self, job: Job) -> None:
        """Tell the progress that a job has ended."""
        self._control.finished(job.budget.iterations)
        self._control.phase(job.label(self._shared[job.problem_index]))

    def _send(self, index: int) -> Any:
        """Send what all jobs on a problem share; return the future of it.

        Notes
        -----
        It is the result of a task, because the scheduler can repeat a task. Scattered data are lost
        with the last worker that holds them, and the scheduler drops copies that no task waits for.
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sending large graph")
            return self._client.submit(_identity, self._shared[index], pure=False)

    def _as_they_end(self, pending: dict[Any, Job]) -> Iterator[Any]:
        """Yield each future as it ends; after a stop, those that end within `STOP_SECONDS`."""
        distributed = importlib.import_module("distributed")
        waited, called_off = 0.0, False
        while pending and waited < STOP_SECONDS:
            if self._control(0) and not called_off:
                self._client.run(call_off, self._token)
                called_off = True
            ended: Iterable[Any] = ()
            try:
                with self._client.as_current():  # wait() uses the current client, not an argument
                    ended = distributed.wait(list(pending), POLL_SECONDS, "FIRST_COMPLETED").done
            except TimeoutError:
                # Without any worker the scheduler would wait for a new one for ever.
                hopeless = called_off or not self._client.nthreads()
                waited = waited + POLL_SECONDS if hopeless else 0.0
            except distributed.CancelledError:
                ended = [future for future in pending if future.status in ("cancelled", "lost")]
            yield from ended


def _identity(shared: SharedProblem) -> SharedProblem:
    return shared


def _check_sources(client: Any) -> None:
    """Raise `LrbenchError` where a worker runs another lrbench: its bits could be others."""
    for worker, worker_hash in client.run(package_hash).items():
        if worker_hash != package_hash():
            raise LrbenchError(
                f"the Dask worker {worker} runs another lrbench, NumPy or SciPy than this command.",
                "install the same versions in both places.",
            )


def _outcome(future: Any) -> JobOutcome | str:
    """Return the outcome of a job, or in one line the reason why it has none.

    `run_job` itself does not raise. An error here means that the worker died: before the job ended,
    or after that, when it still held the result.
    """
    cancelled = importlib.import_module("distributed").CancelledError
    try:
        outcome: JobOutcome = future.result()
        return outcome
    except (Exception, cancelled) as error:
        return f"its worker was lost: {first_line(error)}"
