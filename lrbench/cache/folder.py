"""Where derived files are kept, and how a file is written in one piece."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

VARIABLE = "LRBENCH_CACHE_DIR"

STALE_SECONDS = 3600.0
"""A temporary file or folder this old was left by a process that was killed."""

SCRATCH = ".scratch."
"""How the name of a scratch folder begins."""


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
    _sweep(path.parent, f".{path.name}.")
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


@contextlib.contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Make a folder in `parent`, itself made if need be, and remove it at the end of the block.

    Raises
    ------
    OSError
        Where no folder can be made.

    Notes
    -----
    For files that take their place in `parent` once they are whole. What a process killed on the
    spot left behind is swept by a later call.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _sweep(parent, SCRATCH)
    folder = parent / f"{SCRATCH}{secrets.token_hex(8)}.part"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(folder: Path, start: str) -> None:
    """Remove old temporary files and folders whose names begin in this way."""
    for path in folder.glob(f"{glob.escape(start)}*.part"):
        with contextlib.suppress(OSError):
            newest = max(p.stat().st_mtime for p in (path, *path.glob("*")))
            if time.time() - newest > STALE_SECONDS:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
