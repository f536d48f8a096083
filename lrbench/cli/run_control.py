"""What commands that run solvers do before the first step, around them all, and after the last."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os.path import realpath
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lrbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from lrbench.cli.progress import ProgressBar
    from lrbench.engine.control import Control
    from lrbench.results import ProblemResult, Result


def reserve_files(
    save: Path | None,
    save_weights: Path | None,
    force: bool,
    n_problems: int,
    store: Path | None = None,
) -> None:
    """Refuse files that could not be written, before the first step."""
    from lrbench.results import reserve

    if save_weights is not None and n_problems > 1:
        raise UsageError(
            f"--save-weights keeps the weights of one problem, and there are {n_problems}.",
            "run them one by one.",
        )
    if save is not None and store is not None and realpath(save) == realpath(store):
        raise UsageError("--save and --store name the same file.", "name two files.")
    targets = [reserve(path, force) for path in (save, save_weights) if path is not None]
    if len(set(targets)) < len(targets):
        raise UsageError("--save and --save-weights name the same file.", "name two files.")


@contextmanager
def controlled(
    timeout: float | None, notes: Sequence[str], progress: bool | None, *, quiet: bool
) -> Iterator[tuple[Control, ProgressBar]]:
    """Control a command in the block: signals, timeout, progress; say the notes when it is ready.

    `progress` of None shows it on a terminal. What was found is to be written in the block, too,
    once the bar is closed: then a signal does not cut it off.
    """
    from lrbench.cli.progress import ProgressBar
    from lrbench.engine.control import Control

    def say_notes() -> None:
        for note in [] if quiet else notes:
            click.echo(note, err=True)

    showing = (sys.stderr.isatty() if progress is None else progress) and not quiet
    with ProgressBar(showing) as bar, Control(timeout, bar, say_notes) as control:
        yield control, bar


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


def exit_code(result: Result, control: Control, *, quiet: bool, strict: bool) -> int:
    """Say what went wrong on stderr; return the exit code."""
    from lrbench.cli.main import say
    from lrbench.results import Status

    for _, error in result.failures:
        say(error.message, error.hint)
    runs = [r for p in result.problems for r in p.runs]
    if control.stopped and not quiet:
        reason = "the time is up" if control.timed_out else "interrupted"
        missing = sum(r.status is Status.INTERRUPTED for r in runs)
        if missing or not runs:
            what = f"what was finished is shown; {missing} of {len(runs)} runs are not finished"
        else:
            what = "every run was finished, and is shown"
        click.echo(f"{reason}: {what}.", err=True)
    failed = [r for r in runs if r.status is Status.FAILED]
    if failed:
        cause = str(failed[0].error).partition("\n")[0]
        first = f"{failed[0].solver} with {cause}".rstrip(".")
        say(
            f"{len(failed)} of {len(runs)} runs failed, the first of {first}.",
            "correct the solver or leave it out; the other rows are not touched by it.",
        )
    if control.signal is not None:
        return 128 + control.signal
    if result.failures or failed:
        return ExitCode.WORLD
    if strict and any(v.bound_verdict == "fail" for p in result.problems for v in p.verdicts):
        return ExitCode.FAILED
    return ExitCode.OK
