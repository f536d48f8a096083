"""Standard output and error, opened so that nothing that is written to them is lost in silence."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path


class ClosedStream(io.RawIOBase):
    """The stream in place of a stdout that the caller closed: it refuses every write."""

    def writable(self) -> bool:
        """Return True; the refusal comes with the first write."""
        return True

    def write(self, content: object) -> int:
        """Raise the error of a descriptor that is not open."""
        del content
        raise OSError(errno.EBADF, "stdout is closed")


def open_streams() -> None:
    """Replace streams that are closed, and a stdout that could lose a part of a write.

    A closed stderr is the null device: messages that nobody can read are no failure. With
    ``PYTHONUNBUFFERED`` stdout has no buffer, and `io.TextIOWrapper` ignores that a full disk or a
    pipe took only a part of the text. A buffer writes all of it or raises `OSError`.
    """
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(ClosedStream()), encoding="utf-8")
    elif isinstance(sys.stdout, io.TextIOWrapper) and isinstance(sys.stdout.buffer, io.RawIOBase):
        encoding, errors, on_terminal = sys.stdout.encoding, sys.stdout.errors, sys.stdout.isatty()
        buffer = io.BufferedWriter(sys.stdout.detach())
        sys.stdout = io.TextIOWrapper(buffer, encoding, errors, line_buffering=on_terminal)


def close_stdout() -> None:
    """Discard what stdout has refused."""
    try:
        sys.stdout.flush()
    except OSError:
        # The interpreter flushes again at its end; failing there, it prints an error and exits 120.
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, sys.stdout.fileno())
        except OSError:  # a stream without a descriptor
            sys.stdout = os.fdopen(null, "w", encoding="utf-8")
