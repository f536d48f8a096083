"""A table as text: in columns for people, or in Markdown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from lrbench.reports.blocks import Grid

TableForm = Literal["simple", "pipe"]
"""Columns with blanks between them, or a Markdown table with the alignment in its second line."""


def tabulated(grid: Grid, form: TableForm, clean: Callable[[str], str] = str) -> str:
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
    # Not above: its own imports take a twentieth of a short run, and few forms write such tables.
    from tabulate import tabulate

    # The headings are the first row: a heading proper makes its column two wider than itself.
    texts = [list(map(clean, grid.columns))]
    texts += [[clean(cell.text) for cell in row] for row in grid.rows]
    drawn = tabulate(
        texts,
        tablefmt=form,
        colalign=["left" if k in grid.left else "right" for k in range(len(grid.columns))],
        disable_numparse=True,  # cells are rounded already: 1.00 must not become 1
    )
    # Without headings proper the table begins with its rule, and the simple form ends with one.
    rule, head, *lines = [line.rstrip() for line in drawn.split("\n")]
    if form == "simple":
        del lines[-1]
    for row in sorted(grid.parts, reverse=True):
        heading = clean(grid.parts[row])
        n_before = sum(max(text.count("\n") for text in cells) + 1 for cells in texts[1 : row + 1])
        empty = " |" * (len(grid.columns) - 1)
        lines.insert(n_before, f"| {heading} |{empty}" if form == "pipe" else heading)
    return "\n".join([head, rule, *lines])
