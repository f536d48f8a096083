"""The executor that runs jobs on the workers of a Dask cluster.

Dask's own client is used, and not joblib's backend for Dask, which waits for ever for a job whose
worker died (docs/decisions/0010).
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import re
from collections.abc import Iterator, Sequence
from typing import Any

from lrbench.cache.source_hash import package_hash
from lrbench.engine.control import Control
from lrbench.engine.job import Job, SharedProblem
from lrbench.engine.run import unstarted_runs
from lrbench.errors import LrbenchError, UsageError, WorkersError, quoted
from lrbench.experiment.jobs.base import JobOutcome, first_line
from lrbench.experiment.jobs.cluster_jobs import ANSWER_SECONDS, Workers
from lrbench.experiment.jobs.connection import LostError, StoppedError, quiet_loggers, within

CONNECT_SECONDS = 10.0
"""The time in which the scheduler must answer, and workers must be there."""

CLOSE_SECONDS = 2.0
"""The time that the connection has to close in good order."""

ADDRESS = re.compile(r"(?:(?:tcp|tls|ucx|ws|wss)://)?[^\s/]+:[0-9]+/?")

HINT = "start one with 'dask scheduler' and 'dask worker', or check the address."

SAME_VERSIONS = "install the same versions in both places."

GO_ON = (
    "start the scheduler and its workers again, and run the same command; lrbench sweep --store"
    " keeps what is finished."
)


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
                    for job, outcome in Workers(client, shared_problems, control).all(jobs):
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
