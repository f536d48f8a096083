"""Locks of files that several processes read, change and replace."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process, and one thread of it, be in such a block for the file `path` at a time.

    Raises
    ------
    OSError
        If there can be no lock: the folder cannot be written to, or its file system has none.

    Notes
    -----
    The lock is a file beside `path`, so that all who can replace that exclude each other. It is
    there while it is held; the system frees it if the process is killed.
    """
    import fcntl  # which some systems do not have; this module can be imported there

    lock = path.with_name(f".{path.name}.lock")
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not _is_at(descriptor, lock):
                continue  # whoever held it has removed it: a new one may be there
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
            return
        finally:
            os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
