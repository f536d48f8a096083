"""Checking that a file holds the text of a set of the collection."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Literal, NamedTuple

from lrbench.cache.folder import write_atomically
from lrbench.cache.read_whole import read_whole
from lrbench.data.collection.catalogue import Listed
from lrbench.data.collection.folder import data_dir
from lrbench.data.libsvm.compressed import DamagedError, open_bytes
from lrbench.errors import DataError, quoted_path

BLOCK = 1 << 20
"""The approximate number of bytes, in complete lines, that are hashed at a time."""


class Text(NamedTuple):
    """The properties of an uncompressed text by which a set is recognised."""

    sha256: str
    n_lines: int
    """The number of lines that are not blank."""
    start: bytes
    """The first line that is not blank."""


class Checked(NamedTuple):
    """The result of checking a file."""

    verdict: Literal["ok", "remade", "recorded", "unrecorded", "BAD"]
    """ok: the text of the site; remade: another text of the same data; recorded: the text that was
    fetched; unrecorded: there is no checksum to compare with; BAD: another or a damaged text."""
    sha256: str | None
    reason: str = ""
    """Why the file is BAD, in a sentence."""


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
        For a file that cannot be read.
    """
    digest, n_lines, start = hashlib.sha256(), 0, b""
    try:
        with open_bytes(path) as file:
            while lines := file.readlines(BLOCK):
                digest.update(b"".join(lines))
                filled = [line for line in lines if not line.isspace()]
                start = start or b"".join(filled[:1])
                n_lines += len(filled)
    except DamagedError as error:
        raise DataError(
            f"{quoted_path(path)} is truncated or damaged: {error}.",
            "delete it and fetch the set again.",
        ) from error
    return Text(digest.hexdigest(), n_lines, start)


def record_path(name: str) -> Path:
    """Return the file in which the checksum of a set is recorded when it is fetched."""
    return data_dir() / f"{name}.sha256"


def recorded(name: str) -> str | None:
    """Return the checksum that was recorded when the set `name` was fetched, or None.

    Raises
    ------
    DataError
        If the record cannot be read or does not begin with a checksum.
    """
    path = record_path(name)
    try:
        text = read_whole(path).decode("utf-8-sig", "replace")
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
            f"delete it, and check the set with lrbench data fetch {name}.",
        )
    return match[0]


def record(name: str, sha256: str) -> None:
    """Write the checksum of a set's uncompressed text, in the format of `sha256sum`."""
    line = f"{sha256}  {name}\n".encode()
    write_atomically(record_path(name), lambda file: file.write(line))


def check_file(entry: Listed, path: Path) -> Checked:
    """Check whether a file holds the text of a set.

    Parameters
    ----------
    entry
        The set.
    path
        The file, plain or compressed.

    Notes
    -----
    If neither the collection nor a record has a checksum, only the number of lines is compared.
    """
    try:
        text = read_text(path)
        if text.sha256 == entry.remade_sha256:
            return Checked("remade", text.sha256)
        expected = entry.sha256 or recorded(entry.name)
        reason = fault(entry, text, expected)
    except DataError as error:
        return Checked("BAD", None, error.message)
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        return Checked("BAD", None, f"{quoted_path(path)} cannot be read: {reason}.")
    if reason:
        return Checked(
            "BAD", text.sha256, f"{quoted_path(path)} is not the set {entry.name}: {reason}"
        )
    return Checked("ok" if entry.sha256 else "recorded" if expected else "unrecorded", text.sha256)


def fault(entry: Listed, text: Text, expected: str | None) -> str:
    """Return the reason why a text is not that of the set, or an empty string.

    Parameters
    ----------
    entry
        The set.
    text
        The properties of the text.
    expected
        The checksum that the text must have; None if no checksum is known.
    """
    if text.start.lstrip()[:1] == b"<":  # such as the log-in page of a network
        return "it is a web page."
    if expected is not None:
        return "" if text.sha256 == expected else _mismatch(text.sha256, expected)
    if not re.match(rb"\s*[-+]?[0-9.]", text.start):
        return "it is not LIBSVM text."
    if entry.n_samples not in (None, text.n_lines):
        return f"it has {text.n_lines} lines, not {entry.n_samples}."
    return ""


def check_parsed(entry: Listed, path: Path, sha256: str) -> None:
    """Raise `DataError` if the text of a file is not the one that was fetched.

    Parameters
    ----------
    entry
        The set after which the file is named.
    path
        The file.
    sha256
        The checksum of its uncompressed text.

    Notes
    -----
    A file that was put into the folder by hand has no record and is used as it is.
    """
    expected = recorded(entry.name)
    if expected is not None and sha256 not in (expected, entry.sha256, entry.remade_sha256):
        raise DataError(
            f"{quoted_path(path)} is not what was fetched: {_mismatch(sha256, expected)}",
            f"move it away to fetch {entry.name} again, or give its path to use this file.",
        )


def _mismatch(sha256: str, expected: str) -> str:
    return f"its sha256 is {sha256[:12]}…, not {expected[:12]}…."
