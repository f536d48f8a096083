"""`lrbench check`: a gate on convergence."""

from __future__ import annotations

import os
from collections.abc import Sequence
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
    from lrbench.reports.check_json import as_json
    from lrbench.reports.check_page import page

    if junit is not None:
        from lrbench.results import reserve

        reserve(junit, force=True)
    if results:
        if config or only or save_baseline or update_baseline:
            raise UsageError(
                "a result that exists is judged by --expect alone.",
                "leave out the result, or the options that belong to lrbench.toml.",
            )
        about, stopped = " ".join(results), None
        outcomes = judged(results, expect, allow_inconclusive)
    else:
        if expect or allow_inconclusive:
            raise UsageError(
                "--expect and --allow-inconclusive judge a result that exists.",
                "give RESULT.json, or write expect and allow_inconclusive in lrbench.toml.",
            )
        path = config or Path("lrbench.toml")
        about = str(path)
        outcomes, stopped = ran(path, only, save_baseline, update_baseline, jobs, quiet)
    if form == "json":
        show_json(as_json(outcomes))
    elif outcomes:
        show_page(page(outcomes, details), form, color)
    _report(outcomes, about, junit, github=github)
    if stopped is not None:
        return stopped
    return _code(outcomes)


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

        for text in workflow_commands(outcomes, about):
            click.echo(text, err=True)
        if os.environ.get(SUMMARY):
            with Path(os.environ[SUMMARY]).open("a", encoding="utf-8") as file:
                file.write(markdown(outcomes))


def _code(outcomes: Sequence[Outcome]) -> int:
    """Return 1 where a check fails, 3 where one could not be run, else 0."""
    if any(not o.passed and not o.error for o in outcomes):
        return ExitCode.FAILED
    return ExitCode.WORLD if any(o.error for o in outcomes) else ExitCode.OK
