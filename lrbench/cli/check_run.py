"""The steps of `lrbench check`: run and judge checks, judge results, make baselines."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path

import click

from lrbench.cli.progress import ProgressBar
from lrbench.cli.saved import saved_result, traced_result
from lrbench.config.registry import did_you_mean
from lrbench.engine.control import Control
from lrbench.errors import LrbenchError, UsageError, quoted
from lrbench.experiment.jobs import Serial, choose
from lrbench.gate import Check, CheckOutcome, Gate, parse_expectation, result_checks
from lrbench.gate.baseline import Baseline, add_baselines, load_baselines
from lrbench.gate.config import Config
from lrbench.gate.keys import keyed
from lrbench.gate.paired import TOLERANCE
from lrbench.gate.result_check import distinct
from lrbench.results import reserve

OTHER_FILE = "restore it, or give another file: --baseline FILE.jsonl."
"""The hint for a damaged file of baselines."""


def run_checks(
    config: Config,
    only: Sequence[str],
    save_baseline: bool,
    update: Sequence[str],
    jobs: int | None,
    quiet: bool,
    named: Sequence[str] = (),
) -> tuple[list[CheckOutcome], int | None, Callable[[], None]]:
    """Run and judge the checks of a file.

    `named` are the words with which the command names the file, and allows its code.

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
        gate = Gate(control, executor, baselines, frozenset(to_save), _remedy(named))
        outcomes = [_with_keys(o) for o in _until_interrupted(gate, checks)]
    saved = to_save & {o.name for o in outcomes if o.cause is None} & baselines.keys()
    save = _saver(config.baselines, baselines, saved, quiet=quiet)
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


def _with_keys(outcome: CheckOutcome) -> CheckOutcome:
    """Return an outcome whose cause, if it has one, names keys of the file instead of options."""
    return outcome if outcome.cause is None else replace(outcome, cause=keyed(outcome.cause))


def _remedy(named: Sequence[str]) -> Callable[[str], str]:
    """Return the function from the name of a check to the command that makes its baseline."""
    return lambda name: shlex.join(["lrbench", "check", *named, "--update-baseline", name])


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


def judge_saved(
    files: Sequence[str],
    save_baseline: bool = False,
    update: Sequence[str] = (),
    *,
    expect: Sequence[str],
    allow_inconclusive: bool = False,
    baseline: Path | None = None,
    name: str | None = None,
    tolerance: float | None = None,
    quiet: bool = False,
) -> tuple[list[CheckOutcome], Callable[[], None]]:
    """Judge saved results by expectations and by the file `baseline`.

    Returns
    -------
    tuple
        An outcome for every problem, and the function that writes the new baselines to their file.
    """
    if not expect and baseline is None:
        for file in files:
            if file != "-":  # first what is wrong with a file: it may not be the one that is meant
                saved_result(file)
        raise UsageError(
            "nothing is expected of the result.",
            "give --expect, as in --expect 'bound = pass', or --baseline FILE.jsonl.",
        )
    if baseline is None and (save_baseline or update):
        raise UsageError("there is no file of baselines.", "give it, as --baseline FILE.jsonl.")
    expectations = [parse_expectation(text) for text in expect]
    checks = [
        check
        for file in files
        for check in result_checks(
            traced_result(file),
            expectations,
            name=name or "",
            baseline=baseline is not None,
            tolerance=TOLERANCE if tolerance is None else tolerance,
            allow_inconclusive=allow_inconclusive,
            command="" if file == "-" else shlex.join(["lrbench", "show", file]),
        )
    ]
    distinct(checks)
    known = [check.name for check in checks]
    for each in update:
        if each not in known:
            raise UsageError(
                f"there is no result of {quoted(each)} to update.", did_you_mean(each, known)
            )
    entries = {} if baseline is None else load_baselines(baseline, OTHER_FILE)
    to_save = set(update) | {n for n in known if save_baseline and n not in entries}
    if baseline is not None and to_save:
        reserve(baseline, force=True)

    def remedy(check_name: str) -> str:
        option = ["--name", name] if name else []
        words = [*files, "--baseline", str(baseline), *option, "--update-baseline", check_name]
        return shlex.join(["lrbench", "check", *words])

    gate = Gate(Control(), Serial(), entries, frozenset(to_save), remedy)
    outcomes = list(gate.run(checks))
    saved = to_save & {o.name for o in outcomes if o.cause is None} & gate.baselines.keys()
    return outcomes, _saver(baseline, gate.baselines, saved, quiet=quiet)


def _saver(
    path: Path | None, entries: Mapping[str, Baseline], names: Set[str], *, quiet: bool
) -> Callable[[], None]:
    """Return the function that writes baselines if there are new ones, with a note on stderr."""

    def save() -> None:
        if path is not None and names:
            # Others may have added theirs since this command has read the file.
            add_baselines(path, {name: entries[name] for name in names})
            if not quiet:
                text = ", ".join(sorted(names))
                click.echo(f"Note: {path} holds the baselines of {text}.", err=True)

    return save
