"""The folder of a command's worker processes: their stop flag and the arrays that they share."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from functools import cache
from pathlib import Path

PREFIX = "lrbench-"

LOCK = "lock"
"""The file that is locked as long as the command lives; it holds the number of its process."""

MEMORY = Path("/dev/shm")
"""The file system in memory, whose files all processes map without a copy on disk."""

LEAST_MEMORY_BYTES = 2e9
"""Room that `MEMORY` must have; containers often have 64 MB there."""

ABANDONED_SECONDS = 3600.0
"""The age at which a folder without a lock file is taken to be that of a killed command."""


def scratch_folder() -> Path:
    """Return the folder of this process, which is deleted when the process ends.

    If the process is killed, joblib's tracker deletes it. If the tracker is killed, too, as when a
    container runs out of memory, the next command of the user does.
    """
    # One for all pools of the process: joblib keeps its workers, and their folder, for the next.
    return _folder_in(_base())


@cache
def _folder_in(base: Path) -> Path:
    from joblib.externals.loky.backend import resource_tracker as tracker

    _sweep(base)
    folder, lock = _locked_folder(base)
    tracker.register(str(folder), "folder")
    owner = os.getpid()

    def delete() -> None:
        if os.getpid() != owner:  # a fork of the process inherits this function
            return
        tracker.unregister(str(folder), "folder")
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)

    atexit.register(delete)
    return folder


def _base() -> Path:
    """Return the folder for folders: that of JOBLIB_TEMP_FOLDER, of the memory, or of TMPDIR."""
    named = os.environ.get("JOBLIB_TEMP_FOLDER")
    if named:
        return Path(named)
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(MEMORY).free
        if free >= LEAST_MEMORY_BYTES and os.access(MEMORY, os.W_OK | os.X_OK):
            return MEMORY
    return Path(tempfile.gettempdir())


def _locked_folder(base: Path) -> tuple[Path, int]:
    """Make a folder with a locked file; return both, the file as a descriptor."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        # Another command may take the new folder for an old one until its file is locked.
        with contextlib.suppress(FileNotFoundError, BlockingIOError):
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.write(lock, str(os.getpid()).encode())
                (folder / LOCK).stat()
            except OSError:
                os.close(lock)
                raise
            return folder, lock


def _sweep(base: Path) -> None:
    """Delete the folders, and the semaphores, of commands of this user that are no more."""
    for folder in base.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            try:
                lock = os.open(folder / LOCK, os.O_RDWR)
            except FileNotFoundError:
                if time.time() - folder.stat().st_mtime > ABANDONED_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while its command lives
                pid = os.read(lock, 20).decode("ascii", "replace")
                shutil.rmtree(folder, ignore_errors=True)
                if pid.isdecimal() and not Path("/proc", pid).exists():
                    for semaphore in MEMORY.glob(f"sem.loky-{pid}-*"):
                        semaphore.unlink(missing_ok=True)
            finally:
                os.close(lock)
