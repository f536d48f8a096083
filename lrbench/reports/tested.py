"""Loss and accuracy on the held-out samples, beside F - f* on the training samples."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lrbench.reports.blocks import Block, CellColumn, Grid, TableCell, line, number
from lrbench.reports.groups import runs_of, solver_texts
from lrbench.results import ProblemResult, Run
from lrbench.results.ranking import end_of_all

if TYPE_CHECKING:
    from lrbench.results import Sweep

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
        (TEST[name], [TableCell(tested_text(name, end_of_all(runs, name))) for runs in lanes])
        for name in names
    ]


def tested_table(problem: ProblemResult, sweep: Sweep) -> Iterator[Block]:
    """Yield a table of the test loss and accuracy of each solver at its best value."""
    lanes: list[Sequence[Run]] = []
    names: list[TableCell] = []
    for s, name in zip(sweep.solvers, solver_texts(sweep.solvers).values(), strict=True):
        runs = runs_of(problem, s).get(s.best_value, ())
        if math.isfinite(s.best_passes) and runs:
            lanes.append(runs)
            names.append(TableCell(name))
    columns = tested_columns(lanes)
    if not columns:
        return
    seeds = ", means over seeds" if any(len(runs) > 1 for runs in lanes) else ""
    yield line("")
    yield line(
        f"on the test samples, where the best {sweep.parameter} arrived{seeds}:", style="title"
    )
    headings, cells = zip(("solver", names), *columns, strict=True)
    yield Grid(headings, list(zip(*cells, strict=True)), frozenset({0}))
