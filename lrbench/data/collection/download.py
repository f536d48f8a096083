"""Downloading a file over HTTP, with new attempts where they may help and readable errors."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrbench.errors import DataError, quoted_path

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

ATTEMPTS = 3
TIMEOUT_SECONDS = (10.0, 60.0)
"""The longest waits: for the connection, and between two pieces of the body."""

PIECE = 1 << 16


def printable_url(url: str) -> str:
    """Return an address in one line, without user and password."""
    return quoted_path(re.sub("//[^/?#]*@", "//", url))


def download(url: str, path: Path, hint: str) -> None:
    """Download the file at `url` to `path`.

    Parameters
    ----------
    url
        An address with http or https.
    path
        The file, written to while the bytes arrive. After a failure it may be incomplete.
    hint
        The hint of the error if the download fails.

    Raises
    ------
    DataError
        If the server cannot be reached, refuses, or breaks off in every attempt.
    OSError
        If the file cannot be written.

    Notes
    -----
    Errors that another attempt cannot mend (4xx) end the download at once. On a terminal a bar on
    stderr shows the progress.
    """
    from pooch import HTTPDownloader
    from requests.exceptions import RequestException

    for attempt in range(1, ATTEMPTS + 1):
        try:
            with _bar(path.name) as bar, _closed_at_the_end() as hooks:
                get = HTTPDownloader(
                    progressbar=bar,
                    chunk_size=PIECE,
                    timeout=TIMEOUT_SECONDS,
                    headers={"Accept-Encoding": "identity"},  # no compression on the way
                    hooks=hooks,
                )
                get(url, str(path), None)
            return
        except (RequestException, ValueError) as error:
            if attempt == ATTEMPTS or _is_final(error):
                raise DataError(
                    f"{printable_url(url)} cannot be fetched: {_reason(error)}.", hint
                ) from error
        time.sleep(attempt)  # seconds: a server that is busy needs time before the next try


@contextlib.contextmanager
def _closed_at_the_end() -> Iterator[dict[str, Any]]:
    """Yield hooks that close every response in the end, because pooch leaves failed ones open."""
    with contextlib.ExitStack() as stack:

        def keep(response: Any, *args: object, **options: object) -> None:
            stack.callback(response.close)

        yield {"response": keep}


def _is_final(error: Exception) -> bool:
    """Return whether another attempt would fail in the same way."""
    from requests.exceptions import HTTPError, TooManyRedirects

    if isinstance(error, HTTPError) and error.response is not None:
        return error.response.status_code < 500
    return isinstance(error, ValueError | TooManyRedirects)


def _reason(error: Exception) -> str:
    """Return the cause of a failed download, from the error and the errors that led to it."""
    from requests import exceptions
    from urllib3.exceptions import IncompleteRead
    from urllib3.exceptions import TimeoutError as PoolTimeoutError

    if isinstance(error, exceptions.HTTPError) and error.response is not None:
        return f"the server answers {error.response.status_code} {error.response.reason}"
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, IncompleteRead) and cause.expected is not None:
            n_bytes = cause.partial if isinstance(cause.partial, int) else len(cause.partial)
            return f"the connection was cut after {n_bytes} of {n_bytes + cause.expected} bytes"
    # The first match counts, so special classes come before their base classes.
    kinds: list[tuple[tuple[type[BaseException], ...], str]] = [
        ((exceptions.ProxyError,), "the proxy of the environment does not let it through"),
        ((socket.gaierror,), "the host is unknown"),
        ((ConnectionRefusedError,), "the connection was refused"),
        ((ssl.SSLError,), "the server's certificate cannot be trusted"),
        ((TimeoutError, exceptions.Timeout, PoolTimeoutError), "there was no answer in time"),
        ((ConnectionError, exceptions.ChunkedEncodingError), "the connection was cut"),
        ((exceptions.TooManyRedirects,), "it is redirected in a circle"),
        ((ValueError,), "that is not an address"),  # to requests, or to urllib3 below it
    ]
    for classes, reason in kinds:
        if any(isinstance(cause, classes) for cause in causes):
            return reason
    return "the request failed"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class _Bar:
    """A progress bar of rich with the methods that pooch calls."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    @property
    def total(self) -> float | None:
        return self._progress.tasks[self._task].total

    @total.setter
    def total(self, n_bytes: int) -> None:
        self._progress.update(self._task, total=n_bytes or None)  # 0: the server does not state it

    def update(self, n_bytes: int) -> None:
        self._progress.advance(self._task, n_bytes)

    def reset(self) -> None:
        self._progress.update(self._task, completed=0)

    def close(self) -> None:
        pass


@contextlib.contextmanager
def _bar(label: str) -> Iterator[_Bar | bool]:
    """Show a bar on stderr during the download; yield False if stderr is not a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield False
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Bar(progress, progress.add_task(label, total=None))
