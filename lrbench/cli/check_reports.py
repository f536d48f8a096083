"""The files of `lrbench check` for CI, which are written where it is refused, too."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import click

from lrbench.errors import LrbenchError, UsageError
from lrbench.gate import CheckOutcome
from lrbench.results import reserve
from lrbench.results.files import write_result

XML = b"<?xml"
"""How the files of --junit begin."""


@contextlib.contextmanager
def reported_refusal(
    file: str | None, junit: Path | None, inputs: Sequence[Path], *, github: bool
) -> Iterator[None]:
    """Write an error of the block to the files for CI, too, as that of a single check.

    Parameters
    ----------
    file
        The configuration or the result, which names the check; None for several.
    junit, github
        The options.
    inputs
        The files that are read, as far as they are known; `junit` is none of them.
    """
    try:
        yield
    except LrbenchError as error:
        outcome = CheckOutcome(file or "lrbench check", "", (), cause=error)
        # Whatever cannot be written now is not worth hiding the error for.
        with contextlib.suppress(LrbenchError, OSError):
            reserve_junit(junit, inputs)
            # The configuration may name further files, and nobody could read which.
            if junit is not None and junit.exists() and not junit.read_bytes().startswith(XML):
                junit = None
            write_reports([outcome], file, junit, github=github)
        raise


def reserve_junit(junit: Path | None, inputs: Sequence[Path]) -> None:
    """Raise an error if the JUnit file cannot be written, or is one of the files to read."""
    if junit is None:
        return
    target = reserve(junit, force=True)
    if any(path.resolve() == target for path in inputs):
        raise UsageError(
            f"--junit {junit} is a file that is read.", "give the path of another file."
        )


def write_reports(
    outcomes: Sequence[CheckOutcome], file: str | None, junit: Path | None, *, github: bool
) -> None:
    """Write the JUnit XML, and the annotations of `file` and the summary for GitHub."""
    if junit is not None:
        from lrbench.reports.to_junit import junit as to_junit

        content = to_junit(outcomes)

        def fill(out: BinaryIO) -> None:
            out.write(content)

        write_result(junit, True, fill)
    if github:
        from lrbench.reports.to_github import SUMMARY, markdown, workflow_commands

        for text in workflow_commands(outcomes, file or ""):
            click.echo(text, err=True)
        if os.environ.get(SUMMARY):
            summary = markdown(outcomes).encode("utf-8", "backslashreplace")
            # Appended, because other commands of the same step write to the file, too.
            with Path(os.environ[SUMMARY]).open("ab") as out:
                out.write(summary)


@contextlib.contextmanager
def ignore_closed_pipe() -> Iterator[None]:
    """Ignore that the reader of stdout has closed the pipe.

    Otherwise the exit code would be 0 as for `lrbench run ... | head`, and a failure would be lost.
    """
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
