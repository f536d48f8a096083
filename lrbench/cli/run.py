"""`lrbench run`: convergence beside theory."""

from __future__ import annotations

import sys
from typing import Any

import click

from lrbench.cli.options import budget_options, method_options, output_options, problem_options
from lrbench.cli.progress import ProgressBar
from lrbench.errors import ExitCode


@click.command(name="run", context_settings={"help_option_names": ["-h", "--help"]})
@problem_options
@method_options
@budget_options
@output_options
def command(
    problems: tuple[str, ...],
    data: str | None,
    lr0: tuple[str, ...],
    solvers: tuple[str, ...],
    form: str | None,
    progress: bool | None,
    quiet: bool,
    color: str,
    strict: bool,
    **options: Any,
) -> int:
    """Run solvers on a problem and show convergence beside theory.

    Every initial learning rate is a lane of one run. The optimum is certified by a solver of
    another kind; each measurement stands beside its certificate and the theorem's bound.
    """
    from lrbench.cli.main import say
    from lrbench.cli.output import choose_report
    from lrbench.cli.problems import specs_from
    from lrbench.control import Control
    from lrbench.experiment import run
    from lrbench.grid import parse_lr0
    from lrbench.results import Status

    report = choose_report(form, color)
    named = ("loss", "penalty", "scale", "intercept", "positive", "start")
    specs, notes = specs_from(problems, data, **{key: options.pop(key) for key in named})
    if solvers:
        options["solvers"] = solvers
    showing = sys.stderr.isatty() if progress is None else progress
    with ProgressBar(showing and not quiet) as bar, Control(options["timeout"], bar) as control:
        if not quiet:
            for note in notes:
                click.echo(note, err=True)
        result = run(
            specs,
            control=control,
            command=sys.argv[1:],
            lr0=parse_lr0(lr0),
            **options,
        )
    if result.problems:
        report(result)
    for _, error in result.failures:
        say(error.message, error.hint)
    if control.stopped and not quiet:
        reason = "the time is up" if control.timed_out else "interrupted"
        click.echo(f"{reason}: what was finished is shown.", err=True)
    if control.signal is not None:
        return 128 + control.signal
    runs = [r for p in result.problems for r in p.runs]
    if result.failures or any(r.status is Status.FAILED for r in runs):
        return ExitCode.WORLD
    if strict and any(v.bound_verdict == "fail" for p in result.problems for v in p.verdicts):
        return ExitCode.FAILED
    return ExitCode.OK
