"""`lrbench check`: a gate on convergence."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lrbench.cli.command import command as guided
from lrbench.cli.command import option
from lrbench.cli.option_values import INTEGER, REAL
from lrbench.cli.options import (
    chain,
)
from lrbench.cli.view_options import page_options
from lrbench.errors import ExitCode, UsageError, quoted_path

if TYPE_CHECKING:
    from lrbench.gate import CheckOutcome

check_options = chain(
    [
        option(
            "checks",
            "--config",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="The file of the [[check]] tables.  [default: lrbench.toml]",
        ),
        option(
            "checks",
            "--allow-code",
            is_flag=True,
            help="Run the solvers in files and modules that lrbench.toml names, without --config.",
        ),
        option(
            "checks",
            "--only",
            metavar="NAME",
            multiple=True,
            help="Run only this check; repeatable.",
        ),
        option(
            "saved results",
            "--expect",
            metavar="TEXT",
            multiple=True,
            help="Expect this of RESULT.json: 'bound = pass', 'rate >= 0.9', "
            "'suboptimality[at=1000] <= 1e-4'; repeatable.",
        ),
        option(
            "saved results",
            "--allow-inconclusive",
            is_flag=True,
            help="Let RESULT.json pass where an expectation is inconclusive.",
        ),
        option(
            "saved results",
            "--baseline",
            metavar="FILE.jsonl",
            type=click.Path(path_type=Path),
            help="Compare RESULT.json with its baseline in this file.",
        ),
        option(
            "saved results",
            "--name",
            metavar="TEXT",
            help="The name of RESULT.json in that file.  [default: that of its problem]",
        ),
        option(
            "saved results",
            "--tolerance",
            type=REAL,
            metavar="X",
            help="The relative tolerance of that comparison.  [default: 1e-6]",
        ),
        option(
            "baselines",
            "--save-baseline",
            is_flag=True,
            help="Make the baselines that are missing.",
        ),
        option(
            "baselines",
            "--update-baseline",
            metavar="NAME",
            multiple=True,
            help="Make the baseline of this check anew; repeatable.",
        ),
        option(
            "output",
            "--junit",
            metavar="FILE.xml",
            type=click.Path(path_type=Path),
            help="Write JUnit XML, too; an existing file is replaced.",
        ),
        option(
            "output",
            "--github",
            is_flag=True,
            help="Write annotations to stderr, and a summary to $GITHUB_STEP_SUMMARY.",
        ),
        option(
            "output", "--details", is_flag=True, help="Show what passes, too, with its trajectory."
        ),
        page_options,
        option(
            "execution",
            "-j",
            "--jobs",
            type=INTEGER,
            metavar="N",
            help="Worker processes.  [default: $LRBENCH_JOBS, else all processors]",
        ),
        option("output", "-q", "--quiet", is_flag=True, help="No notes on stderr."),
    ]
)


@guided(
    "check",
    ("the checks of lrbench.toml", "lrbench check"),
    ("judge a saved result", "lrbench check result.json --expect 'bound = pass'"),
)
@click.argument("results", nargs=-1, metavar="[RESULT.json]...")
@check_options
def command(
    results: tuple[str, ...],
    config: Path | None,
    allow_code: bool,
    only: tuple[str, ...],
    save_baseline: bool,
    update_baseline: tuple[str, ...],
    junit: Path | None,
    github: bool,
    details: bool,
    form: str | None,
    color: str,
    jobs: int | None,
    quiet: bool,
    **of_results: Any,
) -> int:
    """Judge convergence: run the checks of lrbench.toml, or judge saved results.

    The exit code is 1 if a check fails or is inconclusive, and 3 if one could not be run, as
    without its baseline. With RESULT.json, or - for stdin, nothing is run: the result is judged by
    the expectations of --expect and the file of --baseline.
    """
    from lrbench.cli.check_reports import (
        ignore_closed_pipe,
        reported_refusal,
        reserve_junit,
        write_reports,
    )
    from lrbench.cli.check_run import judge_saved, run_checks
    from lrbench.cli.output import show_json, show_page
    from lrbench.gate import load_config
    from lrbench.gate.config import BASELINES, NAME
    from lrbench.reports.check_page import check_page
    from lrbench.reports.to_json import check_as_json

    exit_signal: int | None = None
    is_named = config is not None
    if results:
        file = results[0] if len(results) == 1 and results[0] != "-" else None
        inputs = [Path(path) for path in (*results, of_results["baseline"]) if path is not None]
    else:
        config = config or Path(NAME)
        file, inputs = str(config), [config, config.parent / BASELINES]
    with reported_refusal(file, junit, inputs, github=github):
        _refuse_misuse(results, is_named or allow_code or bool(only), of_results)
        if results:
            reserve_junit(junit, inputs)
            outcomes, save = judge_saved(
                results, save_baseline, update_baseline, quiet=quiet, **of_results
            )
        else:
            assert config is not None
            checks = load_config(config, allow_code=allow_code or is_named)
            inputs.append(checks.baselines)
            reserve_junit(junit, inputs)
            named = ["--config", str(config)] if is_named else []
            named += ["--allow-code"] if allow_code else []
            outcomes, exit_signal, save = run_checks(
                checks, only, save_baseline, update_baseline, jobs, quiet, named
            )
    with ExitStack() as files:  # each is written even if another, or the page, cannot be
        files.callback(save)
        files.callback(write_reports, outcomes, file, junit, github=github)
        with ignore_closed_pipe():
            if form == "json":
                show_json(check_as_json(outcomes))
            else:
                show_page(check_page(outcomes, details), form, color)
            sys.stdout.flush()
    return _exit_code(outcomes) if exit_signal is None else 128 + exit_signal


def _refuse_misuse(results: Sequence[str], has_checks: bool, of_results: dict[str, Any]) -> None:
    """Raise `UsageError` for options of results without one, and for those of checks with one."""
    for file in results:
        if file.endswith(".toml") and Path(file).exists():
            hint = f"did you mean --config {shlex.quote(file)}?"
            raise UsageError(f"{quoted_path(file)} is not a saved result.", hint)
        if file.endswith(".toml"):
            hint = "check the path; the checks of a file are run by --config FILE."
            raise UsageError(f"there is no file {quoted_path(file)}.", hint)
    if results and has_checks:
        raise UsageError(
            "a saved result is judged by --expect and --baseline.",
            "leave out the result, or the options that belong to lrbench.toml.",
        )
    used = [name for name, value in of_results.items() if value not in (None, (), False)]
    if not results and used:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in used)
        raise UsageError(
            f"{options}: that judges a saved result.",
            "give RESULT.json, or write it as a key of a check in lrbench.toml.",
        )


def _exit_code(outcomes: Sequence[CheckOutcome]) -> int:
    """Return the gravest code: 3 or 2 if a check could not be run, 1 if one does not pass."""
    causes = [int(o.cause.exit_code) for o in outcomes if o.cause is not None]
    if causes:
        return max(causes)
    return ExitCode.OK if all(o.passed for o in outcomes) else ExitCode.FAILED
