"""What code of the user prints goes to stderr: stdout is for results."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

_WRITTEN: set[str] = set()
"""The lines that `LinesOnce` has written."""


@contextlib.contextmanager
def prints_to_stderr() -> Iterator[None]:
    """Send to stderr what is printed in the block, or by the function that this decorates.

    It stands wherever code of the user may run in this process: where it is imported, where its
    classes are made, and where steps, estimates, checks and verdicts call them.
    """
    with contextlib.redirect_stdout(sys.stderr):
        yield


class LinesOnce:
    """A stream that writes to stderr each line that was not written before by this process.

    An optimiser that says something when it is made says it for every lane of every seed.
    """

    def __init__(self) -> None:
        self._rest = ""

    def write(self, text: str) -> int:
        """Write the lines that `text` completes, if they are new."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line not in _WRITTEN:
                _WRITTEN.add(line)
                sys.stderr.write(f"{line}\n")
        return len(text)

    def flush(self) -> None:
        """Write nothing: a line is written when it is complete."""

    def close(self) -> None:
        """Write a last line that has no end."""
        if self._rest:
            self.write("\n")


@contextlib.contextmanager
def prints_once() -> Iterator[None]:
    """Send to stderr what is printed in the block, each line once."""
    stream = LinesOnce()
    with contextlib.closing(stream), contextlib.redirect_stdout(stream):
        yield
