"""What `lrbench store list` shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lrbench.reports.blocks import Block, Cell, Grid, line, short

HEADINGS = ("problem", "setting", "solver", "lr0", "seeds", "T", "cells", "code")


def page(entries: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    """Yield the table of the entries of a store, from their fields."""
    if not entries:
        yield line("no finished cell", style="warn")
        return
    rows = [[*map(Cell, _row(entry)), _code(entry)] for entry in entries]
    yield Grid(HEADINGS, rows, frozenset({0, 1, 2, 7}))


def _row(entry: Mapping[str, Any]) -> Iterator[str]:
    low, high = (short(value) for value in entry["lr0"])
    size = entry["batch_size"]
    yield entry["problem"]
    yield "full" if size is None else f"batch {size}"
    yield entry["solver"]
    yield low if low == high else f"{low} to {high}"
    yield str(entry["seeds"])
    yield str(entry["iterations"])
    yield str(entry["cells"])


def _code(entry: Mapping[str, Any]) -> Cell:
    return Cell("current") if entry["current"] else Cell("stale", "dim")
