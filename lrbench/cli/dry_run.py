"""The estimated costs that `--dry-run` prints."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from lrbench.engine.control import Control
    from lrbench.plan.plan import Plan
    from lrbench.problem_files import ProblemSpec


def show_estimates(
    plan: Plan,
    specs: Sequence[ProblemSpec],
    control: Control,
    workers: int,
    store: Path | None = None,
    *,
    quiet: bool = False,
) -> None:
    """Print the estimated cost of the plan on each problem; stored cells cost nothing."""
    from lrbench.experiment.estimate import estimate
    from lrbench.experiment.store import no_note, store_at, to_stderr

    # To open a store that does not exist would make it, and a dry run leaves no files.
    existing = store if store is not None and store.exists() else None
    with store_at(existing, no_note if quiet else to_stderr) as opened:
        estimates = estimate(plan, specs, control, opened)
    for e in estimates:
        cells = f"{e.cells} cell{'s' * (e.cells > 1)} of {e.iterations} iterations,"
        cells += f" {e.passes:.4g} passes"
        click.echo(f"{e.problem}: {cells}")
        if e.not_certified is not None:
            for text in (e.not_certified.message, f"no run is possible: {e.not_certified.hint}"):
                click.echo(textwrap.fill(text, 80, initial_indent="  ", subsequent_indent="    "))
        if store is not None:
            click.echo(f"  stored   {e.stored} of them, which are not run again")
        click.echo(f"  memory   {e.memory_bytes / 2**20:.0f} MiB: data, lanes and {e.beside}")
        steps = f"{plan.n_solver_seeds} x one timed step"
        click.echo(f"  solvers  {duration_text(e.solver_seconds)}, from {steps}")
        click.echo(f"  checks   {duration_text(e.evaluation_seconds)} of evaluation at checkpoints")
    seconds = sum(e.solver_seconds + e.evaluation_seconds for e in estimates)
    total = f"In all {duration_text(seconds)}"
    if workers > 1:
        total += f"; at best {duration_text(seconds / workers)} with {workers} workers"
    ends = (plan.sweep or plan.target) and not plan.iterations_at
    target = " Runs that reach the target end sooner." if ends else ""
    if ends and plan.arrival == "confirmed":
        target += " Those that come there late may go on, to twice the budget at most."
    click.echo(textwrap.fill(f"{total}.{target}", 80))
    if any(e.has_optimum for e in estimates):
        click.echo("The certified optimum is not counted; it is computed once and cached.")


def duration_text(seconds: float) -> str:
    """Return a duration in milliseconds, seconds, minutes or hours."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
