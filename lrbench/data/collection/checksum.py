"""Whether a file holds the text that a set of the collection should have."""

from __future__ import annotations

import hashlib
import lzma
import re
import zlib
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from lrbench.cache.folder import write_atomically
from lrbench.data.collection.catalogue import Listed
from lrbench.data.collection.folder import data_dir
from lrbench.data.libsvm.compressed import open_bytes
from lrbench.errors import DataError, quoted_path

BLOCK = 1 << 20
"""Bytes of whole lines hashed in one go."""


class Text(NamedTuple):
    """What is asked of an uncompressed text."""

    sha256: str
    n_lines: int
    """Lines that are not blank."""
    start: bytes
    """The first line that is not blank."""


class Checked(NamedTuple):
    """What came of checking a file."""

    verdict: Literal["ok", "remade", "recorded", "unrecorded", "BAD"]
    """ok: the site's text; remade: the same data, written by another hand; recorded: as it was
    when it was fetched; unrecorded: nothing is known to compare with."""
    sha256: str | None
    why: str = ""
    """What is BAD."""


def read_text(path: Path) -> Text:
    """Return the checksum and the number of lines of the text in a file.

    Parameters
    ----------
    path
        Plain or compressed (bz2, gzip, xz).

    Raises
    ------
    DataError
        For a file that is damaged.
    OSError
        For one that cannot be read.
    """
    digest, n_lines, start = hashlib.sha256(), 0, b""
    try:
        with open_bytes(path) as file:
            file.seek(0)  # a byte-order mark counts
            while lines := file.readlines(BLOCK):
                digest.update(b"".join(lines))
                filled = [line for line in lines if not line.isspace()]
                start = start or b"".join(filled[:1])
                n_lines += len(filled)
    except (EOFError, lzma.LZMAError, zlib.error) as error:
        raise _damaged(path) from error
    except OSError as error:
        if error.errno is None:
            raise _damaged(path) from error
        raise
    return Text(digest.hexdigest(), n_lines, start)


def _damaged(path: Path) -> DataError:
    return DataError(
        f"{quoted_path(path)} is truncated or damaged: it cannot be decompressed.",
        "delete it and fetch the set again.",
    )


def record_path(name: str) -> Path:
    """Return the file that keeps the checksum of a set as it was fetched."""
    return data_dir() / f"{name}.sha256"


def recorded(name: str) -> str | None:
    """Return the checksum that was recorded when the set `name` was fetched, None if none was.

    Raises
    ------
    DataError
        Where the record is not one.
    """
    path = record_path(name)
    try:
        text = path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        raise DataError(
            f"{quoted_path(path)} cannot be read: {reason}.", "check its permissions."
        ) from error
    match = re.match(r"[0-9a-f]{64}(?=\s)", text)
    if match is None:
        raise DataError(
            f"{quoted_path(path)} is not a record: it must begin with a sha256.",
            f"delete it; lrbench data fetch {name} checks the set against what it can.",
        )
    return match[0]


def record(name: str, sha256: str) -> None:
    """Write the checksum of a set's uncompressed text, in the format of `sha256sum`."""
    line = f"{sha256}  {name}\n".encode()

    def write(file: BinaryIO) -> None:
        file.write(line)

    write_atomically(record_path(name), write)


def check_file(entry: Listed, path: Path) -> Checked:
    """Return whether the file holds the text of the set.

    Parameters
    ----------
    entry
        The set.
    path
        The file, plain or compressed.

    Notes
    -----
    Without a checksum, in the collection or recorded, a wrong number of lines is BAD all the same.
    """
    try:
        text = read_text(path)
        if text.sha256 == entry.remade_sha256:
            return Checked("remade", text.sha256)
        known = entry.sha256 or recorded(entry.name)
        why = fault(entry, text, known)
    except DataError as error:
        return Checked("BAD", None, error.message)
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        return Checked("BAD", None, f"{quoted_path(path)} cannot be read: {reason}.")
    if why:
        return Checked(
            "BAD", text.sha256, f"{quoted_path(path)} is not the set {entry.name}: {why}"
        )
    return Checked("ok" if entry.sha256 else "recorded" if known else "unrecorded", text.sha256)


def fault(entry: Listed, text: Text, known: str | None) -> str:
    """Return why a text is not that of the set; empty where nothing speaks against it.

    Parameters
    ----------
    entry
        The set.
    text
        What was read.
    known
        The checksum that it must have; None where none is known.
    """
    if text.start.lstrip()[:1] == b"<":
        return "it is a web page."
    if known is not None:
        return "" if text.sha256 == known else _other(text.sha256, known)
    if not re.match(rb"\s*[-+]?[0-9.]", text.start):
        return "it is not LIBSVM text."
    if entry.n_samples not in (None, text.n_lines):
        return f"it has {text.n_lines} lines, not {entry.n_samples}."
    return ""


def check_parsed(entry: Listed, path: Path, sha256: str) -> None:
    """Raise `DataError` where a file is no longer what was fetched.

    Parameters
    ----------
    entry
        The set that the file is named after.
    path
        The file.
    sha256
        Of its uncompressed text.

    Notes
    -----
    A file put there by hand, without a record, is taken as it is: see `check_file`.
    """
    known = recorded(entry.name)
    if known is not None and sha256 not in (known, entry.sha256, entry.remade_sha256):
        raise DataError(
            f"{quoted_path(path)} is not what was fetched: {_other(sha256, known)}",
            f"move it away to fetch {entry.name} again, or write its path to use this very file.",
        )


def _other(sha256: str, known: str) -> str:
    return f"its sha256 is {sha256[:12]}…, not {known[:12]}…."
