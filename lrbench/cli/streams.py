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


def keep_stdout_for_results() -> None:
    """Write results to a copy of the descriptor of stdout, which then is that of stderr.

    Code of the user may write to the descriptor itself, as compiled code does: that is no result.
    Nothing is changed where stdout or stderr has no descriptor, and on Windows, whose consoles
    are no such files.
    """
    stdout = sys.stdout
    try:
        descriptor, other = stdout.fileno(), sys.stderr.fileno()
    except OSError:
        return
    if os.name != "posix" or not isinstance(stdout, io.TextIOWrapper):
        return
    # No `with`: it is the stdout of the process.
    sys.stdout = open(  # noqa: PTH123, SIM115
        os.dup(descriptor), "w", encoding=stdout.encoding, errors=stdout.errors
    )
    sys.stdout.reconfigure(line_buffering=stdout.line_buffering)
    sys.__stdout__ = sys.stdout  # type: ignore[misc]  # of which the width of a terminal is asked
    os.dup2(other, descriptor)


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
