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
"""How a compressed file begins; the suffix is not asked."""

SUFFIXES = ("", ".bz2", ".gz", ".xz")


def open_bytes(path: Path) -> BinaryIO:
    """Open `path` for reading its bytes, decompressed where it is bz2, gzip or xz data."""
    file = path.open("rb")
    start = file.read(max(map(len, MAGIC)))
    for magic, opener in MAGIC.items():
        if start.startswith(magic):
            file.close()
            return cast(BinaryIO, opener(path, "rb"))
    file.seek(0)
    return file
