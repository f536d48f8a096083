"""Whether a file still has the content that it had when it was recorded."""

from __future__ import annotations

import functools
import hashlib
import mmap
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

LARGE: Final = 64 << 20
"""The size in bytes from which on a file is not read at every look-up."""

RECENT_NS: Final = 10 * 10**9
"""Nanoseconds after a change in which the times of a file may hide another change."""

Record: TypeAlias = list[object]
"""The checksum of a file, and its `file_state` before it was read; a list, as JSON returns it."""


_read: dict[tuple[Path, Callable[[Path], object]], Record] = {}
"""The records of files that this process has read: a command looks up the same data twice."""


def renewed(path: Path, old: Record, checksum: Callable[[Path], object]) -> Record | None:
    """Return the record of a file now; None if its content is not that of the record `old`.

    Raises
    ------
    OSError
        If the file cannot be read. A record of another form raises `TypeError` or `ValueError`.

    Notes
    -----
    Size and time do not determine the content: ``cp -p``, ``mv`` and ``rsync -t`` set the time, and
    a failing disk changes neither. A file is therefore read by every process, and one of `LARGE`
    bytes or more at least once after a boot; both also whenever their state has changed.
    """
    known, state = old
    now = file_state(path)
    if now is not None and now == state:
        return [known, now]
    settled = _state(path)
    if settled is None or _read.get((path, checksum)) != [known, settled]:
        _read[path, checksum] = [checksum(path), settled]
        if _read[path, checksum][0] != known:
            return None
    return [known, now]


def file_state(path: Path) -> Record | None:
    """Return what changes with the content of a large file, without reading it.

    This is size, times of the content and of the status, inode, device and boot. It is None for a
    small file, for one that was changed a moment ago, and where the boot cannot be told.
    """
    return _state(path) if path.stat().st_size >= LARGE else None


def _state(path: Path) -> Record | None:
    status = path.stat()
    if status.st_ctime_ns + RECENT_NS >= time.time_ns() or boot() is None:
        return None
    times = [status.st_mtime_ns, status.st_ctime_ns]
    return [status.st_size, *times, status.st_ino, status.st_dev, boot()]


@functools.cache
def boot() -> str | None:
    """Return what identifies the last start of the system; None where this is not known."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, ValueError):
        return None


def sha256(path: Path) -> str:
    """Return the SHA-256 of the bytes of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def crc32(path: Path) -> int:
    """Return the CRC-32 of the bytes of a file: three times as fast, and enough for damage.

    Raises
    ------
    OSError, ValueError
        If the file cannot be read, or is empty.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return zlib.crc32(content)
