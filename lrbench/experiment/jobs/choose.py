"""The choice of an executor from the options."""

from __future__ import annotations

import os

from lrbench.config.decimals import whole
from lrbench.config.values import as_integer, short_text
from lrbench.errors import UsageError, quoted
from lrbench.experiment.jobs.base import Executor, Serial

VARIABLE = "LRBENCH_JOBS"
EXECUTORS = ("loky", "dask")
MOST_JOBS = 4096

POSIX = os.name == "posix"
"""Whether the system has the file locks and the signal masks that worker processes rest on."""


def choose(
    jobs: int | None, executor: str = "loky", scheduler: str | None = None, default: int = 1
) -> Executor:
    """Return the executor for these options.

    Parameters
    ----------
    jobs
        The number of worker processes; None for ``LRBENCH_JOBS``, and without that for `default`.
    executor
        ``"loky"`` for processes of this machine, ``"dask"`` for a cluster.
    scheduler
        The address of the cluster's scheduler.
    default
        The number of worker processes where none is set; 0 stands for the number of processors.

    Raises
    ------
    UsageError
        If options contradict each other or have a value that is not allowed.
    """
    if not (isinstance(executor, str) and executor in EXECUTORS):
        raise UsageError(f"--executor {quoted(executor)} is not known.", "choose loky or dask.")
    if executor == "dask":
        if jobs is not None:
            raise UsageError(
                "--jobs has no meaning with --executor dask, whose workers do the work.",
                "leave --jobs out.",
            )
        if not scheduler:
            raise UsageError(
                "--executor dask needs the address of a scheduler.",
                "give --scheduler, as in --scheduler tcp://127.0.0.1:8786.",
            )
        from lrbench.experiment.jobs.cluster import Cluster

        return Cluster(scheduler)
    if scheduler is not None:
        raise UsageError(
            "--scheduler has no meaning without --executor dask.", "add --executor dask."
        )
    n_jobs = _number(jobs, default)
    if n_jobs == 1:
        return Serial()
    if not POSIX:
        raise UsageError(
            f"{n_jobs} worker processes need a POSIX system, such as Linux or macOS.",
            "give --jobs 1.",
        )
    from lrbench.experiment.jobs.processes import Processes

    return Processes(n_jobs)


def _number(jobs: int | None, default: int) -> int:
    """Return the number of worker processes."""
    name, text = "--jobs", short_text(jobs)
    if jobs is None:
        variable = os.environ.get(VARIABLE, "")
        if not variable:
            # No process is asked for: where there can be none the command does the work itself.
            return (default or _processors()) if POSIX else 1
        name, text, jobs = VARIABLE, quoted(variable), whole(variable)
    number = as_integer(jobs, 1, MOST_JOBS)
    if number is None:
        raise UsageError(
            f"{name} {text} is not a number of workers.",
            f"give a whole number from 1 to {MOST_JOBS}.",
        )
    return number


def _processors() -> int:
    from joblib import cpu_count

    return int(cpu_count())
