"""Reading a file as a whole, of whatever kind it is."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

MOST_BYTES = 1 << 30
"""The most bytes that are read from a pipe, which need not end. A regular file may have more."""

PIECE = 1 << 20
"""The bytes that are read from a pipe at a time."""


def read_whole(path: str | Path) -> bytes:
    """Return the content of the file at `path`, which may be a pipe.

    Raises
    ------
    OSError
        If the file cannot be read, is a device other than the null device, or is a pipe with more
        than `MOST_BYTES`.
    ValueError
        If `path` cannot be a path.
    """
    _refuse_devices(Path(path).stat())  # before it is opened, which some devices notice
    with Path(path).open("rb") as file:
        return _rest(file)


def read_stream(file: BinaryIO) -> bytes:
    """Return what is left of an open file, such as stdin; see `read_whole`. It may be a terminal.

    Raises
    ------
    OSError
        As `read_whole`.
    """
    try:
        descriptor = file.fileno()
    except OSError:  # bytes in memory have none
        return file.read()
    if not os.isatty(descriptor):
        _refuse_devices(os.fstat(descriptor))
    return _rest(file)


def _refuse_devices(status: os.stat_result) -> None:
    """Raise `OSError` for a device: most have no end. The null device is empty."""
    device = stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode)
    if device and status.st_rdev != Path(os.devnull).stat().st_rdev:
        raise OSError(errno.EINVAL, "it is a device, not a file")


def _rest(file: BinaryIO) -> bytes:
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file.read()
    pieces, size = [], 0
    while piece := file.read(PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > MOST_BYTES:
            raise OSError(errno.EFBIG, f"it is a pipe with more than {MOST_BYTES:,} bytes")
    return b"".join(pieces)
