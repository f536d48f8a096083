"""The page of `lrbench store list`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from lrbench.config.targets import GOALS
from lrbench.reports.blocks import Block, Grid, TableCell, line, number, short_number

HEADINGS = ("solver", "lr0", "seeds", "T", "cells", "code")
"""The second one is ``"over"`` where another parameter varies."""


def store_page(entries: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    """Yield a table for each problem and setting; an entry of a store is a row."""
    if not entries:
        yield line("no finished cell", style="warn")
    for k, (title, entries_of_title) in enumerate(groupby(entries, _title)):
        if k:
            yield line("")
        yield line(title, style="title")
        of_title = list(entries_of_title)
        plain = all(entry["over"] in ("lr0", "") for entry in of_title)
        headings = [name if plain or name != "lr0" else "over" for name in HEADINGS]
        yield Grid(headings, [list(_row(entry)) for entry in of_title], frozenset({0, 1, 5}))


def _title(entry: Mapping[str, Any]) -> str:
    size, target = entry["batch_size"], entry["target"]
    goal = GOALS[entry["target_measure"]]
    setting = "full batches" if size is None else f"batches of {size}"
    target_text = "" if target is None else f", target {goal} {number(target)}"
    return f"{entry['problem']}, {setting}{target_text}"


def _row(entry: Mapping[str, Any]) -> Iterator[TableCell]:
    yield TableCell(entry["solver"])
    ends = dict.fromkeys(short_number(value) for value in entry["values"] or ())
    span = " to ".join(ends) or "-"
    yield TableCell(span if entry["over"] in ("lr0", "") else f"{entry['over']} {span}")
    yield from (TableCell(str(entry[key])) for key in ("seeds", "iterations", "cells"))
    state = {True: "current", False: "stale", None: "not known"}[entry["current"]]
    if entry["current"] is None:  # of a rule of the user there may be several versions
        state += f" ({entry['source']})"
    yield TableCell(state, "dim" if entry["current"] is False else "")
