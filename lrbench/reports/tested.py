"""Loss and accuracy on the held-out samples, beside F - f* on the training samples."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from lrbench.reports.blocks import Block, CellColumn, Grid, TableCell, gap, line, number
from lrbench.reports.groups import last_checkpoints
from lrbench.results import ProblemResult, Run
from lrbench.results.ranking import at_end, level_column

TEST = {"test_loss": "test loss", "test_accuracy": "test acc"}
"""The columns of a trace that are about held-out samples, and their headings."""


def tested_text(name: str, value: float | None) -> str:
    """Return a test loss to 4 digits or a test accuracy to 4 places; a dash if not finite."""
    # A saved result has null for an infinite loss, and its page is to be that of the run.
    value = value if value is not None and math.isfinite(value) else None
    if name == "test_accuracy" and value is not None:
        return f"{value:.4f}"
    return number(value, 4)


def tested_columns(lanes: Sequence[Sequence[Run]]) -> list[CellColumn]:
    """Return the columns of the last test loss and accuracy, as means over seeds.

    Parameters
    ----------
    lanes
        The runs of one lane each; a lane becomes a row.

    Returns
    -------
    Empty if no samples were held out.
    """
    names = [name for name in TEST if any(name in run.trace for runs in lanes for run in runs)]
    return [
        (TEST[name], [TableCell(tested_text(name, at_end(runs, name))) for runs in lanes])
        for name in names
    ]


def tested_blocks(problem: ProblemResult, groups: Sequence[Sequence[Run]]) -> Iterator[Block]:
    """Yield a table with a row for each solver: F - f*, test loss and accuracy at the end."""
    columns = tested_columns(groups)
    if not columns:
        return
    ends = last_checkpoints(run for runs in groups for run in runs)
    when = f"after T = {ends.pop()} iterations" if len(ends) == 1 else "where each run ended"
    error = problem.header.constants.f_star_error
    gaps = [TableCell(gap(at_end(runs, level_column(runs)), error)) for runs in groups]
    solvers = [TableCell(str(runs[0].solver)) for runs in groups]
    names, cells = zip(("solver", solvers), (problem.header.level, gaps), *columns, strict=True)
    yield line("")
    yield line(f"on the training and the test data {when}:")
    yield Grid(names, list(zip(*cells, strict=True)), frozenset({0}))
