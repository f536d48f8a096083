"""The JSON text of one run, indented."""

from __future__ import annotations

import json
from functools import cache

from lrbench.config.plain import plain
from lrbench.results.records import Run

FLAT = json.JSONEncoder(allow_nan=False, separators=(",\n ", ": "))
"""The encoder of the values of a run that are no lists or objects."""

NUMBERS = json.JSONEncoder(allow_nan=False, separators=(",\n   ", ": "))
"""The encoder of the columns of a trace."""


def run_text(run: Run) -> str:
    """Return ``json.dumps(plain(run), indent=1, allow_nan=False)``.

    Notes
    -----
    The encoder of Python 3.11 that indents is written in Python, and takes most of the time of a
    result with many short runs. The one in C does not know of depths, but writes any separator, so
    that the values of one depth can be written together.
    """
    values = plain(run)
    solver, trace, over = (values.pop(key) for key in ("solver", "trace", "over"))
    # There are no texts among the numbers, so that brackets stand around columns only.
    columns = NUMBERS.encode([*trace.values()])[2:-2].split("],\n   [")
    lines = [
        f"  {_quoted(name)}: [\n   {text}\n  ]" if text else f"  {_quoted(name)}: []"
        for name, text in zip(trace, columns, strict=True)
    ]
    solver_text = _solver_text(json.dumps(solver, allow_nan=False))
    flat, traced = FLAT.encode(values)[1:-1], ",\n".join(lines)
    over_text = NUMBERS.encode(over)[1:-1].replace("\n   ", "\n  ")
    lane = f'"solver": {solver_text},\n "over": {{\n  {over_text}\n }}'
    return f'{{\n {lane},\n {flat},\n "trace": {{\n{traced}\n }}\n}}'


@cache
def _quoted(name: str) -> str:
    return json.dumps(name)


@cache
def _solver_text(text: str) -> str:
    """Return the JSON of a solver, which many runs share, indented as a value of a run."""
    return json.dumps(json.loads(text), indent=1).replace("\n", "\n ")
