"""The common course of `lrbench run` and `lrbench sweep`, from their options to the exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from os.path import realpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lrbench.cli.figures import draw_plot, reserve_plot
from lrbench.errors import DataError, ExitCode, UsageError
from lrbench.plan.options import PROBLEM_OPTIONS

if TYPE_CHECKING:
    from lrbench.cli.progress import ProgressBar
    from lrbench.engine.control import Control
    from lrbench.experiment.store import Store
    from lrbench.results import ProblemResult, Result


def run_command(
    *,
    sweep: bool,
    problems: tuple[str, ...],
    data: str | None,
    settings: tuple[str, ...],
    solvers: tuple[str, ...],
    save: Path | None,
    force: bool,
    save_weights: Path | None = None,
    store: Path | None = None,
    plot: str | None,
    jobs: int | None,
    executor: str,
    scheduler: str | None,
    dry_run: bool,
    progress: bool | None,
    quiet: bool,
    strict: bool,
    **options: Any,
) -> int:
    """Run what the options ask for, write the result, and return the exit code.

    Parameters
    ----------
    sweep
        Whether the command is `lrbench sweep`.
    save_weights, store
        The options that only `lrbench run` and only `lrbench sweep` have.
    options
        The options of the view, those that change a problem, and the fields of the plan.
    """
    from lrbench.cli.idle_options import idle_options
    from lrbench.cli.options import method_values
    from lrbench.cli.output import choose_report, view_from
    from lrbench.cli.problems import specs_from
    from lrbench.experiment.jobs.choose import choose
    from lrbench.plan.options import DEFAULT_SOLVERS
    from lrbench.plan.plan import Plan

    if dry_run and options["form"] is not None:
        raise UsageError("--dry-run has no --format.", "leave one of them out.")
    color = options["color"]
    form, view = view_from(options, saved=save is not None)
    report = choose_report(form, view)
    changes = {key: options.pop(key) for key in PROBLEM_OPTIONS}
    options |= method_values(click.get_current_context())
    plan = Plan(solvers=solvers or DEFAULT_SOLVERS, sweep=sweep, **options)
    chosen = choose(jobs, executor, scheduler, default=0 if sweep else 1)

    notes = list(idle_options(click.get_current_context(), plan, solvers))
    with controlled(plan.timeout, notes, progress, quiet=quiet) as (control, bar):
        with in_time(control):  # data without a problem are read to see what problem it is
            specs, data_notes = specs_from(problems, data, settings, changes)
        notes += data_notes
        figure = reserve_plot(plot, form, force=force)
        reserve_files(save, save_weights, force, len(specs), store, figure)
        if dry_run:
            from lrbench.cli.dry_run import show_estimates

            # How many workers a cluster has is known only once it is connected to.
            workers = 1 if executor == "dask" else chosen.workers
            show_estimates(plan, specs, control, workers, store, quiet=quiet)
            return ExitCode.OK
        from lrbench.experiment.run_plan import run_plan

        words = effective(click.get_current_context())
        with nullcontext() if store is None else opened(store, quiet=quiet) as cells:
            result = run_plan(
                plan, specs, control, words, executor=chosen, store=cells, strict=strict
            )
        bar.close()  # before the report, which may go to the same terminal
        draw = None if plot is None else partial(draw_plot, result, plot, form, color, force=force)
        write(result, report, save, view.traces, save_weights, draw, force=force, quiet=quiet)
        code = exit_code(result, control, quiet=quiet, strict=strict)
        if sweep and control.stopped and not quiet:
            say_how_to_resume(result, stored=store is not None)
        return code


def opened(path: Path, *, quiet: bool) -> AbstractContextManager[Store | None]:
    """Return the store at `path`, which is open in a block."""
    from lrbench.experiment.store import no_note, store_at, to_stderr

    return store_at(path, no_note if quiet else to_stderr)


def reserve_files(
    save: Path | None,
    save_weights: Path | None,
    force: bool,
    n_problems: int,
    store: Path | None = None,
    plot: Path | None = None,
) -> None:
    """Raise an error for files that cannot be written, before hours are spent on the result."""
    from lrbench.results import reserve

    if save_weights is not None and n_problems > 1:
        raise UsageError(
            f"--save-weights keeps the weights of one problem, and there are {n_problems}.",
            "run them one by one.",
        )
    files = {"--save": save, "--store": store, "--save-weights": save_weights, "--plot": plot}
    options: dict[str, str] = {}
    for option, path in files.items():
        if path is None:
            continue
        if other := options.get(realpath(path)):
            raise UsageError(f"{other} and {option} name the same file.", "name two files.")
        options[realpath(path)] = option
    for path in (save, save_weights):
        if path is not None:
            reserve(path, force)


@contextmanager
def in_time(control: Control) -> Iterator[None]:
    """Raise `DataError` if the time is up before the data are read in the block."""
    from lrbench.engine.control import TimeIsUp

    try:
        control.phase("reading the data")
        with control.time_limited():
            yield
    except TimeIsUp:
        raise DataError(
            "the time was up before the data were read.",
            "give --timeout more: once they are read, the cache has them.",
        ) from None


@contextmanager
def controlled(
    timeout: float | None, notes: Sequence[str], progress: bool | None, *, quiet: bool
) -> Iterator[tuple[Control, ProgressBar]]:
    """Handle signals, the timeout and progress in the block; write the notes when all is ready.

    The result must be written inside the block, after the bar is closed, because a signal that
    comes outside of it would cut the output off. A `progress` of None shows it on a terminal.
    """
    from lrbench.cli.progress import ProgressBar
    from lrbench.engine.control import Control

    def write_notes() -> None:
        for note in [] if quiet else notes:
            click.echo(note, err=True)

    show_bar = (sys.stderr.isatty() if progress is None else progress) and not quiet
    with ProgressBar(show_bar) as bar, Control(timeout, bar, write_notes) as control:
        yield control, bar


def effective(ctx: click.Context) -> list[str]:
    """Return the command with all its options, defaults included."""
    words = [ctx.info_name or ""]
    for param in ctx.command.params:
        value = ctx.params.get(param.name or "")
        option = max(param.opts, key=len)  # --problem, not -p
        for argument in value if isinstance(value, tuple) else (value,):
            if argument is False:  # of --intercept/--no-intercept, but not of --quiet
                words += param.secondary_opts
            elif argument is True:
                words.append(option)
            elif argument is not None:
                words.append(f"{option}={argument}")
    return words


def write(
    result: Result,
    report: Callable[[Result], None],
    save: Path | None,
    traces: str = "all",
    save_weights: Path | None = None,
    draw: Callable[[], None] | None = None,
    *,
    force: bool,
    quiet: bool,
) -> None:
    """Write the report and the files of a result, and notes on them to stderr.

    Each is written even if another cannot be: the error is raised at the end.
    """
    for problem in [] if quiet else result.problems:
        say_left_out(problem)
    if not result.problems:
        return

    def write_weights(path: Path) -> None:
        from lrbench.results.lanes import lane_text
        from lrbench.verdicts.method_names import names_of

        best = result.save_weights(path, force=force)
        if not quiet:
            lane = names_of(result.problems[0]).record(best).lane
            run = f"{lane_text(*lane, best.parameter)}, seed {best.seed}"
            click.echo(f"Note: {path} holds the weights of {run}.", err=True)

    with ExitStack() as files:  # an error of a later callback replaces that of an earlier one
        if draw is not None:
            files.callback(draw)
        if save_weights is not None:
            files.callback(write_weights, save_weights)
        if save is not None:
            files.callback(result.with_traces(traces).save, save, force=force)
        report(result)
        sys.stdout.flush()


def say_left_out(problem: ProblemResult) -> None:
    """Write to stderr how many features of the test data were left out."""
    test = problem.header.test
    if test is None or not test.features_left_out:
        return
    count = test.features_left_out
    click.echo(
        f"Note: {test.data} has {count} feature{'s' * (count > 1)} that the training data of"
        f" {problem.name} do not have; left out.",
        err=True,
    )


def say_how_to_resume(result: Result, *, stored: bool) -> None:
    """Write to stderr how an interrupted sweep goes on, unless it was finished."""
    missing = sum(p.sweep.missing for p in result.problems if p.sweep)
    if missing or not result.problems:
        text = "To go on, run the same command again."
        if not stored:
            text = "To be able to go on, sweep with --store FILE."
        elif all(run.status.unfinished for p in result.problems for run in p.runs):
            text = "No run was finished, and the store has none: the same command begins anew."
        click.echo(text, err=True)


def exit_code(result: Result, control: Control, *, quiet: bool, strict: bool) -> int:
    """Write what went wrong to stderr; return the exit code."""
    from lrbench.cli.main import say
    from lrbench.results import Status

    for _, error in result.failures:
        say(error.message, error.hint)
    runs = [r for p in result.problems for r in p.runs]
    if control.stopped and not quiet:
        reason = "the time is up" if control.timed_out else "interrupted"
        missing = sum(r.status is Status.INTERRUPTED for r in runs)
        if missing or not runs:
            state = f"what was finished is shown; {missing} of {len(runs)} runs are not finished"
        else:
            state = "every run was finished, and is shown"
        click.echo(f"{reason}: {state}.", err=True)
    failed = [r for r in runs if r.status is Status.FAILED]
    if failed:
        cause = str(failed[0].error).partition("\n")[0]
        first = f"{failed[0].solver} with {cause}".rstrip(".")
        say(
            f"{len(failed)} of {len(runs)} runs failed, the first of {first}.",
            "correct the solver or leave it out; the other rows are not touched by it.",
        )
    if control.signal is not None:
        return 128 + control.signal  # as a shell reports a process that the signal killed
    if result.failures or failed:
        return ExitCode.WORLD
    if strict and any(v.bound_verdict == "fail" for p in result.problems for v in p.verdicts):
        return ExitCode.FAILED
    return ExitCode.OK
