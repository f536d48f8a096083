"""What runs reached on the samples that were held out, beside what they reached in training."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from lrbench.reports.blocks import Block, Grid, TableCell, gap, line, number
from lrbench.reports.folding import Styled
from lrbench.reports.groups import f_star_error, last_checkpoints
from lrbench.results import ProblemResult, Run
from lrbench.results.ranking import at_end

TEST = {"test_loss": "test loss", "test_accuracy": "test acc"}
"""Columns of a trace and their headings."""


def tested_text(name: str, value: float | None) -> str:
    """Return a test loss to 4 digits, a test accuracy to 4 places; an infinite one as none."""
    value = value if value is not None and math.isfinite(value) else None
    if name == "test_accuracy" and value is not None:
        return f"{value:.4f}"
    return number(value, 4)


def tested_columns(lanes: Sequence[Sequence[Run]]) -> list[Styled]:
    """Return the columns of the last test loss and accuracy, means over seeds; none untested.

    Parameters
    ----------
    lanes
        Runs of one solver and lr0 each: one row each.
    """
    names = [name for name in TEST if any(name in run.trace for runs in lanes for run in runs)]
    return [(TEST[name], [_cell(runs, name) for runs in lanes]) for name in names]


def tested_blocks(problem: ProblemResult, groups: Sequence[Sequence[Run]]) -> Iterator[Block]:
    """Yield a table with a row for each solver: where it ended in training and on the test."""
    columns = tested_columns(groups)
    if not columns:
        return
    ends = last_checkpoints(run for runs in groups for run in runs)
    when = f"after T = {ends.pop()} iterations" if len(ends) == 1 else "where each run ended"
    error = f_star_error(problem)
    gaps = [TableCell(gap(at_end(runs, "suboptimality"), error)) for runs in groups]
    solvers = [TableCell(str(runs[0].solver)) for runs in groups]
    names, cells = zip(("solver", solvers), ("F - f*", gaps), *columns, strict=True)
    yield line("")
    yield line(f"on the training and the test data {when}:")
    yield Grid(names, list(zip(*cells, strict=True)), frozenset({0}))


def _cell(runs: Sequence[Run], name: str) -> TableCell:
    return TableCell(tested_text(name, at_end(runs, name)))
