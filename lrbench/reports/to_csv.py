"""A result as comma-separated values, with a row for each checkpoint of each run."""

from __future__ import annotations

import csv
from typing import TextIO

from lrbench.reports.view import View
from lrbench.results import Result
from lrbench.results.table import LABELS, rows, trace_columns


def write(result: Result, out: TextIO, view: View) -> None:
    """Write a heading and the rows at full precision; a field without a number is empty."""
    columns = _columns(result, view)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*LABELS, *columns])
    writer.writerows(rows(result.problems, columns))


def _columns(result: Result, view: View) -> list[str]:
    """Return the iteration and the columns asked for; by default all columns but the seconds."""
    if view.columns is None:
        return [c for c in trace_columns(result.problems) if c != "seconds" or view.timing]
    timed = ("seconds",) if view.timing else ()
    return list(dict.fromkeys(("iteration", *view.columns, *timed)))
