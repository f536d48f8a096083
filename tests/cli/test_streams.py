"""Every form of a result on a stdout that is full, limited, closed or non-blocking: exit code 3."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pty
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from lrbench.errors import ExitCode
from lrbench.reports import REPORTS

BUFFERING = pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])


def show(
    file: Path, form: str, unbuffered: str, stdout: IO[bytes] | int | None, **more: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run `lrbench show` in a process of its own, because the streams are those of a process."""
    return subprocess.run(
        [sys.executable, "-m", "lrbench", "show", str(file), "--format", form],
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
        **more,
    )


@pytest.fixture(scope="module")
def saved(shared_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a result that is longer in every form than a pipe or the limit of the tests holds."""
    del shared_cache
    file = tmp_path_factory.mktemp("saved") / "r.json"
    lr0 = ",".join(f"{1 + k / 64:g}" for k in range(64))
    words = ["run", "-p", "log-spectrum", "-n", "100", "--lr0", lr0, "--save", str(file), "-q"]
    subprocess.run([sys.executable, "-m", "lrbench", *words], capture_output=True, check=True)
    return file


def assert_refused(outcome: subprocess.CompletedProcess[bytes], number: int) -> None:
    lines = outcome.stderr.decode().splitlines()
    assert outcome.returncode == ExitCode.WORLD, lines
    assert [line.partition(": ")[0] for line in lines] == ["Error", "Hint"]
    reason = "stdout is closed" if number == errno.EBADF else os.strerror(number)
    assert reason in lines[0] or "write could not complete" in lines[0]


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


@BUFFERING
@pytest.mark.parametrize("form", list(REPORTS))
def test_a_file_that_takes_only_a_part(
    form: str, unbuffered: str, saved: Path, tmp_path: Path
) -> None:
    with (tmp_path / "out").open("wb") as out:
        outcome = show(saved, form, unbuffered, out, preexec_fn=limited)
    assert_refused(outcome, errno.EFBIG)


@BUFFERING
def test_a_full_device(unbuffered: str, saved: Path) -> None:
    with Path("/dev/full").open("wb") as out:
        assert_refused(show(saved, "json", unbuffered, out), errno.ENOSPC)


@contextlib.contextmanager
def non_blocking_pipe() -> Iterator[int]:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETFL, os.O_NONBLOCK)
    try:
        yield writing
    finally:
        os.close(reading)
        os.close(writing)


@BUFFERING
def test_a_non_blocking_pipe_that_nobody_reads(unbuffered: str, saved: Path) -> None:
    with non_blocking_pipe() as out:
        assert_refused(show(saved, "json", unbuffered, out), errno.EAGAIN)


@BUFFERING
def test_a_terminal_is_still_one(unbuffered: str) -> None:
    """A short page on a terminal is in colour, also with stderr elsewhere."""
    terminal, stdout = pty.openpty()
    with open(terminal, "rb", buffering=0) as screen:  # noqa: PTH123
        outcome = subprocess.run(
            [sys.executable, "-m", "lrbench", "list", "losses", "squared"],
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
            stdout=stdout,
            stderr=subprocess.PIPE,
            check=False,
        )
        os.close(stdout)
        assert (outcome.returncode, outcome.stderr) == (0, b"")
        assert b"\x1b[" in screen.read(1 << 12)


@BUFFERING
def test_a_closed_stdout(unbuffered: str, saved: Path) -> None:
    closing: Callable[[], None] = lambda: os.close(1)  # noqa: E731
    assert_refused(show(saved, "json", unbuffered, None, preexec_fn=closing), errno.EBADF)
