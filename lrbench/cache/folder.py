"""The folder of derived files, and the atomic writing of files."""

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
"""A temporary file or folder older than this was left behind by a process that was killed."""

SCRATCH = ".scratch."
"""The beginning of the name of every scratch folder."""


def cache_dir() -> Path:
    """Return the folder for derived files: ``LRBENCH_CACHE_DIR``, else the user's cache.

    Notes
    -----
    The folder need not exist. Everything in it can be computed again: a cache that cannot be read
    or written costs time, but never a result.
    """
    chosen_by_user = os.environ.get(VARIABLE)
    if chosen_by_user:
        return Path(chosen_by_user)
    import platformdirs

    return platformdirs.user_cache_path("lrbench", appauthor=False)


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write the file `path` so that a reader sees either the old or the complete new file.

    Parameters
    ----------
    path
        The file; its folder is created if it does not exist.
    write
        Called once with an open binary file.

    Raises
    ------
    OSError
        If the folder or the file cannot be written. Exceptions of `write` are passed on. In both
        cases `path` is unchanged and no temporary file remains.

    Notes
    -----
    The bytes are written to a temporary file in the same folder and flushed to the disk; then the
    file is renamed. If the process is killed, a later write of `path` removes the temporary file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent, f".{path.name}.")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with temporary.open("xb") as file:
            write(file)
            file.flush()
            # Without fsync a power cut after the renaming could leave an empty file.
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:  # an interrupt, too, must leave no temporary file
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Create a folder in `parent` and remove it at the end of the block.

    Raises
    ------
    OSError
        If the folder, or `parent` where it does not exist, cannot be created.

    Notes
    -----
    It is meant for files that are moved into `parent` once they are complete. If the process is
    killed, a later call removes the folder.
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
    """Remove the temporary files and folders older than `STALE_SECONDS` that begin with `start`."""
    for path in folder.glob(f"{glob.escape(start)}*.part"):
        with contextlib.suppress(OSError):
            # The time of a folder does not change while a file in it grows.
            newest = max(p.stat().st_mtime for p in (path, *path.glob("*")))
            if time.time() - newest > STALE_SECONDS:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
