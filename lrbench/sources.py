"""A hash of the code that numbers depend on, so that what is kept is known to be of this code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGE = Path(__file__).parent

NOT_NUMBERS = ("cli", "reports", "study", "store", "gate", "jobs")
"""Packages that show, keep or schedule what was computed, and compute nothing of a run."""


@cache
def source_hash() -> str:
    """Return a hash of every module of lrbench that a run depends on, and of NumPy and SciPy."""
    found = (p for p in PACKAGE.rglob("*.py") if p.relative_to(PACKAGE).parts[0] not in NOT_NUMBERS)
    return hash_of(sorted(found))


def hash_of(paths: Iterable[Path]) -> str:
    """Return a hash of these files' names and contents, and of the versions of NumPy and SciPy."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for package in ("numpy", "scipy"):
        digest.update(f"{package} {metadata.version(package)}\0".encode())
    return digest.hexdigest()
