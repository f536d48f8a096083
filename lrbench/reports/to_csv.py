"""A result as comma-separated values: its traces, or its verdicts or summaries in long form."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TextIO, TypeAlias

from lrbench.reports.blocks import printable
from lrbench.reports.csv_tables import VERDICTS, Row, summary_columns, summary_rows, verdict_rows
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Result
from lrbench.results.column_text import SHAPES, TraceShape, trace_texts
from lrbench.results.saved_traces import traces_needed
from lrbench.results.table import LABELS, labels, trace_columns

OfProblems: TypeAlias = Sequence[ProblemResult]

TABLES: Mapping[
    str, tuple[Callable[[OfProblems], Sequence[str]], Callable[[OfProblems], Iterator[Row]]]
] = {
    "verdicts": (lambda problems: VERDICTS, verdict_rows),
    "summary": (summary_columns, summary_rows),
}
"""Value of --table -> the columns and the rows of tables beside the trace."""


class _Text:
    """A file that keeps nothing: the writer of lines returns what it would have written."""

    def write(self, text: str) -> str:
        return text


def write(result: Result, out: TextIO, view: View) -> None:
    """Write a heading and the rows at full precision; a field without a number is empty."""
    if view.table != "trace":
        columns, rows = TABLES[view.table]
        _write_rows(columns(result.problems), rows(result.problems), out)
        return
    if result.traces == "none":
        raise traces_needed()
    names = tuple(_columns(result, view))
    line = csv.writer(_Text(), lineterminator="\n").writerow
    out.write(line([*LABELS, *names]))
    for problem in result.problems:
        for run, (shape, numbers) in zip(problem.runs, trace_texts(problem.runs, ""), strict=True):
            # No number needs quotes.
            texts = [*numbers, "", line(map(_field, labels(problem, run))).removesuffix("\n")]
            out.writelines(",".join(fields(texts)) + "\n" for fields in _rows(shape, names))


def _write_rows(columns: Sequence[str], rows: Iterator[Row], out: TextIO) -> None:
    """Write rows with these columns below a heading; what a row lacks is empty."""
    write_row = csv.writer(out, lineterminator="\n").writerow
    write_row(columns)
    for row in rows:
        write_row([_field(row.get(column)) for column in columns])


def _field(value: Any) -> str:
    """Return a value as text: with every digit, and empty for what is no number."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    return "" if value is None else printable(str(value))


@lru_cache(SHAPES)
def _rows(shape: TraceShape, names: tuple[str, ...]) -> list[itemgetter[Any]]:
    """Return for each row what takes its fields out of the numbers of a trace, "", the labels."""
    places: dict[str, Sequence[int]] = {}
    start = 0
    for name, length in zip(shape.columns, shape.lengths, strict=True):
        places[name] = range(start, start + length)
        start += length
    missing = (-2,) * max(len(places["iteration"]), 1)
    columns = [places.get(name) or missing for name in names]
    return [itemgetter(-1, *row) for row in zip(*columns, strict=True)]


def _columns(result: Result, view: View) -> list[str]:
    """Return the iteration and the columns asked for; by default all columns but the seconds."""
    if view.columns is None:
        return [c for c in trace_columns(result.problems) if c != "seconds" or view.timing]
    timed = ("seconds",) if view.timing else ()
    return list(dict.fromkeys(("iteration", *view.columns, *timed)))
