"""`lrbench check`: a gate on convergence."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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
    from lrbench.cli.check_files import reader_may_leave, report, reserve_junit
    from lrbench.cli.check_run import judged, ran
    from lrbench.cli.list import show_json, show_page
    from lrbench.gate import load_config
    from lrbench.reports.check_json import check_as_json
    from lrbench.reports.check_page import check_page

    if results:
        if config or only or save_baseline or update_baseline:
            raise UsageError(
                "a result that exists is judged by --expect alone.",
                "leave out the result, or the options that belong to lrbench.toml.",
            )
        about, stopped = (results[0] if len(results) == 1 else "-"), None
        reserve_junit(junit, [Path(name) for name in results])
        outcomes = judged(results, expect, allow_inconclusive)
    else:
        if expect or allow_inconclusive:
            raise UsageError(
                "--expect and --allow-inconclusive judge a result that exists.",
                "give RESULT.json, or write expect and allow_inconclusive in lrbench.toml.",
            )
        checks = load_config(config or Path("lrbench.toml"))
        about = str(checks.path)
        reserve_junit(junit, [checks.path, checks.baselines])
        outcomes, stopped = ran(checks, only, save_baseline, update_baseline, jobs, quiet)
    report(outcomes, about, junit, github=github)
    with reader_may_leave():
        if form == "json":
            show_json(check_as_json(outcomes))
        else:
            show_page(check_page(outcomes, details), form, color)
        sys.stdout.flush()
    if stopped is not None:
        return stopped
    return _code(outcomes)


def _code(outcomes: Sequence[Outcome]) -> int:
    """Return that of the gravest: 3 or 2 where a check could not be run, 1 where one fails."""
    causes = [int(o.cause.exit_code) for o in outcomes if o.cause is not None]
    if causes:
        return max(causes)
    return ExitCode.OK if all(o.passed for o in outcomes) else ExitCode.FAILED
