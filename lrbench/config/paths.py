"""Paths as users write them."""

from __future__ import annotations

from pathlib import Path


def expanded(name: str | Path) -> Path:
    """Return a path with the home folder in place of ``~`` or ``~user`` at its beginning.

    A shell does so only without quotes, and nobody in a configuration. Where there is no such user,
    ``~`` is part of the name.
    """
    try:
        return Path(name).expanduser()
    except (RuntimeError, ValueError):
        return Path(name)
