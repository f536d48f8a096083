"""The executor that runs jobs on the workers of a Dask cluster.

Dask's own client is used, and not joblib's backend for Dask, which waits for ever for a job whose
worker died (docs/decisions/0010).
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import re
import secrets
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from typing import Any

from lrbench.cache.source_hash import package_hash
from lrbench.engine.control import Control
from lrbench.engine.job import Job, SharedProblem
from lrbench.engine.run import unstarted_runs
from lrbench.errors import LrbenchError, UsageError, WorkersError, quoted
from lrbench.experiment.jobs.base import (
    JobOutcome,
    failed,
    first_line,
    label_of,
    run_sent,
    sent,
)
from lrbench.experiment.jobs.halt import Halt, call_off
from lrbench.results import Run

CONNECT_SECONDS = 10.0
"""The time in which the scheduler must answer, and workers must be there."""

ANSWER_SECONDS = 10.0
"""The time in which the scheduler and its workers must answer any other call."""

CLOSE_SECONDS = 2.0
"""The time that the connection has to close in good order."""

POLL_SECONDS = 0.5
"""The interval at which the command checks whether it should stop."""

STOP_SECONDS = 30.0
"""The time that jobs under way have to stop before the command gives them up."""

TICK_SECONDS = 0.05
"""The interval at which a call that has not answered is looked at."""

ADDRESS = re.compile(r"(?:(?:tcp|tls|ucx|ws|wss)://)?[^\s/]+:[0-9]+/?")

HINT = "start one with 'dask scheduler' and 'dask worker', or check the address."

SAME_VERSIONS = "install the same versions in both places."

GO_ON = (
    "start the scheduler and its workers again, and run the same command; lrbench sweep --store"
    " keeps what is finished."
)

LOGGERS = ("distributed", "tornado", "asyncio")
"""The libraries whose own lines on stderr would stand beside the command's errors."""


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

    Every call to the cluster has a deadline, and is given up when the command is stopped: whatever
    listens at the address, or has ceased to, the command ends.
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

    def __call__(
        self, jobs: Sequence[Job], shared_problems: Sequence[SharedProblem], control: Control
    ) -> Iterator[tuple[Job, JobOutcome]]:
        """Yield each job and its outcome as it ends; after a stop, the others as interrupted.

        Raises
        ------
        LrbenchError
            If the cluster cannot be reached, or a worker runs another lrbench.
        WorkersError
            If the cluster was lost; all jobs have been yielded then.
        """
        if not jobs:
            return
        left = {job.number: job for job in jobs}
        lost: WorkersError | None = None
        with quiet_loggers():
            try:
                with self._client(control) as client:
                    _check_sources(client, control)
                    for job, outcome in _Workers(client, shared_problems, control).all(jobs):
                        yield left.pop(job.number), outcome
            except StoppedError:
                pass
            except LostError as error:
                lost = WorkersError(
                    f"the Dask cluster at {self._address} was lost: {error}.", GO_ON
                )
        for job in left.values():
            yield job, unstarted_runs(job, shared_problems[job.problem_index])
        if lost is not None:
            raise lost

    @contextlib.contextmanager
    def _client(self, control: Control) -> Iterator[Any]:
        """Connect to the scheduler, and check that it has workers."""
        make = importlib.import_module("distributed").Client

        def connect() -> Any:
            return make(self._address, timeout=CONNECT_SECONDS, set_as_default=False)

        try:
            client: Any = within(CONNECT_SECONDS + 1.0, control, connect)
        except StoppedError:
            raise
        except Exception as error:  # whatever listens there may answer anything
            raise LrbenchError(f"no Dask scheduler answers at {self._address}.", HINT) from error
        try:
            self._wait_for_workers(client, control)
            yield client
        finally:
            with contextlib.suppress(Exception):  # the other side may be gone
                within(CLOSE_SECONDS, None, lambda: client.close(timeout=CLOSE_SECONDS))

    def _wait_for_workers(self, client: Any, control: Control) -> None:
        """Wait for the first worker; raise `LrbenchError` if none comes."""
        seconds = CONNECT_SECONDS + 1.0
        try:
            within(seconds, control, lambda: client.wait_for_workers(1, timeout=CONNECT_SECONDS))
        except TimeoutError as error:
            raise LrbenchError(
                f"the Dask scheduler at {self._address} has no workers.", HINT
            ) from error


class StoppedError(Exception):
    """The command was stopped while it waited for the cluster."""


class LostError(Exception):
    """The cluster does not answer, or has no worker left."""


def within(seconds: float, control: Control | None, call: Callable[[], Any]) -> Any:
    """Return what `call` returns, or raise what it raises.

    The call is made in another thread, which is left behind if it does not return.

    Parameters
    ----------
    seconds
        The time that the call may take.
    control
        Ends the wait when the command is stopped; None if it was stopped already.
    call
        The call.

    Raises
    ------
    TimeoutError
        If the time is up.
    StoppedError
        If the command is stopped.
    """
    answer: Future[Any] = Future()

    def make() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # it belongs to the thread that waits
            answer.set_exception(error)

    threading.Thread(target=make, daemon=True).start()
    deadline = time.monotonic() + seconds
    while not wait([answer], TICK_SECONDS).done:
        if control is not None and control(0):
            raise StoppedError
        if time.monotonic() >= deadline:
            raise TimeoutError
    return answer.result()


