"""References to a class of the user: ``rule.py:Rule``, ``rule.py``, ``package.module:Rule``."""

from __future__ import annotations

from typing import NamedTuple

from lrbench.config.paths import expanded

SUFFIX = ".py"


class Reference(NamedTuple):
    """Where a class of the user is."""

    place: str
    """The path of a file, which ends in ``.py``, or the dotted name of a module."""
    name: str
    """The name of the class; empty for the only one in the file."""

    @property
    def is_file(self) -> bool:
        """Whether the class is in a file, and not in an installed module."""
        return self.place.endswith(SUFFIX)

    def __str__(self) -> str:
        return f"{self.place}:{self.name}" if self.name else self.place


def parse_reference(text: str) -> Reference | None:
    """Return the reference that `text` is, without ``~`` in a path; None for any other name.

    The registered name ``outside:lbfgs`` has the form of a reference to a module: callers look for
    registered names first.
    """
    if text.startswith("~"):
        text = str(expanded(text))
    if text.endswith(SUFFIX):
        return Reference(text, "")
    place, colon, name = text.rpartition(":")
    if not colon or not name.isidentifier():
        return None
    module = all(part.isidentifier() for part in place.split("."))
    return Reference(place, name) if place.endswith(SUFFIX) or module else None
