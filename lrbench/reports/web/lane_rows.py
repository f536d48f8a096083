"""The table of all lanes: a row for each solver and value, with how it ended."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence

from lrbench.reports.blocks import gap, number, short_number
from lrbench.reports.figures.labels import solver_labels
from lrbench.reports.groups import (
    SEVERITY,
    learning_rate_texts,
    status_cell,
    verdicts_of,
    worst_status,
)
from lrbench.reports.summary import bounds_cell
from lrbench.reports.tested import TEST, tested_columns
from lrbench.reports.web.tables import Column, SortableCell, SortableTable, cell
from lrbench.results import ProblemResult, Run, Sensitivity, Verdict
from lrbench.results.lanes import varied
from lrbench.results.ranking import LaneLabel, level_column

TESTED = {
    heading: f"the {about} on the held-out samples at the end, the mean over seeds"
    for heading, about in zip(TEST.values(), ("loss", "share of right labels"), strict=True)
}
"""What the columns of held-out samples hold, by their headings."""

Lanes = Mapping[LaneLabel, Sequence[Run]]
"""The runs over seeds, by (method, value)."""


def lane_table(problem: ProblemResult, lanes: Lanes) -> SortableTable:
    """Return a row for each of these lanes.

    Parameters
    ----------
    problem
        The problem that the runs are on.
    lanes
        The lanes to show.
    """
    runs = [run for of_lane in lanes.values() for run in of_lane]
    name, level = varied(runs), problem.header.level.replace("-", "−")
    swept = problem.sweep is not None and problem.sweep.has_target
    seeds = max((len(of_lane) for of_lane in lanes.values()), default=1)
    tested = tested_columns(list(lanes.values()))
    columns = [
        Column("solver", text=True),
        Column(name, "the value of this row"),
        Column("ended", "how the runs ended, the worst of several seeds", text=True),
    ]
    if swept:
        columns.append(Column("passes", "to the arrival at the target"))
    if swept and seeds > 1:
        columns.append(Column("arrived", "the seeds that arrived at the target"))
    columns += [
        Column(level, f"at the end{', the median over seeds' * (seeds > 1)}"),
        Column("% of start", f"{level} at the end over that at the start"),
        Column("lr·L", "the last rate in units of 1/L"),
        *(Column(heading, TESTED[heading]) for heading, _ in tested),
        Column("bounds", "how many bounds of theorems hold, are weak, or are violated", text=True),
    ]
    texts = learning_rate_texts({value for _, value in lanes})
    swept_at = _positions(problem) if swept else {}
    labels = solver_labels(problem)
    rows: list[list[SortableCell]] = []
    for (method, value), of_lane in lanes.items():
        row = [
            SortableCell(labels[method]),
            SortableCell(texts[value], key=value),
            _status(of_lane),
        ]
        if swept:
            row += _arrival(swept_at.get((method, value)), seeds)
        *end, bounds = _end(problem, of_lane)
        rows.append([*row, *end, *(cell(cells[len(rows)]) for _, cells in tested), bounds])
    return SortableTable("runs", columns, rows).without_empty()


def _positions(problem: ProblemResult) -> dict[LaneLabel, tuple[Sensitivity, int]]:
    """Return where each lane stands in the sweep."""
    assert problem.sweep is not None
    return {
        (str(s.solver), value): (s, k)
        for s in problem.sweep.solvers
        for k, value in enumerate(s.values or (None,))
    }


def _status(runs: Sequence[Run]) -> SortableCell:
    table_cell, status = status_cell(runs), worst_status(runs)
    return SortableCell(table_cell.text, table_cell.style, key=float(SEVERITY.index(status)))


def _arrival(position: tuple[Sensitivity, int] | None, seeds: int) -> Iterator[SortableCell]:
    """Yield the passes to the target, and how many seeds arrived."""
    if position is None:
        yield SortableCell("-")
        yield from [SortableCell("-")] * (seeds > 1)
        return
    s, k = position
    if math.isfinite(s.passes[k]):
        yield SortableCell(short_number(s.passes[k]), key=s.passes[k])
    else:
        yield SortableCell("never" if s.finished[k] else "?", "warn")
    if seeds > 1:
        yield SortableCell(f"{s.reached[k]} of {s.finished[k]}", key=float(s.reached[k]))


def _end(problem: ProblemResult, runs: Sequence[Run]) -> Iterator[SortableCell]:
    constants = problem.header.constants
    level = None
    if not all(run.status.lost for run in runs):  # their last number says nothing of the end
        level = median_at_end(runs, level_column(runs))
    yield SortableCell(gap(level, constants.f_star_error), key=level)
    share = None
    if level is not None and constants.delta0 > 0 and not math.isnan(constants.f_star):
        share = level / constants.delta0
    text = "-" if share is None else percent(share)
    yield SortableCell(text, "bad" if share is not None and share > 1 else "", key=share)
    lr = median_at_end(runs, "lr")
    relative = None if lr is None or math.isinf(constants.L) else lr * constants.L
    yield SortableCell(number(relative, 2), key=relative)
    yield _bounds(verdicts_of(problem, runs[0]))


def median_at_end(runs: Sequence[Run], column: str) -> float | None:
    """Return the median over seeds of a column where the runs ended; None if there is none."""
    ends = [end for run in runs if (end := run.at_end(column)) is not None]
    known = [end for end in ends if not math.isnan(end)]
    return statistics.median(known) if known else None


def percent(share: float) -> str:
    """Return a share in percent to two digits, in full where it is above 100: 0.008, 1.7, 5354."""
    value = 100 * share
    if not 1e-4 <= abs(value) < 1e6:
        return number(value, 2)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2g}"


def _bounds(verdicts: Sequence[Verdict]) -> SortableCell:
    """Return how many bounds hold, are weak and are violated."""
    of = [v.bound_verdict for v in verdicts]
    key = -1.0 if "fail" in of else float(of.count("pass"))
    return cell(bounds_cell(verdicts), key)
