"""Fetching sets of the LIBSVM collection and checking them before use."""

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
from lrbench.data.collection.download import download, printable_url
from lrbench.data.collection.folder import data_dir, in_data_dir
from lrbench.errors import DataError, UsageError, quoted, quoted_path

MIRROR = "LRBENCH_DATA_MIRROR"
OFFLINE = "LRBENCH_OFFLINE"


def url_of(entry: Listed) -> str:
    """Return the address of the set on the site or on the mirror ``LRBENCH_DATA_MIRROR``.

    Raises
    ------
    UsageError
        If the mirror is not an address.
    """
    base = os.environ.get(MIRROR) or SITE
    if not base.startswith(("http://", "https://")):
        raise UsageError(
            f"{MIRROR} is {quoted(printable_url(base))}, which does not begin with http:// or https://.",
            f"give an address, or copy files into {quoted_path(data_dir())} by hand.",
        )
    return f"{base.rstrip('/')}/{entry.place}"


def fetch_on_first_use(entry: Listed) -> Path:
    """Fetch a set that a run needs and that is not in the folder of sets; return its file.

    Raises
    ------
    DataError, UsageError
        As for `fetch`; also under CI (``CI=true``), where only `fetch` itself downloads.
    """
    if os.environ.get("CI", "").lower() in ("1", "true"):
        raise DataError(
            f"the set {entry.name} is not in {quoted_path(data_dir())}, and under CI a run does not"
            " fetch sets.",
            f"run lrbench data fetch {entry.name} in an earlier step.",
        )
    return fetch(entry)


def fetch(entry: Listed) -> Path:
    """Return the file of a set, and fetch it first if it is not in the folder of sets.

    Parameters
    ----------
    entry
        The set.

    Raises
    ------
    DataError
        If the set is missing and ``LRBENCH_OFFLINE`` is set, if it cannot be fetched or written,
        or if the fetched or the present file is not the set.
    UsageError
        If the mirror is not an address.

    Notes
    -----
    The name, the source and the target of a download are always written to stderr. The text is
    checked before the file gets its name, against the checksum of the collection or of the first
    fetch, or by its number of lines if there is no checksum. Its checksum is recorded for
    `check_parsed`. If several processes fetch the same set, one downloads it and the others wait.
    The lock of a process that is killed becomes free, and the next fetch removes its files.
    """
    path = in_data_dir(entry.name)
    if path is not None:
        checked = check_file(entry, path)
        if checked.verdict == "BAD":
            raise DataError(checked.reason, f"move {quoted_path(path)} away and fetch it again.")
        return path
    if os.environ.get(OFFLINE, "0") not in ("", "0"):
        raise DataError(
            f"the set {entry.name} is not in {quoted_path(data_dir())}, and {OFFLINE} forbids"
            " fetching it.",
            f"unset {OFFLINE} and run lrbench data fetch {entry.name}, or put {entry.file} there.",
        )
    url = url_of(entry)
    with _writing(data_dir()), _lock(entry):
        # Looked up again, because another process may have fetched the set during the wait.
        return in_data_dir(entry.name) or _fetch(entry, url)


def _fetch(entry: Listed, url: str) -> Path:
    """Download, check and record the file while the lock is held."""
    target = data_dir() / entry.file
    source = printable_url(url)
    _say(f"fetching {entry.name}{_size(entry)} from {source} to {quoted_path(target)}")
    hint = (
        f"set {MIRROR} to a mirror of the site, or put {entry.file} into"
        f" {quoted_path(data_dir())} by hand."
    )
    expected = entry.sha256 or recorded(entry.name)
    scratch = data_dir() / f".{entry.name}.part"
    shutil.rmtree(scratch, ignore_errors=True)  # of a process that was killed
    scratch.mkdir()
    try:
        path = scratch / entry.file
        download(url, path, hint)
        try:
            text = read_text(path)
        except DataError as error:
            raise DataError(f"the answer of {source} is truncated or damaged.", hint) from error
        reason = fault(entry, text, expected)
        if reason:
            if expected and not entry.sha256:  # the record may be older than a change of the site
                old = quoted_path(record_path(entry.name))
                hint = f"{hint[:-1]}; if the site has changed the set, delete {old}."
            raise DataError(f"the answer of {source} is not the set {entry.name}: {reason}", hint)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        # Recorded first: a set without a record would be used as it is, whatever happens to it.
        record(entry.name, text.sha256)
        path.replace(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _size(entry: Listed) -> str:
    if entry.text_bytes is None:
        return ""
    unit, name = (1e6, "MB") if entry.text_bytes >= 1e6 else (1e3, "kB")
    return f" ({entry.text_bytes / unit:.1f} {name} of text)"


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Create the folder if it does not exist; raise `DataError` for an `OSError` in the block."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        if isinstance(error, FileExistsError):
            reason = "it is not a folder"
        raise DataError(
            f"nothing can be written into {quoted_path(folder)}: {reason}.",
            "make room or check its permissions, or set LRBENCH_DATA_DIR to another folder.",
        ) from error


@contextlib.contextmanager
def _lock(entry: Listed) -> Iterator[None]:
    """Hold the lock of the set in the block; wait if another process holds it."""
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
    with contextlib.suppress(OSError, AttributeError):  # stderr may be closed or None
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
