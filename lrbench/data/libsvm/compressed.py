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

BOM = b"\xef\xbb\xbf"
"""How some editors begin a text in UTF-8."""


def open_bytes(path: Path) -> BinaryIO:
    """Open `path` for reading its bytes, decompressed where it is bz2, gzip or xz data.

    Notes
    -----
    The byte-order mark of a text in UTF-8 is skipped. Damaged data may raise here already.
    """
    file = cast(BinaryIO, _opener(path)(path, "rb"))
    try:
        if file.read(len(BOM)) != BOM:
            file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def compressed_beside(path: Path) -> Path | None:
    """Return the compressed file that `path` would be without its suffix, if there is one."""
    candidates = (Path(f"{path}{suffix}") for suffix in SUFFIXES[1:])
    return next((found for found in candidates if is_file(found)), None)


def is_file(path: Path) -> bool:
    """Return whether there is a file `path`; a name that is too long is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _opener(path: Path) -> Callable[[Path, str], object]:
    with path.open("rb") as file:
        start = file.read(max(map(len, MAGIC)))
    return next((opener for magic, opener in MAGIC.items() if start.startswith(magic)), open)
