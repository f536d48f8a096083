"""The folder of the sets of the LIBSVM collection."""

from __future__ import annotations

import os
from pathlib import Path

from lrbench.cache.folder import cache_dir
from lrbench.data.libsvm.compressed import SUFFIXES, is_file
from lrbench.errors import DataError, quoted_path

VARIABLE = "LRBENCH_DATA_DIR"


def data_dir() -> Path:
    """Return the folder of sets: ``LRBENCH_DATA_DIR``, else ``libsvm`` in the user's cache.

    The folder need not exist.
    """
    chosen_by_user = os.environ.get(VARIABLE)
    return Path(chosen_by_user) if chosen_by_user else cache_dir() / "libsvm"


def check_data_dir() -> None:
    """Raise `DataError` if the folder does not exist or cannot be read."""
    folder = data_dir()
    if not (folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)):
        raise DataError(
            f"{quoted_path(folder)} is not a folder that can be read.",
            f"fetch a set first, or set {VARIABLE} to the folder of the sets.",
        )


def in_data_dir(name: str) -> Path | None:
    """Return the file of the set `name`, plain or compressed, or None if there is none."""
    candidates = (data_dir() / f"{name}{suffix}" for suffix in SUFFIXES)
    return next((path for path in candidates if is_file(path)), None)
