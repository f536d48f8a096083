"""What code of the user prints goes to stderr: stdout is for results."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from lrbench.config.process import SharedChange

_WRITTEN: set[str] = set()
"""The lines that `LinesOnce` has written."""


class _Blocks(threading.local):
    """The streams of the blocks that a thread is in, the innermost one last."""

    def __init__(self) -> None:
        self.streams: list[Any] = []


_BLOCKS = _Blocks()


class _OwnStdout:
    """What stands for `sys.stdout` while a thread is in a block; for the other threads it is it."""

    def __init__(self, shared: Any) -> None:
        self._shared = shared

    def __getattr__(self, name: str) -> Any:
        return getattr((_BLOCKS.streams or [self._shared])[-1], name)


def _stand_in() -> Callable[[], None]:
    """Put an `_OwnStdout` in the place of `sys.stdout`; return the function that takes it away."""
    before: Any = sys.stdout
    # Another block may have put back the one that it has met.
    own = before if isinstance(before, _OwnStdout) else _OwnStdout(before)
    sys.stdout = own

    def take_away() -> None:
        if sys.stdout is own:  # else another block has its stream there
            sys.stdout = own._shared

    return take_away


_STAND_IN = SharedChange(_stand_in)


@contextlib.contextmanager
def _prints_to(stream: Any) -> Iterator[None]:
    """Send to a stream what this thread prints in the block."""
    with _STAND_IN():
        _BLOCKS.streams.append(stream)
        try:
            yield
        finally:
            _BLOCKS.streams.pop()


@contextlib.contextmanager
def prints_to_stderr() -> Iterator[None]:
    """Send to stderr what is printed in the block, or by the function that this decorates.

    It stands wherever code of the user may run in this process: where it is imported, where its
    classes are made, and where steps, estimates, checks and verdicts call them. What other threads
    print goes where it went before.
    """
    with _prints_to(sys.stderr):
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
    with contextlib.closing(stream), _prints_to(stream):
        yield
