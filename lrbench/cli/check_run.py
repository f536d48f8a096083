"""The steps of `lrbench check`: run and judge checks, judge results, write files for CI."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import click

from lrbench.cli.progress import ProgressBar
from lrbench.cli.saved import saved_result
from lrbench.config.registry import did_you_mean
from lrbench.engine.control import Control
from lrbench.errors import LrbenchError, UsageError, quoted
from lrbench.experiment.jobs import choose
from lrbench.gate import Check, CheckOutcome, Gate, judge_result, parse_expectation
from lrbench.gate.baseline import load_baselines, save_baselines
from lrbench.gate.config import NAME, Config
from lrbench.results import reserve
from lrbench.results.files import write_result


def judge_saved(names: Sequence[str], expect: Sequence[str], allow: bool) -> list[CheckOutcome]:
    """Judge saved results by expectations; `allow` lets pass what is inconclusive."""
    if not expect:
        raise UsageError(
            "nothing is expected of the result.", "give --expect, as in --expect 'bound = pass'."
        )
    expectations = [parse_expectation(text) for text in expect]
    outcomes = []
    for name in names:
        outcomes += judge_result(saved_result(name), expectations, allow_inconclusive=allow)
    return outcomes


def run_checks(
    config: Config,
    only: Sequence[str],
    save_baseline: bool,
    update: Sequence[str],
    jobs: int | None,
    quiet: bool,
) -> tuple[list[CheckOutcome], int | None, Callable[[], None]]:
    """Run and judge the checks of a file.

    Returns
    -------
    tuple
        An outcome for every check; the number of the signal that interrupted them, or None; and the
        function that writes the new baselines to their file.
    """
    checks = _chosen(config, only, update)
    baselines = load_baselines(config.baselines)
    to_save = set(update)
    if save_baseline:
        to_save |= {c.name for c in checks if c.baseline and c.name not in baselines}
    if to_save:
        reserve(config.baselines, force=True)
    show_bar = sys.stderr.isatty() and not quiet
    with ProgressBar(show_bar) as bar, Control(None, bar) as control:
        executor = choose(jobs, default=0)
        gate = Gate(control, executor, baselines, frozenset(to_save), _remedy(config))
        outcomes = list(_until_interrupted(gate, checks))
    saved = to_save & {o.name for o in outcomes if o.cause is None}

    def save() -> None:
        if saved:
            save_baselines(config.baselines, baselines)
            if not quiet:
                names = ", ".join(sorted(saved))
                click.echo(f"Note: {config.baselines} holds the baselines of {names}.", err=True)

    if control.signal is not None:
        click.echo(f"interrupted: {len(outcomes)} of {len(checks)} checks were judged.", err=True)
        cause = LrbenchError(
            "it was not judged: the command was interrupted.", "run the checks again."
        )
        outcomes += [
            CheckOutcome(c.name, c.about, (), cause=cause) for c in checks[len(outcomes) :]
        ]
    return outcomes, control.signal, save


def _until_interrupted(gate: Gate, checks: Sequence[Check]) -> Iterator[CheckOutcome]:
    """Yield the outcome of each check until a signal comes."""
    try:
        yield from gate.run(checks)
    except KeyboardInterrupt:
        # A second Ctrl-C breaks off the check under way; those before it are still shown.
        if gate.control.signal is None:
            raise


def _remedy(config: Config) -> Callable[[str], str]:
    """Return the function from the name of a check to the hint how to make its baseline."""
    path = str(config.path)
    option = [] if path == NAME else ["--config", path]

    def hint(name: str) -> str:
        words = ["lrbench", "check", *option, "--update-baseline", name]
        return f"make it, and review it: {shlex.join(words)}."

    return hint


def _chosen(config: Config, only: Sequence[str], update: Sequence[str]) -> list[Check]:
    """Return the checks to run: those that the options name, or else all."""
    names = [check.name for check in config.checks]
    for name in (*only, *update):
        if name not in names:
            raise UsageError(
                f"{config.path} has no check {quoted(name)}.", did_you_mean(name, names)
            )
    for check in config.checks:
        if check.name in update and not check.baseline:
            raise UsageError(
                f"the check {quoted(check.name)} has no baseline to update.",
                "write baseline = true in it.",
            )
    chosen = {*only, *update} or set(names)
    return [check for check in config.checks if check.name in chosen]


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
