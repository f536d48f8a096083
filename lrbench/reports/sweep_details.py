"""The details of a sweep: a row for each value, and why measures are withheld."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from lrbench.reports.blocks import (
    Block,
    CellColumn,
    Line,
    Style,
    TableCell,
    folded_cells,
    gap,
    line,
    number,
    short_number,
)
from lrbench.reports.groups import (
    SEVERITY,
    ended_word,
    grid_of,
    learning_rate_texts,
    runs_of,
    solver_texts,
)
from lrbench.reports.sweep_bounds import bound_tables
from lrbench.reports.sweep_table import PASSED
from lrbench.reports.trajectory import lane_blocks
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Run, Sensitivity, Status, Sweep
from lrbench.results.measures import Reason
from lrbench.results.ranking import answer_column

HEADINGS = ("passes", "first hit", "reached", "status", "F - f*", "lr L")
"""Columns of the table of a solver, which has a row for each value."""

AT_END = {"lr_sensitivity": "LR sens.", "exponent": "exponent"}
"""The measures that need every run at the end of the budget, and their headings."""

REASONS: Mapping[Reason, str] = {
    "ended_early": "some runs ended before the budget (--arrival end or --at T keeps them on)",
    "missing_runs": "runs are missing",
    "none_arrives": "nothing arrives",
    "off_grid": "the range leaves the grid",
    "best_at_edge": "the best value is at an end of the grid",
    "best_at_floor": "the best F - f* is only rounding",
    "too_few_points": "too few values above the best one are between rounding and the start",
    "start_is_optimal": "F(w_0) - f* is not positive",
    "not_saved": "the result is of a version that did not have it",
    "nothing_varies": "nothing varies",
}
"""Why a measure is withheld."""


def sweep_details(problem: ProblemResult, sweep: Sweep, view: View) -> Iterator[Block]:
    """Yield a table for each solver, or one for all rows of two axes, and trajectories if asked."""
    single, maps = _single(sweep), _maps(sweep)
    for s in single:
        yield line("")
        yield from _values(problem, sweep, s, view)
    for (solver, second), rows in maps.items():
        yield line("")
        yield from _map(solver, second, rows, view)
    if view.theory is not False:
        yield from theory_of_sweep(sweep, view)
    if withheld := list(_withheld(sweep.solvers)):
        yield line("")
        yield from withheld
    # A grid has too many values for --details to show all trajectories: --columns asks for them.
    if view.columns is not None:
        for runs in problem.groups.values():
            yield from lane_blocks(problem, runs, view)


def theory_of_sweep(sweep: Sweep, view: View) -> Iterator[Block]:
    """Yield the bounds of theorems over what varies, a table for each method."""
    yield from bound_tables([*([s] for s in _single(sweep)), *_maps(sweep).values()], view)


def _single(sweep: Sweep) -> list[Sensitivity]:
    return [s for s in sweep.solvers if not s.second_axis]


def _maps(sweep: Sweep) -> Mapping[tuple[str, str], list[Sensitivity]]:
    """Return (solver, parameter of the second axis) -> the rows of two axes."""
    maps: dict[tuple[str, str], list[Sensitivity]] = defaultdict(list)
    for s in sweep.solvers:
        for second in s.second_axis:
            maps[str(s.solver.without(second)), second].append(s)
    return maps


def _values(problem: ProblemResult, sweep: Sweep, s: Sensitivity, view: View) -> Iterator[Block]:
    """Yield the table of a solver, with a row for each value."""
    each = f" of each {s.parameter}" if s.values else ""
    title = f"{s.solver}: passes to the target and the end{each}{_medians([s])}"
    yield line(title, style="title")
    lanes = runs_of(problem, s)
    texts = learning_rate_texts(s.values or (None,))
    rows = [list(_row(problem, s, k, lanes.get(value, ()))) for k, value in enumerate(texts)]
    columns = [
        [(name, list(cells))]
        for name, cells in zip(HEADINGS, zip(*rows, strict=True), strict=True)
        if name != "first hit" or sweep.arrival != "first"
    ]
    first = (s.parameter or sweep.parameter, [TableCell(text) for text in texts.values()])
    yield from folded_cells(first, columns, view.width, frozenset({"status"}))


def _map(solver: str, second: str, rows: Sequence[Sensitivity], view: View) -> Iterator[Block]:
    """Yield the passes of a solver over two axes: a row for each value of the first one."""
    name = rows[0].parameter
    title = f"{solver}: passes to the target over {name} (rows) and {second} (columns)"
    yield line(title + _medians(rows), style="title")
    texts = learning_rate_texts(grid_of(rows))
    heads = learning_rate_texts([s.second_axis[second] for s in rows])
    columns: list[list[CellColumn]] = []
    for s, head in zip(rows, heads.values(), strict=True):
        cells: dict[float | None, TableCell]
        cells = {value: _passes(s, k) for k, value in enumerate(s.values)}
        columns.append([(head, [cells.get(value, TableCell("-")) for value in texts])])
    first = (f"{name} \\ {second}", [TableCell(text) for text in texts.values()])
    yield from folded_cells(first, columns, view.width)


def _passes(s: Sensitivity, k: int) -> TableCell:
    """Return the passes at a value of the grid, marked where it has passed through the target."""
    mark = PASSED * (s.first_hit[k] < s.passes[k])
    if math.isfinite(s.passes[k]):
        return TableCell(short_number(s.passes[k]) + mark)
    return TableCell("never" + mark if s.finished[k] else "?", "warn")


def _medians(solvers: Sequence[Sensitivity]) -> str:
    n_seeds = max(s.n_seeds for s in solvers)
    return f", medians over {n_seeds} seeds" if n_seeds > 1 else ""


def _withheld(solvers: Sequence[Sensitivity]) -> Iterator[Line]:
    """Yield a line on each measure at the end of the budget that is withheld, and why."""
    texts = solver_texts(solvers)
    for key, heading in AT_END.items():
        names: dict[Reason, list[str]] = defaultdict(list)
        for s in solvers:
            if reason := s.measures.withheld.get(key):
                names[reason].append(texts[str(s.solver)])
        for reason, of in names.items():
            whose = "" if len(of) == len(solvers) else f" of {', '.join(of)}"
            yield line(f"no {heading}{whose}, as {REASONS[reason]}")


def _row(
    problem: ProblemResult, s: Sensitivity, k: int, runs: Sequence[Run]
) -> Iterator[TableCell]:
    L, error = problem.header.constants.L, problem.header.constants.f_star_error
    for passes in (s.passes[k], s.first_hit[k]):
        if math.isfinite(passes):
            yield TableCell(short_number(passes))
        else:
            yield TableCell("never" if s.finished[k] else "?", "warn")
    yield TableCell(f"{s.reached[k]}/{s.finished[k]}")
    yield _statuses(runs)
    # The last number of a run that diverged says nothing of its end: it may be that at w_0.
    ended = () if all(run.status is Status.DIVERGED for run in runs) else runs
    yield TableCell(gap(_median(ended, answer_column(runs)), error))
    lr = _median(runs, "lr")
    yield TableCell(number(lr * L, 2) if lr is not None and math.isfinite(L) else "-")


def _statuses(runs: Sequence[Run]) -> TableCell:
    """Return how many runs ended how: ``"4 target, 1 diverged"``; of one run how it ended."""
    counts = Counter(run.status if run.started else None for run in runs)
    texts = Counter(_ended(run) for run in sorted(runs, key=lambda r: SEVERITY.index(r.status)))
    pieces = [text if len(texts) == 1 else f"{count} {text}" for text, count in texts.items()]
    lost = any(status is not None and status.lost for status in counts)
    fine = all(status is not None and status.good for status in counts)
    style: Style = "bad" if lost else "" if fine else "warn"
    return TableCell(", ".join(pieces) or "not started", style)


def _ended(run: Run) -> str:
    """Return how a run ended, in few words."""
    if not run.started:
        return "not started"
    return "target" if run.status is Status.REACHED_TARGET else ended_word([run])


def _median(runs: Sequence[Run], column: str) -> float | None:
    """Return the median over seeds of a column where the runs ended; None if there is none."""
    values = (run.at_end(column) for run in runs)
    ends = [value for value in values if value is not None and not math.isnan(value)]
    return statistics.median(ends) if ends else None
