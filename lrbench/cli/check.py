"""`lrbench check`: a gate on convergence."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from lrbench.cli.check_options import check_options
from lrbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from lrbench.gate import Outcome


@click.command(name="check", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("results", nargs=-1, metavar="[RESULT.json]...")
@check_options
def command(
    results: tuple[str, ...],
    config: Path | None,
    only: tuple[str, ...],
    expect: tuple[str, ...],
    allow_inconclusive: bool,
    save_baseline: bool,
    update_baseline: tuple[str, ...],
    junit: Path | None,
    github: bool,
    details: bool,
    form: str | None,
    color: str,
    jobs: int | None,
    quiet: bool,
) -> int:
    """Judge convergence: run the checks of lrbench.toml, or judge results that exist.

    A check that fails, or that cannot be judged, makes the exit code 1. With RESULT.json, or - for
    stdin, nothing is run: the expectations of --expect are judged on it.
    """
    from lrbench.cli.check_run import judged, ran
    from lrbench.cli.list import show_json, show_page
    from lrbench.gate import load_config
    from lrbench.reports.check_json import as_json
    from lrbench.reports.check_page import page

    if results:
        if config or only or save_baseline or update_baseline:
            raise UsageError(
                "a result that exists is judged by --expect alone.",
                "leave out the result, or the options that belong to lrbench.toml.",
            )
        about, stopped = (results[0] if len(results) == 1 else "-"), None
        _reserve(junit, [Path(name) for name in results])
        outcomes = judged(results, expect, allow_inconclusive)
    else:
        if expect or allow_inconclusive:
            raise UsageError(
                "--expect and --allow-inconclusive judge a result that exists.",
                "give RESULT.json, or write expect and allow_inconclusive in lrbench.toml.",
            )
        checks = load_config(config or Path("lrbench.toml"))
        about = str(checks.path)
        _reserve(junit, [checks.path, checks.baselines])
        outcomes, stopped = ran(checks, only, save_baseline, update_baseline, jobs, quiet)
    _report(outcomes, about, junit, github=github)
    with _reader_may_leave():
        if form == "json":
            show_json(as_json(outcomes))
        else:
            show_page(page(outcomes, details), form, color)
        sys.stdout.flush()
    if stopped is not None:
        return stopped
    return _code(outcomes)


def _reserve(junit: Path | None, read: Sequence[Path]) -> None:
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
def _reader_may_leave() -> Iterator[None]:
    """Go on where the reader of stdout has closed the pipe: the exit code is for a script."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report(outcomes: Sequence[Outcome], about: str, junit: Path | None, *, github: bool) -> None:
    """Write what CI systems read."""
    if junit is not None:
        from lrbench.reports.to_junit import junit as as_junit
        from lrbench.results.files import write

        content = as_junit(outcomes)

        def fill(file: BinaryIO) -> None:
            file.write(content)

        write(junit, True, fill)
    if github:
        from lrbench.reports.to_github import SUMMARY, markdown, workflow_commands

        for text in workflow_commands(outcomes, "" if about == "-" else about):
            click.echo(text, err=True)
        if os.environ.get(SUMMARY):
            page_of_step = markdown(outcomes).encode("utf-8", "backslashreplace")
            with Path(os.environ[SUMMARY]).open("ab") as file:
                file.write(page_of_step)


def _code(outcomes: Sequence[Outcome]) -> int:
    """Return that of the gravest: 3 or 2 where a check could not be run, 1 where one fails."""
    causes = [int(o.cause.exit_code) for o in outcomes if o.cause is not None]
    if causes:
        return max(causes)
    return ExitCode.OK if all(o.passed for o in outcomes) else ExitCode.FAILED
