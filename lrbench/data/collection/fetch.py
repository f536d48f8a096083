"""Fetching a set of the LIBSVM collection: once, whole, and checked."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from lrbench.data.collection.catalogue import SITE, Listed
from lrbench.data.collection.checksum import (
    check_file,
    fault,
    read_text,
    record,
    record_path,
    recorded,
)
from lrbench.data.collection.download import download, shown_url
from lrbench.data.collection.folder import data_dir, in_data_dir
from lrbench.errors import DataError, UsageError, quoted, quoted_path

MIRROR = "LRBENCH_DATA_MIRROR"
OFFLINE = "LRBENCH_OFFLINE"


def url_of(entry: Listed) -> str:
    """Return where the set is fetched from: the site, or the mirror of ``LRBENCH_DATA_MIRROR``.

    Raises
    ------
    UsageError
        Where the mirror is not an address.
    """
    base = os.environ.get(MIRROR) or SITE
    if not base.startswith(("http://", "https://")):
        raise UsageError(
            f"{MIRROR} is {quoted(shown_url(base))}, which does not begin with http:// or https://.",
            f"give an address, or copy files into {quoted_path(data_dir())} by hand.",
        )
    return f"{base.rstrip('/')}/{entry.place}"


def fetch_on_first_use(entry: Listed) -> Path:
    """Fetch a set that a run asks for and that is not here; return its file.

    Raises
    ------
    DataError, UsageError
        As `fetch`; and under CI (``CI=true``), where nothing is fetched unasked.
    """
    if os.environ.get("CI", "").lower() in ("1", "true"):
        raise DataError(
            f"the set {entry.name} is not in {quoted_path(data_dir())}, and under CI none is"
            " fetched unasked.",
            f"let an earlier step say lrbench data fetch {entry.name}.",
        )
    return fetch(entry)


def fetch(entry: Listed) -> Path:
    """Return the file of a set, which is fetched if it is not here.

    Parameters
    ----------
    entry
        The set.

    Raises
    ------
    DataError
        Offline (``LRBENCH_OFFLINE``), where the set cannot be fetched or written, where what comes
        is not the set, and where a file that is here is not.
    UsageError
        For a mirror that is not an address.

    Notes
    -----
    Says on stderr what it fetches, from where and to where, whoever calls it. The text is checked
    before the file takes its name: against the checksum of the collection or of the first fetch;
    without either by its number of lines. Its checksum is recorded for later (`check_parsed`). Of
    several processes one fetches and the others wait; the lock of one that was killed is free, and
    what it left is swept.
    """
    found = in_data_dir(entry.name)
    if found is not None:
        checked = check_file(entry, found)
        if checked.verdict == "BAD":
            raise DataError(checked.why, f"move {quoted_path(found)} away and fetch it again.")
        return found
    if os.environ.get(OFFLINE, "0") not in ("", "0"):
        raise DataError(
            f"the set {entry.name} is not in {quoted_path(data_dir())}, and {OFFLINE} forbids to"
            " fetch it.",
            f"unset {OFFLINE} and say lrbench data fetch {entry.name}, or put {entry.file} there.",
        )
    url = url_of(entry)
    with _writing(data_dir()), _lock(entry):
        return in_data_dir(entry.name) or _fetch(entry, url)


def _fetch(entry: Listed, url: str) -> Path:
    """Fetch the file, with the lock held."""
    target = data_dir() / entry.file
    source = shown_url(url)
    _say(f"fetching {entry.name}{_size(entry)} from {source} to {quoted_path(target)}")
    hint = (
        f"set {MIRROR} to a mirror of the site, or put {entry.file} into"
        f" {quoted_path(data_dir())} by hand."
    )
    known = entry.sha256 or recorded(entry.name)
    workplace = data_dir() / f".{entry.name}.part"
    shutil.rmtree(workplace, ignore_errors=True)  # of a fetch that was killed
    workplace.mkdir()
    try:
        part = workplace / entry.file
        download(url, part, hint)
        try:
            text = read_text(part)
        except DataError as error:
            raise DataError(f"what {source} answers is truncated or damaged.", hint) from error
        why = fault(entry, text, known)
        if why:
            old = "" if entry.sha256 or not known else f"; {_forget(entry)}"
            raise DataError(
                f"what {source} answers is not the set {entry.name}: {why}", hint[:-1] + old + "."
            )
        with part.open("rb") as file:
            os.fsync(file.fileno())
        record(entry.name, text.sha256)
        part.replace(target)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
    return target


def _size(entry: Listed) -> str:
    if entry.text_bytes is None:
        return ""
    unit, name = (1e6, "MB") if entry.text_bytes >= 1e6 else (1e3, "kB")
    return f" ({entry.text_bytes / unit:.1f} {name} of text)"


def _forget(entry: Listed) -> str:
    return f"if the site has changed the set, delete {quoted_path(record_path(entry.name))}"


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Make the folder if need be; raise `DataError` where the disk refuses what is done there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        if isinstance(error, FileExistsError):
            reason = "it is no folder"
        raise DataError(
            f"nothing can be written into {quoted_path(folder)}: {reason}.",
            "make room or check its permissions, or set LRBENCH_DATA_DIR to another folder.",
        ) from error


@contextlib.contextmanager
def _lock(entry: Listed) -> Iterator[None]:
    """Hold the lock of the set; wait for another process that holds it."""
    from filelock import FileLock, Timeout

    lock = FileLock(data_dir() / f".{entry.name}.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        _say(f"waiting for another process that fetches {entry.name}")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _say(text: str) -> None:
    with contextlib.suppress(OSError, AttributeError):  # stderr may be closed, or none
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
