"""The versions of installed distributions, on which numbers depend."""

from __future__ import annotations

import os
import sys
from functools import cache

WHEEL = ".dist-info"
"""The end of the name of the folder that an installer writes for a distribution."""


@cache
def version_of(distribution: str) -> str:
    """Return the version of an installed distribution, such as ``"scipy"`` or ``"scikit-learn"``.

    It is read from the name of the distribution's folder. Where that does not say it,
    `importlib.metadata` is asked, which imports Python's package for e-mail: that would take
    longer than some runs.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        If it is not installed.
    """
    start = f"{distribution.replace('-', '_')}-"
    for place in sys.path:
        own = [name for name in _infos(place) if name.startswith(start)]
        if own:  # the first place that has it counts
            if len(own) == 1 and own[0].endswith(WHEEL):
                return own[0].removesuffix(WHEEL).removeprefix(start)
            break  # of another form, or two after an update that was broken off
    from importlib import metadata

    return metadata.version(distribution)


@cache
def _infos(place: str) -> tuple[str, ...]:
    """Return the names of the folders that installers have written in a place of `sys.path`."""
    try:
        with os.scandir(place or ".") as entries:
            return tuple(entry.name for entry in entries if entry.name.endswith("-info"))
    except OSError:  # no folder, or one that may not be read: imports skip it, too
        return ()
