"""What `lrbench check` does before it shows anything: it runs checks, or reads results."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from lrbench.cli.progress import ProgressBar
from lrbench.control import Control
from lrbench.errors import UsageError, shown
from lrbench.gate import Check, Gate, Outcome, judge_result, load_config, parse
from lrbench.gate.baseline import load, save
from lrbench.gate.config import Config
from lrbench.jobs import choose
from lrbench.registry import did_you_mean
from lrbench.results import Result


def judged(names: Sequence[str], expect: Sequence[str], allow: bool) -> list[Outcome]:
    """Return what comes of expectations on results that exist."""
    if not expect:
        raise UsageError(
            "nothing is expected of the result.", "give --expect, as in --expect 'bound = pass'."
        )
    wanted = [parse(text) for text in expect]
    found = []
    for name in names:
        if name == "-":
            result = Result.from_json(sys.stdin.buffer.read(), "stdin")
        else:
            result = Result.load(name)
        found += judge_result(result, wanted, allow_inconclusive=allow)
    return found


def ran(
    path: Path,
    only: Sequence[str],
    save_baseline: bool,
    update: Sequence[str],
    jobs: int | None,
    quiet: bool,
) -> tuple[list[Outcome], int | None]:
    """Run the checks of a file; return what came of them, and the exit code of a signal."""
    config = load_config(path)
    checks = _chosen(config, only, update)
    baselines = load(config.baselines)
    saved = set(update)
    if save_baseline:
        saved |= {c.name for c in checks if c.baseline and c.name not in baselines}
    showing = sys.stderr.isatty() and not quiet
    with ProgressBar(showing) as bar, Control(None, bar) as control:
        gate = Gate(control, choose(jobs, default=0), baselines, frozenset(saved))
        outcomes = list(gate.run(checks))
    made = sorted(saved & {o.name for o in outcomes if not o.error})
    if made:
        save(config.baselines, gate.baselines)
        if not quiet:
            click.echo(
                f"Note: {config.baselines} holds the baselines of {' '.join(made)}.", err=True
            )
    if control.signal is None:
        return outcomes, None
    click.echo(f"interrupted: {len(outcomes)} of {len(checks)} checks were judged.", err=True)
    return outcomes, 128 + control.signal


def _chosen(config: Config, only: Sequence[str], update: Sequence[str]) -> list[Check]:
    """Return the checks that are to be run."""
    names = [check.name for check in config.checks]
    for name in (*only, *update):
        if name not in names:
            raise UsageError(
                f"{config.path} has no check {shown(name)}.", did_you_mean(name, names)
            )
    for check in config.checks:
        if check.name in update and not check.baseline:
            raise UsageError(
                f"the check {shown(check.name)} has no baseline to update.",
                "write baseline = true in it.",
            )
    wanted = {*only, *update} if only or update else set(names)
    return [check for check in config.checks if check.name in wanted]
