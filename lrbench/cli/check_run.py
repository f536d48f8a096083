"""What `lrbench check` does before it shows anything: it runs checks, or reads results."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence

import click

from lrbench.cli.progress import ProgressBar
from lrbench.cli.saved import saved_result
from lrbench.config.registry import did_you_mean
from lrbench.engine.control import Control
from lrbench.errors import LrbenchError, UsageError, quoted
from lrbench.experiment.jobs import choose
from lrbench.gate import Check, Gate, Outcome, judge_result, parse_expectation
from lrbench.gate.baseline import Baseline, load_baselines, save_baselines
from lrbench.gate.config import NAME, Config
from lrbench.results import Result, reserve

AGAIN = "run the checks again."


def judged(names: Sequence[str], expect: Sequence[str], allow: bool) -> list[Outcome]:
    """Return what comes of expectations on results that exist."""
    if not expect:
        raise UsageError(
            "nothing is expected of the result.", "give --expect, as in --expect 'bound = pass'."
        )
    wanted = [parse_expectation(text) for text in expect]
    found = []
    for name in names:
        result = _from_stdin() if name == "-" else saved_result(name)
        found += judge_result(result, wanted, allow_inconclusive=allow)
    return found


def _from_stdin() -> Result:
    if sys.stdin is None:  # closed by whoever started this
        raise UsageError("stdin is closed.", "pipe a result into it, or give RESULT.json.")
    return Result.from_json(sys.stdin.buffer.read(), "stdin")


def ran(
    config: Config,
    only: Sequence[str],
    save_baseline: bool,
    update: Sequence[str],
    jobs: int | None,
    quiet: bool,
) -> tuple[list[Outcome], int | None]:
    """Run the checks of a file; return what came of them, and the exit code of a signal."""
    checks = _chosen(config, only, update)
    baselines = load_baselines(config.baselines)
    saved = set(update)
    if save_baseline:
        saved |= {c.name for c in checks if c.baseline and c.name not in baselines}
    if saved:
        reserve(config.baselines, force=True)
    showing = sys.stderr.isatty() and not quiet
    with ProgressBar(showing) as bar, Control(None, bar) as control:
        gate = Gate(control, choose(jobs, default=0), baselines, frozenset(saved), _remedy(config))
        outcomes = list(_until_broken_off(gate, checks))
    made = saved & {o.name for o in outcomes if o.cause is None}
    if made:
        _save(config, baselines, made, quiet)
    if control.signal is None:
        return outcomes, None
    click.echo(f"interrupted: {len(outcomes)} of {len(checks)} checks were judged.", err=True)
    why = LrbenchError("it was not judged: the command was interrupted.", AGAIN)
    outcomes += [Outcome(c.name, c.about, (), cause=why) for c in checks[len(outcomes) :]]
    return outcomes, 128 + control.signal


def _until_broken_off(gate: Gate, checks: Sequence[Check]) -> Iterator[Outcome]:
    """Yield what came of each check; a second Ctrl-C does not wait for the one that is run."""
    try:
        yield from gate.run(checks)
    except KeyboardInterrupt:
        if gate.control.signal is None:
            raise


def _save(config: Config, baselines: dict[str, Baseline], made: set[str], quiet: bool) -> None:
    save_baselines(config.baselines, baselines)
    if not quiet:
        names = ", ".join(sorted(made))
        click.echo(f"Note: {config.baselines} holds the baselines of {names}.", err=True)


def _remedy(config: Config) -> Callable[[str], str]:
    """Return what says which command makes the baseline of a check."""
    path = str(config.path)
    where = [] if path == NAME else ["--config", path]

    def command(name: str) -> str:
        words = ["lrbench", "check", *where, "--update-baseline", name]
        return f"make it, and review it: {shlex.join(words)}."

    return command


def _chosen(config: Config, only: Sequence[str], update: Sequence[str]) -> list[Check]:
    """Return the checks that are to be run."""
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
    wanted = {*only, *update} if only or update else set(names)
    return [check for check in config.checks if check.name in wanted]
