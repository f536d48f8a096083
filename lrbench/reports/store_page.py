"""The page of `lrbench store list`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from lrbench.config.named import parse_named
from lrbench.config.solver_spec import SolverSpec
from lrbench.config.targets import GOALS
from lrbench.errors import UsageError
from lrbench.reports.blocks import Block, Grid, TableCell, line, number, short_number
from lrbench.results.definition import definition, differing
from lrbench.verdicts.method_names import MethodNames

HEADINGS = ("solver", "lr0", "seeds", "T", "cells", "code")
"""The second one is ``"over"`` where another parameter varies."""


def store_page(entries: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    """Yield a table for each problem and setting; an entry of a store is a row."""
    if not entries:
        yield line("no finished cell", style="warn")
    parts = list(zip(map(_title, entries), _told_apart(entries), strict=True))
    numbers = groupby(range(len(entries)), parts.__getitem__)
    for k, ((title, words), of_part) in enumerate(numbers):
        if k:
            yield line("")
        yield line(title, style="title")
        if words:
            yield line(*words)
        of_title = [entries[number] for number in of_part]
        names = _method_names(of_title)
        plain = all(entry["over"] in ("lr0", "") for entry in of_title)
        headings = [name if plain or name != "lr0" else "over" for name in HEADINGS]
        yield Grid(headings, [list(_row(entry, names)) for entry in of_title], frozenset({0, 1, 5}))


def _told_apart(entries: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[str]]:
    """Yield for each entry what tells its problem from others of the same name.

    A network and a reparametrisation are named in any case.
    """
    definitions = [definition(entry.get("header", {})) for entry in entries]
    of_name: dict[str, list[Mapping[str, str]]] = {}
    for entry, of in zip(entries, definitions, strict=True):
        of_name.setdefault(entry["problem"], []).append(of)
    plain = definition({})
    for entry, of in zip(entries, definitions, strict=True):
        keys = differing(of_name[entry["problem"]])
        keys += [k for k in ("model", "reparametrisation") if of[k] != plain[k] and k not in keys]
        yield tuple(of[key] for key in keys if of[key])


def _title(entry: Mapping[str, Any]) -> str:
    size, target = entry["batch_size"], entry["target"]
    goal = GOALS[entry.get("target_measure", "suboptimality")]
    setting = "full batches" if size is None else f"batches of {size}"
    pieces = [entry["problem"], setting]
    if target is not None:
        pieces.append(f"target {goal} {number(target)}")
    if entry["arrival"] is not None:
        pieces.append(f"arrival {entry['arrival']}")
    if entry["at"]:
        pieces.append(f"also at T = {', '.join(map(str, entry['at']))}")
    return ", ".join(pieces)


def _method_names(entries: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """Return the solver of each entry -> the name that pages have for it."""
    specs = {}
    for text in dict.fromkeys(str(entry["solver"]) for entry in entries):
        with contextlib.suppress(UsageError):  # of a name that another version wrote
            name, params = parse_named(text)
            specs[text] = SolverSpec(name, params, tuple(params))
    full_batches = all(entry["batch_size"] is None for entry in entries)
    names = MethodNames(specs.values(), full_batches)
    return {text: str(names.spec(spec)) for text, spec in specs.items()}


def _row(entry: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[TableCell]:
    yield TableCell(names.get(entry["solver"], entry["solver"]))
    span = _span(entry["values"])
    if entry["over"] not in ("lr0", ""):  # with the lr0 that is held, or that follows
        span = f"{entry['over']} {span}" + (f", lr0 {_span(entry['lr0'])}" * bool(entry["lr0"]))
    yield TableCell(span)
    yield from (TableCell(str(entry[key])) for key in ("seeds", "iterations", "cells"))
    state = {True: "current", False: "stale", None: "not known"}[entry["current"]]
    if entry["current"] is None:  # of a rule of the user there may be several versions
        state += f" ({entry['source']})"
    yield TableCell(state, "dim" if entry["current"] is False else "")


def _span(values: Sequence[float] | None) -> str:
    """Return ``0.1 to 10``, the least and the largest value; of equal ones this one."""
    return " to ".join(dict.fromkeys(map(short_number, values or ()))) or "-"
