"""Notes on options of `lrbench run` and `lrbench sweep` that change nothing of what is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from lrbench.plan.plan import Plan


def idle_options(ctx: click.Context, plan: Plan, solvers: Sequence[str]) -> Iterator[str]:
    """Yield a note on each option that has no effect, and on what is given more than once.

    Parameters
    ----------
    ctx
        Which options were given.
    plan
        What they mean.
    solvers
        The values of --solver.
    """
    from lrbench.solvers.build import build_solvers
    from lrbench.verdicts.method_names import full_batch_text

    if _is_typed(ctx, "sampling") and plan.batch_size is None:
        yield "Note: --sampling has no effect with full batches; --batch-size gives minibatches."
    if _is_typed(ctx, "lr0") and not any(solver.has_lr0 for solver, _ in plan.built):
        yield "Note: --lr0 has no effect, as no solver here has an lr0."
    labels = Counter(str(built.spec) for text in solvers for built in build_solvers(text))
    if repeated := [label for label, count in labels.items() if count > 1]:
        text = ", ".join(repeated)
        text = full_batch_text(text) if plan.batch_size is None else text
        yield f"Note: {text}: named more than once, and run once."
    if _is_typed(ctx, "lr0"):
        yield from _repeated_rates(ctx.params["lr0"])


def _is_typed(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _repeated_rates(texts: Sequence[str]) -> Iterator[str]:
    """Yield the note on values of --lr0 that occur more than once."""
    from lrbench.config.axes import is_auto
    from lrbench.config.learning_rates import parse_learning_rates

    if is_auto(list(texts)):
        return
    pieces = [piece for text in texts for piece in text.split(",")]
    rates = Counter(str(rate) for piece in pieces for rate in parse_learning_rates([piece]))
    if repeated := [rate for rate, count in rates.items() if count > 1]:
        yield f"Note: --lr0 {', '.join(repeated)}: given more than once, and run once."
