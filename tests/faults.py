"""Writes that fail: the n-th operation on files or on a database, or those that a seed chooses.

Nothing in lrbench knows of it: what it calls is replaced for the block.
"""

from __future__ import annotations

import errno
import functools
import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


class Faults:
    """Counts operations, and lets some of them fail.

    Parameters
    ----------
    fails
        Called with the number of an operation, from 1; returns whether it fails.
    """

    def __init__(self, fails: Callable[[int], bool]) -> None:
        self._fails = fails
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


def nth(number: int) -> Faults:
    """Let one operation fail."""
    return Faults(lambda operation: operation == number)


def seeded(seed: int, share: float) -> Faults:
    """Let operations fail by chance."""
    rng = random.Random(seed)
    return Faults(lambda operation: rng.random() < share)


class _File:
    """An open file of which a write, a flush or the closing may fail; a failed write is torn."""

    def __init__(self, file: Any, faults: Faults) -> None:
        self._file = file
        self._faults = faults

    def write(self, data: bytes) -> int:
        if self._faults.strikes():
            self._file.write(data[: len(data) // 2])
            raise _full()
        return int(self._file.write(data))

    def flush(self) -> None:
        if self._faults.strikes():
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
    """Let operations in the block fail: open, write, flush, fsync, rename, statements of SQL."""
    plain_open, plain_fsync, plain_replace = Path.open, os.fsync, Path.replace

    class Connection(sqlite3.Connection):
        def execute(self, *args: Any) -> sqlite3.Cursor:
            if faults.strikes():
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(*args)

        def executemany(self, *args: Any) -> sqlite3.Cursor:
            if faults.strikes():
                # The first of the rows are written: a transaction must take them back.
                super().executemany(args[0], list(args[1])[:1])
                raise sqlite3.OperationalError("database or disk is full")
            return super().executemany(*args)

    def open_(path: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        if not set(mode) & set("wxa+"):
            return plain_open(path, mode, *args, **options)
        if faults.strikes():
            raise _full()
        return _File(plain_open(path, mode, *args, **options), faults)

    def fsync(number: int) -> None:
        if faults.strikes():
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        plain_fsync(number)

    def replace(path: Path, target: Path) -> Path:
        if faults.strikes():
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return plain_replace(path, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", open_)
        patch.setattr(Path, "replace", replace)
        patch.setattr(os, "fsync", fsync)
        connect = functools.partial(sqlite3.connect, factory=Connection)
        patch.setattr(sqlite3, "connect", connect)
        yield faults
