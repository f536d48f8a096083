"""Jobs on the workers of a Dask cluster."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import re
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

from lrbench.control import Control
from lrbench.errors import LrbenchError, UsageError, shown
from lrbench.jobs.base import Ground, Job, Outcome, failed, unstarted, work
from lrbench.jobs.halt import Halt, call_off, deadline_in
from lrbench.sources import source_hash

CONNECT_SECONDS = 10.0

POLL_SECONDS = 0.5
"""How often it is seen whether the command should stop."""

STOP_SECONDS = 30.0
"""How long jobs under way may take to stop before they are given up."""

ADDRESS = re.compile(r"(?:(?:tcp|tls|ucx|ws|wss)://)?[^\s/]+:\d+/?")

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
    A problem is sent to each worker once. What a dead worker had to do is done again by the others;
    a job that kills as many workers as the scheduler allows is a failed row.
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
                f"--scheduler {shown(address)} is not the address of a scheduler.",
                "give it as in --scheduler tcp://127.0.0.1:8786.",
            )
        self._address = address

    def __call__(  # noqa: D102
        self, jobs: Sequence[Job], grounds: Sequence[Ground], control: Control
    ) -> Iterator[tuple[Job, Outcome]]:
        if not jobs:
            return
        word = secrets.token_hex(8)
        halt = Halt(deadline_in(control.seconds_left), word=word)
        with self._client() as client:
            _check_sources(client)
            scattered = [client.scatter(g, broadcast=True, hash=False) for g in grounds]
            pending = {
                client.submit(work, job, scattered[job.ground], halt, pure=False): job
                for job in jobs
            }
            for future in _as_they_end(pending, client, control, word):
                job = pending.pop(future)
                ground = grounds[job.ground]
                if future.status == "finished":
                    yield job, future.result()
                else:
                    yield job, failed(job, ground, _cause(future))
                control.finished(job.budget.iterations)
                control.phase(f"{ground.problem.name}: {job.spec}, seed {job.seed}")
        for job in pending.values():
            yield job, unstarted(job, grounds[job.ground])

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


def _as_they_end(
    pending: dict[Any, Job], client: Any, control: Control, word: str
) -> Iterator[Any]:
    """Yield each future as it ends; after a stop those only that still end in time."""
    wait = importlib.import_module("distributed").wait
    waited = 0.0
    while pending and waited < STOP_SECONDS:
        if control(0):
            if not waited:
                client.run(call_off, word)
            waited += POLL_SECONDS
        with contextlib.suppress(TimeoutError):
            with client.as_current():
                ended = wait(list(pending), POLL_SECONDS, "FIRST_COMPLETED").done
            yield from ended


def _check_sources(client: Any) -> None:
    """Raise `LrbenchError` where a worker runs another lrbench."""
    for worker, theirs in client.run(source_hash).items():
        if theirs != source_hash():
            raise LrbenchError(
                f"the Dask worker {worker} runs another lrbench, NumPy or SciPy than this command.",
                "install the same versions in both places.",
            )


def _cause(future: Any) -> str:
    """Return in one line why a job has no outcome."""
    error = future.exception() if future.status == "error" else None
    text = str(error or future.status).strip().splitlines()[0]
    return f"its worker was lost: {text}"