@contextlib.contextmanager
def quiet_loggers() -> Iterator[None]:
    """Let Dask and what it stands on write nothing to stderr in the block."""
    importlib.import_module("distributed")  # which gives its loggers their handlers
    names = [n for n in logging.root.manager.loggerDict if n.partition(".")[0] in LOGGERS]
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled


class _Workers:
    """The workers of a cluster, for the jobs of one command."""

    def __init__(
        self, client: Any, shared_problems: Sequence[SharedProblem], control: Control
    ) -> None:
        self._client = client
        self._shared = shared_problems
        self._control = control
        self._token = secrets.token_hex(8)  # other commands may use the same workers

    def all(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, JobOutcome]]:
        """Yield each job and its outcome as it ends, those last whose workers died."""
        suspects = []
        for job, outcome in self.run(jobs):
            if isinstance(outcome, str):
                suspects.append(job)
            else:
                yield job, outcome
                self._done(job)
        for suspect in suspects:
            if (last_outcome := self._run_alone(suspect)) is not None:
                yield suspect, last_outcome
                self._done(suspect)

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, JobOutcome | str]]:
        """Yield each job as it ends, with its outcome or the reason why it has none."""
        if self._control.stopped:
            return
        halt = Halt(self._control.seconds_left, token=self._token)
        shared = {index: self._send(index) for index in sorted({j.problem_index for j in jobs})}
        # Not pure: a job that is tried again must not get the key, and the error, of its first try.
        pending = {
            self._client.submit(
                run_sent, sent(job), shared[job.problem_index], halt, pure=False
            ): job
            for job in jobs
        }
        for future in self._as_they_end(pending):
            job = pending.pop(future)
            yield job, _outcome(future)

    def _run_alone(self, job: Job) -> JobOutcome | None:
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

    def _done(self, job: Job) -> None:
        """Tell the progress that a job has ended."""
        self._control.finished(job.budget.iterations)
        self._control.phase(label_of(job, self._shared[job.problem_index]))

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
        """Yield each future as it ends; after a stop, those that end within `STOP_SECONDS` of it.

        Raises
        ------
        LostError
            If the scheduler no longer answers, or has no worker, for `STOP_SECONDS`.
        """
        distributed = importlib.import_module("distributed")
        hopeless_since: float | None = None
        stop_by: float | None = None
        while pending:
            if stop_by is None and self._control(0):
                stop_by = time.monotonic() + STOP_SECONDS
                try:
                    within(ANSWER_SECONDS, None, lambda: self._client.run(call_off, self._token))
                except Exception:  # without an answer no job will be told to stop, or end
                    return
            ended: Iterable[Any] = ()
            try:
                with self._client.as_current():  # wait() uses the current client, not an argument
                    ended = distributed.wait(list(pending), POLL_SECONDS, "FIRST_COMPLETED").done
                hopeless_since = None
            except TimeoutError:
                # Without any worker the scheduler would wait for a new one for ever.
                obstacle = "" if stop_by is not None else self._obstacle()
                if not obstacle:
                    hopeless_since = None
                elif hopeless_since is None:
                    hopeless_since = time.monotonic()
                elif time.monotonic() - hopeless_since >= STOP_SECONDS:
                    raise LostError(obstacle) from None
            except distributed.CancelledError:
                if self._client.status != "running":
                    raise LostError("its scheduler has ended") from None
                ended = [future for future in pending if future.status in ("cancelled", "lost")]
            yield from ended
            if stop_by is not None and time.monotonic() >= stop_by:
                return

    def _obstacle(self) -> str:
        """Return why no job can end; empty if one can."""
        if self._client.status != "running":
            return "its scheduler has ended"
        try:
            workers = within(ANSWER_SECONDS, self._control, self._client.nthreads)
        except StoppedError:
            return ""
        except Exception:
            return "its scheduler does not answer"
        return "" if workers else "it has no worker left"


def _identity(shared: SharedProblem) -> SharedProblem:
    return shared


def _check_sources(client: Any, control: Control) -> None:
    """Raise `LrbenchError` where a worker has no lrbench, or another one with other bits."""
    try:
        hashes = within(ANSWER_SECONDS, control, lambda: client.run(package_hash))
    except TimeoutError:
        raise LostError(f"a worker does not answer within {ANSWER_SECONDS:g} seconds") from None
    except OSError as error:
        raise LostError(f"a worker does not answer: {first_line(error)}") from error
    except StoppedError:
        raise
    except Exception as error:  # what importing lrbench raises there
        raise LrbenchError(
            f"a Dask worker cannot import lrbench: {first_line(error)}.", SAME_VERSIONS
        ) from error
    for worker, worker_hash in hashes.items():
        if worker_hash != package_hash():
            raise LrbenchError(
                f"the Dask worker {worker} runs another lrbench, NumPy or SciPy than this command.",
                SAME_VERSIONS,
            )


def _outcome(future: Any) -> JobOutcome | str:
    """Return the outcome of a job, or in one line the reason why it has none.

    `run_sent` itself does not raise. An error here means that the worker died: before the job
    ended, or after that, when it still held the result.

    Raises
    ------
    LostError
        If the result does not come within `STOP_SECONDS`.
    """
    cancelled = importlib.import_module("distributed").CancelledError
    try:
        outcome: JobOutcome = future.result(timeout=STOP_SECONDS)
        return outcome
    except TimeoutError:
        raise LostError("its scheduler does not hand over a job that has ended") from None
    except (Exception, cancelled) as error:
        return f"its worker was lost: {first_line(error)}"
