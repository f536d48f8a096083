"""Jobs on the workers of a Dask cluster."""

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
    Outcome,
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
"""How often it is seen whether the command should stop."""

STOP_SECONDS = 30.0
"""How long jobs under way may take to stop before they are given up."""

ADDRESS = re.compile(r"(?:(?:tcp|tls|ucx|ws|wss)://)?[^\s/]+:\d+/?")

NO_WORKER = "the cluster has no worker left"

HINT = "start one with 'dask scheduler' and 'dask worker', or check the address."


class Cluster:
    """Jobs on the workers of a running Dask scheduler.

    Parameters
    ----------
    address
        Of the scheduler: ``tcp://host:8786``.

    Raises
    ------
    UsageError
        If Dask is not installed, or that is no address.

    Notes
    -----
    A problem is sent to each worker once. What a dead worker had to do is done again by the others.
    A job whose workers died as often as the scheduler allows is tried once more, alone: it may only
    have been beside the one that killed them. Then it is a failed row.
    """

    workers = 8

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
    ) -> Iterator[tuple[Job, Outcome]]:
        if not jobs:
            return
        left = {job.number: job for job in jobs}
        with self._client() as client:
            _check_sources(client)
            crowd = _Crowd(client, shared_problems, control)
            suspects = []
            for job, outcome in crowd.run(jobs):
                if isinstance(outcome, str):
                    suspects.append(job)
                else:
                    yield left.pop(job.number), outcome
                    crowd.done(job)
            for suspect in suspects:
                if (found := crowd.alone(suspect)) is not None:
                    yield left.pop(suspect.number), found
                    crowd.done(suspect)
        for job in left.values():
            shared = shared_problems[job.problem_index]
            stopped = control.stopped
            yield job, unstarted_job(job, shared) if stopped else failed(job, shared, NO_WORKER)

    @contextlib.contextmanager
    def _client(self) -> Iterator[Any]:
        """Connect to the scheduler, and see that it has workers."""
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


class _Crowd:
    """The workers of a cluster."""

    def __init__(
        self, client: Any, shared_problems: Sequence[SharedProblem], control: Control
    ) -> None:
        self._client = client
        self._shared = shared_problems
        self._control = control
        self._word = secrets.token_hex(8)

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Outcome | str]]:
        """Yield each job as it ends, with its outcome or why there is none."""
        if self._control.stopped:
            return
        halt = Halt(deadline_in(self._control.seconds_left), word=self._word)
        kept = {
            number: self._sent(number) for number in sorted({job.problem_index for job in jobs})
        }
        pending = {
            self._client.submit(run_job, job, kept[job.problem_index], halt, pure=False): job
            for job in jobs
        }
        for future in self._as_they_end(pending):
            job = pending.pop(future)
            yield job, _outcome(future)

    def alone(self, job: Job) -> Outcome | None:
        """Return the outcome of a suspect that is tried once more, seed by seed; None for none.

        Alone it takes no other with it, and no other takes it.
        """
        runs: list[Run] = []
        for one in job.by_seed():
            for _, outcome in self.run([one]):
                if isinstance(outcome, str):
                    outcome = failed(one, self._shared[one.problem_index], outcome)
                if isinstance(outcome, LrbenchError):
                    return outcome
                runs += outcome
        return runs if len(runs) == job.n_lanes else None

    def done(self, job: Job) -> None:
        """Note that a job is over."""
        self._control.finished(job.budget.iterations)
        self._control.phase(job.label(self._shared[job.problem_index]))

    def _sent(self, number: int) -> Any:
        """Send what all jobs on a problem share; return the future of it.

        Notes
        -----
        As the result of a task: what is scattered is lost with the last worker that holds it, and
        the scheduler lets copies go that nobody waits for.
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sending large graph")
            return self._client.submit(_keep, self._shared[number], pure=False)

    def _as_they_end(self, pending: dict[Any, Job]) -> Iterator[Any]:
        """Yield each future as it ends.

        After a stop, and without any worker, those only that still end in time.
        """
        distributed = importlib.import_module("distributed")
        waited, told = 0.0, False
        while pending and waited < STOP_SECONDS:
            if self._control(0) and not told:
                self._client.run(call_off, self._word)
                told = True
            ended: Iterable[Any] = ()
            try:
                with self._client.as_current():
                    ended = distributed.wait(list(pending), POLL_SECONDS, "FIRST_COMPLETED").done
            except TimeoutError:
                waited = waited + POLL_SECONDS if told or not self._client.nthreads() else 0.0
            except distributed.CancelledError:
                ended = [future for future in pending if future.status in ("cancelled", "lost")]
            yield from ended


def _keep(shared: SharedProblem) -> SharedProblem:
    return shared


def _check_sources(client: Any) -> None:
    """Raise `LrbenchError` where a worker runs another lrbench."""
    for worker, theirs in client.run(package_hash).items():
        if theirs != package_hash():
            raise LrbenchError(
                f"the Dask worker {worker} runs another lrbench, NumPy or SciPy than this command.",
                "install the same versions in both places.",
            )


def _outcome(future: Any) -> Outcome | str:
    """Return the outcome of a job, or in one line why there is none.

    A job never raises: what does is a worker that died, perhaps with a result that it had.
    """
    cancelled = importlib.import_module("distributed").CancelledError
    try:
        found: Outcome = future.result()
        return found
    except (Exception, cancelled) as error:
        return f"its worker was lost: {first_line(error)}"
