"""A grid through tabulate, in any of its forms."""

from __future__ import annotations

from collections.abc import Callable

import tabulate

from lrbench.reports.blocks import Grid

tabulate.MIN_PADDING = 0  # else headings alone push tables beyond 80 columns


def tabulated(grid: Grid, form: str, clean: Callable[[str], str] = str) -> str:
    """Return `grid` as text without trailing blanks.

    Parameters
    ----------
    grid
        The table.
    form
        One of tabulate's formats.
    clean
        Applied to every heading and cell.
    """
    text = tabulate.tabulate(
        [[clean(cell.text) for cell in row] for row in grid.rows],
        headers=[clean(name) for name in grid.columns],
        tablefmt=form,
        colalign=["left" if k in grid.left else "right" for k in range(len(grid.columns))],
        disable_numparse=True,
    )
    return "\n".join(line.rstrip() for line in text.splitlines())
