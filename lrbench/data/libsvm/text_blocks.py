"""The text of a file, decompressed, in blocks of whole lines."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from lrbench.data.libsvm.compressed import BOM, compressed_beside, open_bytes
from lrbench.errors import DataError, quoted_path

BLOCK = 1 << 22
"""Bytes of text held at a time; a longer line is held whole."""

MAX_LINE = 1 << 28
"""No line beyond this: a compressed file of a few kilobytes may claim to hold one of any length."""


def text_blocks(path: Path, seen: Callable[[bytes], object] = len) -> Iterator[tuple[int, bytes]]:
    """Yield the text of a file, plain or compressed (bz2, gzip, xz), in pieces.

    Parameters
    ----------
    path
        The file; a byte-order mark is left out.
    seen
        Called with every piece of the text in turn, a byte-order mark included.

    Yields
    ------
    number
        Of the first line of the block, from 1.
    block
        Some `BLOCK` bytes that end where a line ends.

    Raises
    ------
    DataError
        For a file that cannot be read or decompressed, or has a line longer than `MAX_LINE`.
    """
    number = 1
    try:
        with open_bytes(path) as file:
            seen(BOM[: file.tell()])
            while block := file.read(BLOCK):
                if not block.endswith(b"\n"):
                    rest = file.readline(MAX_LINE)
                    if len(rest) == MAX_LINE:
                        raise _too_long(path, number + block.count(b"\n"))
                    block += rest
                seen(block)
                yield number, block
                number += block.count(b"\n")
    except (EOFError, lzma.LZMAError, zlib.error) as error:
        raise _damaged(path) from error
    except OSError as error:
        if error.errno is None:  # of a decompressor, not of the disk
            raise _damaged(path) from error
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> DataError:
    """Return what to raise where `path` is missing or the disk refuses to read it."""
    if isinstance(error, FileNotFoundError):
        packed = compressed_beside(path)
        hint = f"did you mean {quoted_path(packed)}?" if packed else "check the path of the data."
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
