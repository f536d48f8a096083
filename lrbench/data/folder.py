"""Where the sets of the LIBSVM collection lie."""

from __future__ import annotations

import os
from pathlib import Path

from lrbench.cachedir import cache_dir
from lrbench.data.compressed import SUFFIXES, is_file

VARIABLE = "LRBENCH_DATA_DIR"


def data_dir() -> Path:
    """Return the folder of sets by name: ``LRBENCH_DATA_DIR``, else one in the user's cache.

    The folder need not exist.
    """
    named = os.environ.get(VARIABLE)
    return Path(named) if named else cache_dir() / "libsvm"


def in_data_dir(name: str) -> Path | None:
    """Return the file that holds the set `name`, plain or compressed; None where there is none."""
    candidates = (data_dir() / f"{name}{suffix}" for suffix in SUFFIXES)
    return next((path for path in candidates if is_file(path)), None)
