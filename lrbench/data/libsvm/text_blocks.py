"""Reading the decompressed text of a file in blocks of complete lines."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from lrbench.data.libsvm.compressed import BOM, compressed_beside, open_bytes
from lrbench.errors import DataError, quoted_path

BLOCK = 1 << 22
"""The number of bytes of a block, except that a longer line is not divided."""

MAX_LINE = 1 << 28
"""The longest line in bytes: a compressed file of a few kilobytes can contain one of any length."""


def text_blocks(
    path: Path, observe: Callable[[bytes], object] = len
) -> Iterator[tuple[int, bytes]]:
    """Yield the text of a file, plain or compressed (bz2, gzip, xz), in blocks of lines.

    Parameters
    ----------
    path
        The file; its byte-order mark is left out.
    observe
        Called with every piece of the text in order, including a byte-order mark; the default has
        no effect.

    Yields
    ------
    number
        The number of the first line of the block, counted from 1.
    block
        About `BLOCK` bytes of text that end with a complete line.

    Raises
    ------
    DataError
        For a file that cannot be read or decompressed, or that has a line longer than `MAX_LINE`.
    """
    number = 1
    try:
        with open_bytes(path) as file:
            observe(BOM[: file.tell()])
            while block := file.read(BLOCK):
                if not block.endswith(b"\n"):
                    line_end = file.readline(MAX_LINE)
                    if len(line_end) == MAX_LINE:
                        raise _too_long(path, number + block.count(b"\n"))
                    block += line_end
                observe(block)
                yield number, block
                number += block.count(b"\n")
    except (EOFError, lzma.LZMAError, zlib.error) as error:
        raise _damaged(path) from error
    except OSError as error:
        if error.errno is None:  # raised by a decompressor, not by the disk
            raise _damaged(path) from error
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


def _damaged(path: Path) -> DataError:
    return DataError(
        f"{quoted_path(path)} is truncated or damaged: it cannot be decompressed.",
        "fetch the file again.",
    )


def _too_long(path: Path, number: int) -> DataError:
    return DataError(
        f"{quoted_path(path)} cannot be used: line {number} is longer than {MAX_LINE >> 20} MiB.",
        "check that the file is LIBSVM text, one sample a line.",
    )
