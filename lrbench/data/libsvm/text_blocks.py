"""Reading the decompressed text of a file in blocks of complete lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from lrbench.config.texts import BOM, foreign
from lrbench.data.libsvm.compressed import DamagedError, compressed_beside, open_bytes
from lrbench.data.libsvm.fault import FORM
from lrbench.errors import DataError, quoted_path

BLOCK = 1 << 22
"""The number of bytes of a block, except that a longer line is not divided."""

MAX_LINE = 1 << 28
"""The longest line in bytes: a compressed file of a few kilobytes can contain one of any length."""

BARE_CR = re.compile(rb"\r[\t\v\f\r ]*[^\s]")
"""A carriage return with something after it in the same line; the two of \r\r\n are none."""


def text_blocks(
    path: Path,
    observe: Callable[[bytes], object] = len,
    observe_file: Callable[[memoryview], object] = len,
) -> Iterator[tuple[int, bytes]]:
    """Yield the text of a file, plain or compressed (bz2, gzip, xz), in blocks of lines.

    Parameters
    ----------
    path
        The file; its byte-order mark is left out.
    observe
        Called with every piece of the text in order, including a byte-order mark; the default has
        no effect.
    observe_file
        Called with every piece of the file itself in order, compressed if the file is.

    Yields
    ------
    number
        The number of the first line of the block, counted from 1.
    block
        About `BLOCK` bytes of text that end with a complete line.

    Raises
    ------
    DataError
        For a file that cannot be read or decompressed, that is no text in UTF-8, whose lines end
        in a carriage return alone, or that has a line longer than `MAX_LINE`.
    """
    number = 1
    try:
        with open_bytes(path, observe_file) as file:
            start = file.peek()
            if kind := foreign(start):
                name = quoted_path(path)
                raise DataError(f"{name} is not LIBSVM text: it is {kind.what}.", kind.hint)
            if start.startswith(BOM):
                observe(file.read(len(BOM)))
            while block := file.read(BLOCK):
                _check_line_ends(path, number, block)
                if not block.endswith(b"\n"):
                    line_end = file.readline(MAX_LINE)
                    if len(line_end) == MAX_LINE:
                        raise _too_long(path, number + block.count(b"\n"))
                    block += line_end
                    _check_line_ends(path, number, block)
                observe(block)
                yield number, block
                number += block.count(b"\n")
    except DamagedError as error:
        raise DataError(
            f"{quoted_path(path)} is truncated or damaged: {error}.", "fetch the file again."
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> DataError:
    """Return the error to raise if `path` does not exist or cannot be read."""
    if isinstance(error, FileNotFoundError):
        compressed = compressed_beside(path)
        hint = "check the path of the data."
        if compressed:
            hint = f"did you mean {quoted_path(compressed)}?"
        return DataError(f"there is no file {quoted_path(path)}.", hint)
    return DataError(
        f"{quoted_path(path)} cannot be read: {(error.strerror or 'unknown error').lower()}.",
        "check the file and its permissions.",
    )


def _check_line_ends(path: Path, number: int, block: bytes) -> None:
    """Raise `DataError` if a line ends in a carriage return alone, as on old Macintoshes.

    What follows it would be a part of the same line, or of its comment.
    """
    # Counting is fast; most texts have no carriage return, or one before every line feed.
    if block.count(b"\r") > block.count(b"\r\n") and (match := BARE_CR.search(block)):
        binary = block.find(b"\0")
        number += block.count(b"\n", 0, match.start() if binary < 0 else binary)
        fault, hint = f"line {number} holds binary data", FORM
        if binary < 0:
            fault = f"the line end after line {number} is a carriage return without a line feed"
            hint = "convert its line ends, as by tr '\\r' '\\n' < FILE > NEW."
        raise DataError(f"{quoted_path(path)} is not LIBSVM text: {fault}.", hint)


def _too_long(path: Path, number: int) -> DataError:
    return DataError(
        f"{quoted_path(path)} cannot be used: line {number} is longer than {MAX_LINE >> 20} MiB.",
        "check that the file is LIBSVM text, one sample a line.",
    )
