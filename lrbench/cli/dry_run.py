"""What `lrbench run --dry-run` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lrbench.control import Control
    from lrbench.plan import Plan
    from lrbench.spec import ProblemSpec


def show_estimates(plan: Plan, specs: Sequence[ProblemSpec], control: Control) -> None:
    """Print the cost of the plan on each problem."""
    from lrbench.estimate import estimate

    for e in estimate(plan, specs, control):
        cells = f"{e.cells} cells of {e.iterations} iterations, {e.passes:.4g} passes"
        click.echo(f"{e.problem}: {cells}")
        click.echo(f"  memory   {e.memory_bytes / 2**20:.0f} MiB: data, lanes and row blocks")
        click.echo(f"  solvers  {duration(e.solver_seconds)}, from {plan.bundles} x one timed step")
        click.echo(f"  checks   {duration(e.evaluation_seconds)} of evaluation at checkpoints")
    click.echo("The certified optimum is not counted; it is computed once and cached.")


def duration(seconds: float) -> str:
    """Return seconds as a person says them."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
