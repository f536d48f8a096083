"""A table as text: in columns for people, or in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
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
    # A cell of the aligned form may have several lines.
    heads = [[line.strip() for line in clean(name).split("\n")] for name in grid.columns]
    rows = [
        [[line.strip() for line in clean(cell.text).split("\n")] for cell in row]
        for row in grid.rows
    ]
    widths = [
        max(len(line) for cell in column for line in cell)
        for column in zip(heads, *rows, strict=True)
    ]

    def row_lines(cells: Sequence[Sequence[str]]) -> Iterator[str]:
        for lines in zip_longest(*cells, fillvalue=""):
            padded = [
                text.ljust(width) if k in grid.left else text.rjust(width)
                for k, (text, width) in enumerate(zip(lines, widths, strict=True))
            ]
            yield f"| {' | '.join(padded)} |" if form == "pipe" else "  ".join(padded).rstrip()

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
    lines = [*row_lines(heads), rule]
    for k, cells in enumerate(rows):
        lines += [part_text(k)] if k in grid.parts else []
        lines += row_lines(cells)
    return "\n".join(lines)
