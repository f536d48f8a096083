"""A result as comma-separated values, with a row for each checkpoint of each run."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import TextIO

from lrbench.reports.view import View
from lrbench.results import Result
from lrbench.results.column_text import ColumnTexts
from lrbench.results.table import LABELS, labels, trace_columns


class _Text:
    """A file that keeps nothing: the writer of lines returns what it would have written."""

    def write(self, text: str) -> str:
        return text


def write(result: Result, out: TextIO, view: View) -> None:
    """Write a heading and the rows at full precision; a field without a number is empty."""
    names = _columns(result, view)
    line = csv.writer(_Text(), lineterminator="\n").writerow
    out.write(line([*LABELS, *names]))
    texts = ColumnTexts[Sequence[str]](tuple, "")
    for problem in result.problems:
        for run in problem.runs:
            columns = texts.of(run.trace)
            missing = ("",) * max(len(columns["iteration"]), 1)
            start = line(labels(problem, run)).removesuffix("\n")
            # No number needs quotes.
            for numbers in zip(*(columns.get(name) or missing for name in names), strict=True):
                out.write(f"{start},{','.join(numbers)}\n")


def _columns(result: Result, view: View) -> list[str]:
    """Return the iteration and the columns asked for; by default all columns but the seconds."""
    if view.columns is None:
        return [c for c in trace_columns(result.problems) if c != "seconds" or view.timing]
    timed = ("seconds",) if view.timing else ()
    return list(dict.fromkeys(("iteration", *view.columns, *timed)))
