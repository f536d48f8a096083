"""The jobs of a command on the workers of a Dask cluster."""

from __future__ import annotations

import importlib
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lrbench.config.process import ignored_warnings
from lrbench.engine.control import Control
from lrbench.engine.job import Job, SharedProblem
from lrbench.errors import LrbenchError
from lrbench.experiment.jobs.base import JobOutcome, failed, first_line, label_of, run_sent, sent
from lrbench.experiment.jobs.connection import LostError, StoppedError, within
from lrbench.experiment.jobs.halt import Halt, call_off
from lrbench.results import Run

ANSWER_SECONDS = 10.0
"""The time in which the scheduler and its workers must answer any other call."""

POLL_SECONDS = 0.5
"""The interval at which the command checks whether it should stop."""

STOP_SECONDS = 30.0
"""The time that jobs under way have to stop before the command gives them up."""


class Workers:
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
        with ignored_warnings(message="Sending large graph"):
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
