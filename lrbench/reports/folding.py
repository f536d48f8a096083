"""Columns side by side, as many as fit the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from lrbench.reports.blocks import WIDTH, Block, Cell, Grid, line

GAP = 2
"""Blanks between two columns."""

Column: TypeAlias = tuple[str, list[str]]
"""A heading and the texts below it."""


def folded(first: Column, groups: Sequence[list[Column]]) -> Iterator[Block]:
    """Yield tables that all start with the column `first` and fit the page.

    Parameters
    ----------
    first
        The column to find a row by.
    groups
        Columns that stay together; a group that is too wide alone is a table all the same.
    """
    together: list[Column] = []
    for group in groups:
        if together and _width([first, *together, *group]) > WIDTH:
            yield _grid([first, *together])
            yield line("")
            together = []
        together = together + group
    yield _grid([first, *together])


def _width(columns: Sequence[Column]) -> int:
    return sum(GAP + max(map(len, [name, *texts])) for name, texts in columns) - GAP


def _grid(columns: Sequence[Column]) -> Grid:
    names, texts = zip(*columns, strict=True)
    return Grid(names, [[Cell(text) for text in row] for row in zip(*texts, strict=True)])
