"""A table as text, drawn by the package tabulate."""

from __future__ import annotations

from collections.abc import Callable

import tabulate

from lrbench.reports.blocks import Grid

tabulate.MIN_PADDING = 0  # else wide headings alone push a table beyond 80 columns


def tabulated(grid: Grid, form: str, clean: Callable[[str], str] = str) -> str:
    """Return `grid` as text without blanks at the ends of lines.

    Parameters
    ----------
    grid
        The table.
    form
        The name of one of tabulate's formats.
    clean
        The function that is applied to the text of every heading and cell.
    """
    text = tabulate.tabulate(
        [[clean(cell.text) for cell in row] for row in grid.rows],
        headers=[clean(name) for name in grid.columns],
        tablefmt=form,
        colalign=["left" if k in grid.left else "right" for k in range(len(grid.columns))],
        disable_numparse=True,  # cells are rounded already: 1.00 must not become 1
    )
    lines = [line.rstrip() for line in text.splitlines()]
    # Headings of parts begin after the two lines of the head; the last first, so that rows stay.
    for row in sorted(grid.parts, reverse=True):
        heading = clean(grid.parts[row])
        empty = " |" * (len(grid.columns) - 1)
        lines.insert(2 + row, f"| {heading} |{empty}" if form == "pipe" else heading)
    return "\n".join(lines)
