"""Writes that fail or are torn, clocks that jump, slow disks and workers that die.

It is the n-th operation on files or on a database that fails, or those that a seed chooses.
Nothing in lrbench knows of it: what it calls is replaced for the block.
"""

from __future__ import annotations

import errno
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from joblib.externals.loky.process_executor import BrokenProcessPool

from lrbench.experiment.jobs import processes
from lrbench.experiment.store.connection import WaitingConnection


class Faults:
    """Counts operations, and lets some of them fail.

    Parameters
    ----------
    fails
        Called with the number of an operation, from 1; returns whether it fails.
    silent
        Whether a write that fails tells nobody: a half of it is there, and no error comes.
    """

    def __init__(self, fails: Callable[[int], bool], *, silent: bool = False) -> None:
        self._fails = fails
        self.silent = silent
        self._inside = False
        self.operations = 0
        self.failed = 0

    def strikes(self) -> bool:
        """Count an operation, and return whether it fails; those of `fails` itself do not."""
        if self._inside:
            return False
        self.operations += 1
        self._inside = True
        struck = self._fails(self.operations)
        self._inside = False
        self.failed += struck
        return struck


def nth(number: int, *, silent: bool = False) -> Faults:
    """Let one operation fail."""
    return Faults(lambda operation: operation == number, silent=silent)


def seeded(seed: int, share: float) -> Faults:
    """Let operations fail by chance."""
    rng = random.Random(seed)
    return Faults(lambda operation: rng.random() < share)


class _File:
    """An open file of which a write or a flush may fail; a failed write is torn."""

    def __init__(self, file: Any, faults: Faults) -> None:
        self._file = file
        self._faults = faults

    def write(self, data: Any) -> int:
        if self._faults.strikes():
            content = memoryview(data).cast("B")
            self._file.write(content[: len(content) // 2])
            if not self._faults.silent:
                raise _full()
            return len(content)
        return int(self._file.write(data))

    def flush(self) -> None:
        if not self._faults.silent and self._faults.strikes():
            raise _full()
        self._file.flush()

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def failing(faults: Faults) -> Iterator[Faults]:
    """Let operations in the block fail: open, write, flush, fsync, rename, statements of SQL.

    Those that are silent are writes to files alone.
    """
    plain_open, plain_fsync, plain_replace = Path.open, os.fsync, Path.replace

    class Connection(WaitingConnection):
        def execute(self, *args: Any) -> sqlite3.Cursor:
            if not faults.silent and faults.strikes():
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(*args)

        def executemany(self, *args: Any) -> sqlite3.Cursor:
            if not faults.silent and faults.strikes():
                # The first of the rows are written: a transaction must take them back.
                super().executemany(args[0], list(args[1])[:1])
                raise sqlite3.OperationalError("database or disk is full")
            return super().executemany(*args)

    def open_(path: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        if not set(mode) & set("wxa+"):
            return plain_open(path, mode, *args, **options)
        if not faults.silent and faults.strikes():
            raise _full()
        return _File(plain_open(path, mode, *args, **options), faults)

    def fsync(number: int) -> None:
        if not faults.silent and faults.strikes():
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        plain_fsync(number)

    def replace(path: Path, target: Path) -> Path:
        if not faults.silent and faults.strikes():
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return plain_replace(path, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", open_)
        patch.setattr(Path, "replace", replace)
        patch.setattr(os, "fsync", fsync)
        plain_connect = sqlite3.connect

        def connect(*args: Any, **options: Any) -> Any:
            return plain_connect(*args, **{**options, "factory": Connection})

        patch.setattr(sqlite3, "connect", connect)
        yield faults


@contextmanager
def jumping_clock(rng: random.Random, slow: float, jumps: float) -> Iterator[Callable[[], None]]:
    """Replace the clocks in the block; yield what lets time pass, and the time of day jump.

    Parameters
    ----------
    rng
        Chooses the times.
    slow
        The seconds that an operation takes on average.
    jumps
        The share of operations after which the time of day is another, by up to a day.
    """
    passed = shift = 0.0

    def operate() -> None:
        nonlocal passed, shift
        passed += slow * rng.expovariate(1.0)
        if rng.random() < jumps:
            shift += rng.choice([-1, 1]) * 10.0 ** rng.uniform(0, 5)

    plain_time, plain_monotonic = time.time, time.monotonic
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: plain_time() + passed + shift)
        patch.setattr(time, "time_ns", lambda: int(time.time() * 1e9))
        patch.setattr(time, "monotonic", lambda: plain_monotonic() + passed)
        yield operate


@contextmanager
def dying_workers(rng: random.Random, share: float) -> Iterator[None]:
    """Run in this process what a pool would run, and break the pool when one of its workers dies.

    Workers start at once, and the jobs of a pool end in any order. Those under way are lost with
    it. `share` is the probability that a worker dies before the next job ends.
    """

    def results(calls: Iterator[Any], n_jobs: int) -> Iterator[Any]:
        under_way = list(islice(calls, n_jobs))
        while under_way:
            if rng.random() < share:
                raise BrokenProcessPool("a worker was killed")
            function, args, options = under_way.pop(rng.randrange(len(under_way)))
            yield function(*args, **options)
            under_way += islice(calls, 1)

    def submit(pool: Any, calls: Iterator[Any], n_jobs: int, threads: int) -> Iterator[Any]:
        return results(iter(calls), n_jobs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes.Processes.__init__, "__defaults__", (0.0,))
        patch.setattr(processes._Pool, "_submit", submit)
        yield


KINDS = ("a write fails", "a write is torn", "the clock jumps", "the disk is slow", "a worker dies")


@contextmanager
def troubled(seed: int) -> Iterator[list[str]]:
    """Let happen in the block what a seed chooses of `KINDS`; yield the names of those chosen."""
    rng = random.Random(seed)
    kinds = [kind for kind in KINDS if rng.random() < 0.4] or [KINDS[seed % len(KINDS)]]
    slow = 0.3 if "the disk is slow" in kinds else 0.0
    share = 10.0 ** rng.uniform(-3, -1) if set(kinds) & set(KINDS[:2]) else 0.0
    with ExitStack() as stack:
        operate = stack.enter_context(
            jumping_clock(rng, slow, 0.2 if "the clock jumps" in kinds else 0.0)
        )

        def fails(operation: int) -> bool:
            operate()
            return rng.random() < share

        # A torn write in silence and one that fails need two of them, one inside the other.
        if "a write is torn" in kinds:
            stack.enter_context(failing(Faults(fails, silent=True)))
        if "a write fails" in kinds or "a write is torn" not in kinds:
            stack.enter_context(failing(Faults(fails)))
        stack.enter_context(dying_workers(rng, 0.15 if "a worker dies" in kinds else 0.0))
        yield kinds
