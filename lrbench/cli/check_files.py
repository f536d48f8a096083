"""What `lrbench check` writes beside its page: JUnit XML, annotations, a summary."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from lrbench.errors import UsageError

if TYPE_CHECKING:
    from lrbench.gate import Outcome


def reserve_junit(junit: Path | None, read: Sequence[Path]) -> None:
    """Check that the JUnit file can be written, and is none of those that are read."""
    if junit is None:
        return
    from lrbench.results import reserve

    target = reserve(junit, force=True)
    if any(path.resolve() == target for path in read):
        raise UsageError(
            f"--junit {junit} is a file that is read.", "give the path of another file."
        )


@contextlib.contextmanager
def reader_may_leave() -> Iterator[None]:
    """Go on where the reader of stdout has closed the pipe: the exit code is for a script."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def report(outcomes: Sequence[Outcome], about: str, junit: Path | None, *, github: bool) -> None:
    """Write what CI systems read."""
    if junit is not None:
        from lrbench.reports.to_junit import junit as as_junit
        from lrbench.results.files import write_result

        content = as_junit(outcomes)

        def fill(file: BinaryIO) -> None:
            file.write(content)

        write_result(junit, True, fill)
    if github:
        from lrbench.reports.to_github import SUMMARY, markdown, workflow_commands

        for text in workflow_commands(outcomes, "" if about == "-" else about):
            click.echo(text, err=True)
        if os.environ.get(SUMMARY):
            page_of_step = markdown(outcomes).encode("utf-8", "backslashreplace")
            with Path(os.environ[SUMMARY]).open("ab") as file:
                file.write(page_of_step)
