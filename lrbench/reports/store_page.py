"""What `lrbench store list` shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from lrbench.reports.blocks import Block, Grid, TableCell, line, number, short_number

HEADINGS = ("solver", "lr0", "seeds", "T", "cells", "code")


def store_page(entries: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    """Yield a table for each problem and setting, from the fields of the entries of a store."""
    if not entries:
        yield line("no finished cell", style="warn")
    for k, (title, mine) in enumerate(groupby(entries, _title)):
        if k:
            yield line("")
        yield line(title, style="title")
        rows = [[*map(TableCell, _row(entry)), _code(entry)] for entry in mine]
        yield Grid(HEADINGS, rows, frozenset({0, 1, 5}))


def _title(entry: Mapping[str, Any]) -> str:
    size, target = entry["batch_size"], entry["target"]
    setting = "full batches" if size is None else f"batches of {size}"
    goal = "" if target is None else f", target F - f* <= {number(target)}"
    return f"{entry['problem']}, {setting}{goal}"


def _row(entry: Mapping[str, Any]) -> Iterator[str]:
    low, high = (short_number(value) for value in entry["lr0"])
    yield entry["solver"]
    yield low if low == high else f"{low} to {high}"
    yield str(entry["seeds"])
    yield str(entry["iterations"])
    yield str(entry["cells"])


def _code(entry: Mapping[str, Any]) -> TableCell:
    return TableCell("current") if entry["current"] else TableCell("stale", "dim")
