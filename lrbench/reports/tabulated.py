"""A table as text: in columns for people, or in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
        What it looks like.
    clean
        The function that is applied to the text of every heading and cell.
    """
    heads = [clean(name) for name in grid.columns]
    rows = [[clean(cell.text).strip() for cell in row] for row in grid.rows]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]

    def row_text(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if k in grid.left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |" if form == "pipe" else "  ".join(padded).rstrip()

    def part_text(row: int) -> str:
        heading = clean(grid.parts[row])
        return f"| {heading} |{' |' * (len(heads) - 1)}" if form == "pipe" else heading

    if form == "pipe":
        rules = [
            f":{'-' * (width + 1)}" if k in grid.left else f"{'-' * (width + 1)}:"
            for k, width in enumerate(widths)
        ]
        rule = f"|{'|'.join(rules)}|"
    else:
        rule = "  ".join("-" * width for width in widths)
    lines = [row_text(heads), rule]
    for k, cells in enumerate(rows):
        lines += [part_text(k)] if k in grid.parts else []
        lines.append(row_text(cells))
    return "\n".join(lines)
