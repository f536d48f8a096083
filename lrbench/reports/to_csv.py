"""A result as comma-separated values: one checkpoint of one run a row."""

from __future__ import annotations

import csv
from typing import TextIO

from lrbench.reports.view import View
from lrbench.results import Result
from lrbench.results.rows import LABELS, rows, trace_columns


def write(result: Result, out: TextIO, view: View) -> None:
    """Write a heading and the rows: full precision, nothing where there is no number."""
    columns = _columns(result, view)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*LABELS, *columns])
    writer.writerows(rows(result.problems, columns))


def _columns(result: Result, view: View) -> list[str]:
    """Return the iteration and the columns asked for; all but the seconds by default."""
    if view.columns is None:
        return [c for c in trace_columns(result.problems) if c != "seconds" or view.timing]
    timed = ("seconds",) if view.timing else ()
    return list(dict.fromkeys(("iteration", *view.columns, *timed)))
