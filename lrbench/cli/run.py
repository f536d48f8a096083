"""`lrbench run`: convergence beside theory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lrbench.cli.options import (
    budget_options,
    conduct_options,
    method_options,
    problem_options,
    save_options,
    setting_options,
)
from lrbench.cli.progress import ProgressBar
from lrbench.cli.view_options import view_options
from lrbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from lrbench.control import Control
    from lrbench.results import ProblemResult, Result


@click.command(name="run", context_settings={"help_option_names": ["-h", "--help"]})
@problem_options
@method_options
@setting_options
@budget_options
@view_options
@save_options
@conduct_options
def command(
    problems: tuple[str, ...],
    data: str | None,
    settings: tuple[str, ...],
    solvers: tuple[str, ...],
    save: Path | None,
    save_weights: Path | None,
    force: bool,
    dry_run: bool,
    progress: bool | None,
    quiet: bool,
    strict: bool,
    **options: Any,
) -> int:
    """Run solvers on a problem and show convergence beside theory.

    Every initial learning rate is a lane of one run. The optimum is certified by a solver of
    another kind; each measurement stands beside its certificate and the theorem's bound.
    """
    from lrbench.cli.output import choose_report, view_from
    from lrbench.cli.problems import NAMED, specs_from
    from lrbench.control import Control
    from lrbench.plan import DEFAULT_SOLVERS, Plan

    if dry_run and options["form"] is not None:
        raise UsageError("--dry-run has no --format.", "leave one of them out.")
    form, view = view_from(options)
    report = choose_report(form, view)
    changes = {key: options.pop(key) for key in NAMED}
    plan = Plan(solvers=solvers or DEFAULT_SOLVERS, **options)
    specs, notes = specs_from(problems, data, settings, changes)
    _reserve(save, save_weights, force, len(specs))

    def say_notes() -> None:
        for note in [] if quiet else notes:
            click.echo(note, err=True)

    showing = (sys.stderr.isatty() if progress is None else progress) and not quiet
    with ProgressBar(showing) as bar, Control(plan.timeout, bar, say_notes) as control:
        if dry_run:
            from lrbench.cli.dry_run import show_estimates

            show_estimates(plan, specs, control)
            return ExitCode.OK
        from lrbench.experiment import carry_out

        result = carry_out(plan, specs, control, effective(click.get_current_context()))
    for problem in [] if quiet else result.problems:
        say_left_out(problem)
    if result.problems:
        if save is not None:
            result.save(save, force=force)
        if save_weights is not None:
            chosen = result.save_weights(save_weights, force=force)
            if not quiet:
                who = f"{chosen.solver}, lr0 = {chosen.lr0:g}, seed {chosen.seed}"
                click.echo(f"Note: {save_weights} holds the weights of {who}.", err=True)
        report(result)
    return _conclude(result, control, quiet=quiet, strict=strict)


def _reserve(save: Path | None, save_weights: Path | None, force: bool, n_problems: int) -> None:
    """Refuse files that could not be written, before the first step."""
    from lrbench.results import reserve

    if save_weights is not None and n_problems > 1:
        raise UsageError(
            f"--save-weights keeps the weights of one problem, and there are {n_problems}.",
            "run them one by one.",
        )
    targets = [reserve(path, force) for path in (save, save_weights) if path is not None]
    if len(set(targets)) < len(targets):
        raise UsageError("--save and --save-weights name the same file.", "name two files.")


def say_left_out(problem: ProblemResult) -> None:
    """Say on stderr how many features of the test data were left out."""
    test = problem.header["test"]
    if test is None or not test["features_left_out"]:
        return
    many = test["features_left_out"]
    click.echo(
        f"Note: {test['data']} has {many} feature{'s' * (many > 1)} that the training data of"
        f" {problem.name} do not have; left out.",
        err=True,
    )


def effective(ctx: click.Context) -> list[str]:
    """Return the command with all its options, defaults included."""
    words = [ctx.info_name or ""]
    for param in ctx.command.params:
        value = ctx.params.get(param.name or "")
        option = max(param.opts, key=len)
        for one in value if isinstance(value, tuple) else (value,):
            if one is True:
                words.append(option)
            elif one is not None and one is not False:
                words.append(f"{option}={one}")
    return words


def _conclude(result: Result, control: Control, *, quiet: bool, strict: bool) -> int:
    """Say what went wrong on stderr; return the exit code."""
    from lrbench.cli.main import say
    from lrbench.results import Status

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
