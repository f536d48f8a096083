"""Columns side by side, as many as fit the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from lrbench.reports.blocks import WIDTH, Block, Grid, TableCell, line

GAP = 2
"""Blanks between two columns."""

Column: TypeAlias = tuple[str, list[str]]
"""A heading and the texts below it."""

Styled: TypeAlias = tuple[str, list[TableCell]]
"""A heading and the cells below it."""


def folded(first: Column, groups: Sequence[list[Column]], width: int = WIDTH) -> Iterator[Block]:
    """Yield tables of numbers that all start with the column `first` and fit the page.

    Parameters
    ----------
    first
        The column to find a row by.
    groups
        Columns that stay together; a group that is too wide alone is a table all the same.
    width
        Of the page.
    """
    cells = [[(name, list(map(TableCell, texts))) for name, texts in group] for group in groups]
    yield from folded_cells((first[0], list(map(TableCell, first[1]))), cells, width)


def folded_cells(
    first: Styled, groups: Sequence[list[Styled]], width: int, left: frozenset[str] = frozenset()
) -> Iterator[Block]:
    """Yield tables as `folded`; `left` has the headings of the columns that are text."""
    together: list[Styled] = []
    for group in groups:
        if together and _width([first, *together, *group]) > width:
            yield _grid([first, *together], left)
            yield line("")
            together = []
        together = together + group
    yield _grid([first, *together], left)


def _width(columns: Sequence[Styled]) -> int:
    return sum(GAP + max(map(len, [name, *(c.text for c in col)])) for name, col in columns) - GAP


def _grid(columns: Sequence[Styled], left: frozenset[str]) -> Grid:
    names, cells = zip(*columns, strict=True)
    aligned = frozenset(k for k, name in enumerate(names) if name in left)
    return Grid(names, list(zip(*cells, strict=True)), aligned)
