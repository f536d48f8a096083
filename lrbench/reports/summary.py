"""The Summary of a run: how each solver and lr0 ended, and which came first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from lrbench.reports.blocks import (
    Block,
    CellColumn,
    Style,
    TableCell,
    folded_cells,
    line,
    number,
    short_gap,
    short_number,
)
from lrbench.reports.first import closing_line
from lrbench.reports.groups import (
    learning_rate_texts,
    runs_not_started,
    status_cell,
    timing,
    verdicts_of,
)
from lrbench.reports.tested import tested_columns
from lrbench.reports.verdict_blocks import has_bound, violations
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Run, Verdict
from lrbench.results.lanes import varied
from lrbench.results.ranking import LaneLabel, at_end, end_of_all, final_gap, level_column
from lrbench.verdicts.theorems import has_theorems

LEFT = frozenset({"solver", "ended", "bounds held"})

Lane = Sequence[Run]
"""The runs of one method at one value, over seeds."""


def summary(problem: ProblemResult, lanes: Sequence[LaneLabel], view: View) -> Iterator[Block]:
    """Yield how the lanes ended, with what went wrong first, and which of all lanes was first.

    Parameters
    ----------
    problem
        The runs and verdicts.
    lanes
        Those that have a row; of one value they are ranked, of several they keep their order.
    view
        Whether seconds are shown, and the width of the page.
    """
    runs = [problem.groups[lane] for lane in lanes]
    values = {value for _, value in lanes} - {None}
    yield line("")
    yield line("Summary", style="title")
    yield from violations([v for of in runs for v in verdicts_of(problem, of[0])])
    errors = dict.fromkeys((str(run.method), run.error) for of in runs for run in of if run.error)
    for solver, error in errors:
        yield line(f"{solver}: {error}", style="bad")
    if not_started := list(runs_not_started(problem.runs)):
        yield line(f"not started: {not_started[0]}", *not_started[1:], style="warn")
    if len(values) > 1:
        yield from _by_value(problem, runs, view)
    else:
        ranked = sorted(runs, key=final_gap)
        solvers = [TableCell(str(of[0].solver)) for of in ranked]
        yield from _table(problem, ("solver", solvers), ranked, view)
    if view.timing:
        methods: dict[str, list[Run]] = {}
        for of in runs:
            methods.setdefault(str(of[0].method), []).extend(of)
        for name, of_method in methods.items():
            yield line(f"{name}: {timing(of_method)}")
    if closing := closing_line(problem):
        yield closing


def _by_value(problem: ProblemResult, lanes: Sequence[Lane], view: View) -> Iterator[Block]:
    """Yield a table with a row for each value, and a part for each method."""
    texts = learning_rate_texts(of[0].value for of in lanes)
    parts: dict[int, str] = {}
    for k, of in enumerate(lanes):
        method = str(of[0].method)
        if method not in parts.values():
            parts[k] = method
    name = varied([run for of in lanes for run in of])
    first = (name, [TableCell(texts[of[0].value]) for of in lanes])
    yield from _table(problem, first, lanes, view, parts)


def _table(
    problem: ProblemResult,
    first: CellColumn,
    lanes: Sequence[Lane],
    view: View,
    parts: Mapping[int, str] | None = None,
) -> Iterator[Block]:
    """Yield the table with a row for each lane."""
    header = problem.header
    error, start, L = (
        header.constants.f_star_error,
        header.constants.delta0,
        header.constants.L,
    )
    ends = [end_of_all(of, level_column(of)) for of in lanes]
    columns: list[CellColumn] = [
        ("ended", [status_cell(of) for of in lanes]),
        (header.level, [TableCell(short_gap(end, error)) for end in ends]),
    ]
    if start > 0:
        columns.append(("of start", [_share(end, start, error) for end in ends]))
    if any("lr" in run.trace for of in lanes for run in of):
        rates = [at_end(of, "lr") for of in lanes]
        columns.append(("end lr", [TableCell(rate_text(rate, L)) for rate in rates]))
    if problem.verdicts or all(lane in problem.judged for lane in problem.groups):
        columns.append(("bounds held", [_bounds(problem, of[0]) for of in lanes]))
    groups = [[column] for column in columns]
    if tested := tested_columns(lanes):
        groups.append(tested)
    yield from folded_cells(first, groups, view.width, LEFT, parts)


def _share(end: float | None, start: float, error: float) -> TableCell:
    """Return F - f* at the end in percent of F(w_0) - f*."""
    if end is None or math.isnan(end):
        return TableCell("-")
    if end < error:
        return TableCell(f"<{short_number(100.0 * error / start, 1)} %")
    style: Style = "bad" if end > start else ""
    if end > MOST_PERCENT / 100.0 * start:
        return TableCell(f"{short_number(end / start, 2)} x", style)
    return TableCell(f"{_two_digits(100.0 * end / start)} %", style)


def rate_text(lr: float | None, L: float) -> str:
    """Return a learning rate in units of 1/L, where L is known."""
    if lr is None or math.isnan(lr):
        return "-"
    return f"{_two_digits(lr * L)}/L" if math.isfinite(L) and L > 0 else number(lr, 2)


def _two_digits(value: float) -> str:
    """Return a number to two digits, and a larger one to its last whole digit: 1.3, 5354."""
    return short_number(value, 2) if value < 100.0 else short_number(round(value, 0), 6)


def _bounds(problem: ProblemResult, run: Run) -> TableCell:
    """Return how many theorems hold of those that were judged: ``3 of 3; 2 weak``."""
    if run.lane not in problem.judged:
        known = has_theorems(run.solver)
        if known is False:
            return TableCell("no theorems")
        # Of a rule that is not known here, other lanes show whether there are theorems on it.
        of_others = run.lane[0] in {solver for solver, _ in problem.judged}
        return TableCell("not judged", "warn") if known or of_others else TableCell("-")
    return bounds_cell(problem.judged[run.lane])


def bounds_cell(verdicts: Sequence[Verdict]) -> TableCell:
    """Return how many of these theorems hold, are weak, violated, or could not be judged."""
    applying = [v for v in verdicts if has_bound(v) or v.bound_verdict == "fail"]
    if not applying:
        return TableCell("none applies")
    of = [v.bound_verdict for v in applying]
    holds, failed = of.count("pass"), of.count("fail")
    texts = [f"{'VIOLATED ' * bool(failed)}{failed or holds} of {holds + failed}"]
    texts = texts if holds + failed else []
    texts += [f"{of.count(json)} {word}" for json, word in UNPROVED.items() if json in of]
    return TableCell("; ".join(texts), "bad" if failed else "good" if holds else "")


MOST_PERCENT = 1e4
"""A share of the start above this is written as a multiple of it."""

UNPROVED = {"vacuous": "weak", "none": "open"}
"""Verdict in JSON -> the word for bounds of which it is not known that they hold and inform."""
