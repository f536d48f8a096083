"""Opening a file that may be compressed."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

MAGIC: dict[bytes, Callable[[Path, str], object]] = {
    b"BZh": bz2.open,
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ\x00": lzma.open,
}
"""The first bytes of compressed files, which decide; the suffix does not."""

SUFFIXES = ("", ".bz2", ".gz", ".xz")

BOM = b"\xef\xbb\xbf"
"""The byte-order mark with which some editors begin a text in UTF-8."""


def open_bytes(path: Path) -> BinaryIO:
    """Open `path` for reading its bytes, decompressed where it is bz2, gzip or xz data.

    Notes
    -----
    The byte-order mark of a text in UTF-8 is skipped. Since the first bytes are read, damaged data
    may raise an error here.
    """
    with path.open("rb") as raw:
        start = raw.read(max(map(len, MAGIC)))
    opener = next((opener for magic, opener in MAGIC.items() if start.startswith(magic)), open)
    file = cast(BinaryIO, opener(path, "rb"))
    try:
        if file.read(len(BOM)) != BOM:
            file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def compressed_beside(path: Path) -> Path | None:
    """Return the file whose name is `path` and a suffix of compression, or None if none exists."""
    candidates = (Path(f"{path}{suffix}") for suffix in SUFFIXES[1:])
    return next((candidate for candidate in candidates if is_file(candidate)), None)


def is_file(path: Path) -> bool:
    """Return whether `path` is a file; False also for a name that is too long."""
    try:
        return path.is_file()
    except OSError:
        return False
