"""Where derived files are kept, and how a file is written in one piece."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

VARIABLE = "LRBENCH_CACHE_DIR"

STALE_SECONDS = 3600.0
"""A temporary file this old was left by a process that was killed."""


def cache_dir() -> Path:
    """Return the folder for derived files: ``LRBENCH_CACHE_DIR``, else the user's cache.

    Notes
    -----
    The folder need not exist. All in it can be made again: a cache that cannot be read or written
    costs time, never a result.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_cache_path("lrbench", appauthor=False)


def write_atomically(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write the file `path` so that a reader sees the old one or the whole new one.

    Parameters
    ----------
    path
        The file; its folder is made if need be.
    write
        Called once with an open binary file.

    Raises
    ------
    OSError
        Where the folder or the file cannot be written. Whatever `write` raises comes through. In
        both cases `path` is as it was and no temporary file is left.

    Notes
    -----
    The bytes go to a temporary file in the same folder, are flushed to the disk, and take the name
    last. What a process killed on the spot left behind is swept by a later write of `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _sweep(path: Path) -> None:
    """Remove old temporary files of `path`."""
    start = f".{path.name}."
    for entry in os.scandir(path.parent):
        if entry.name.startswith(start) and entry.name.endswith(".part"):
            with contextlib.suppress(OSError):
                if time.time() - entry.stat().st_mtime > STALE_SECONDS:
                    Path(entry.path).unlink()
