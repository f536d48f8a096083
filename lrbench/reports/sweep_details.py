"""The details of a sweep: for each solver a row for each lr0."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence

from lrbench.reports.blocks import Block, Style, TableCell, gap, line, number, short_number
from lrbench.reports.folding import folded_cells
from lrbench.reports.groups import SEVERITY, f_star_error, learning_rate_texts, smoothness
from lrbench.reports.trajectory import lane_blocks
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Run, Sensitivity, Status, Sweep

HEADINGS = ("passes", "reached", "status", "F - f*", "lr L")
LEFT = frozenset({"status"})


def lane_tables(problem: ProblemResult, sweep: Sweep, view: View) -> Iterator[Block]:
    """Yield a table for each solver; trajectories, too, where columns were asked for."""
    lanes: dict[tuple[str, float], list[Run]] = {}
    for run in problem.runs:
        lanes.setdefault((str(run.solver), run.lr0), []).append(run)
    for s in sweep.solvers:
        many = f", medians over {s.n_seeds} seeds" if s.n_seeds > 1 else ""
        yield line("")
        yield line(f"{s.solver}: passes to the target and the end of each lr0{many}", style="title")
        rows = [
            list(_row(problem, s, k, lanes.get((str(s.solver), lr0), ())))
            for k, lr0 in enumerate(s.lr0)
        ]
        columns = [
            [(name, list(cells))]
            for name, cells in zip(HEADINGS, zip(*rows, strict=True), strict=True)
        ]
        texts = learning_rate_texts(s.lr0)
        first = ("lr0", [TableCell(texts[lr0]) for lr0 in s.lr0])
        yield from folded_cells(first, columns, view.width, LEFT)
    if view.columns is not None:
        for runs in problem.groups.values():
            yield from lane_blocks(problem, runs, view)


def _row(
    problem: ProblemResult, s: Sensitivity, k: int, runs: Sequence[Run]
) -> Iterator[TableCell]:
    L, error = smoothness(problem), f_star_error(problem)
    there = math.isfinite(s.passes[k])
    yield (
        TableCell(short_number(s.passes[k]))
        if there
        else TableCell("never" if s.finished[k] else "?", "warn")
    )
    yield TableCell(f"{s.reached[k]}/{s.finished[k]}")
    yield _statuses(runs)
    yield TableCell(gap(_median(runs, "suboptimality"), error))
    lr = _median(runs, "lr")
    yield TableCell(number(lr * L, 2) if lr is not None and math.isfinite(L) else "-")


def _statuses(runs: Sequence[Run]) -> TableCell:
    """Return how many runs ended how: ``"4 target, 1 diverged"``; of one run how it ended."""
    counts = Counter(run.status if run.started else None for run in runs)
    said: list[str] = []
    for status in SEVERITY:
        if many := counts[status]:
            word = "target" if status is Status.REACHED_TARGET else str(status)
            said.append(word if len(counts) == 1 else f"{many} {word}")
    if many := counts[None]:
        said.append("not started" if len(counts) == 1 else f"{many} not started")
    lost = counts[Status.DIVERGED] or counts[Status.FAILED]
    fine = not set(counts) - {Status.COMPLETED, Status.REACHED_TARGET}
    style: Style = "bad" if lost else "" if fine else "warn"
    return TableCell(", ".join(said) or "not started", style)


def _median(runs: Sequence[Run], column: str) -> float | None:
    """Return the median over seeds of the last number of a column; None where there is none."""
    columns = [run.trace[column] for run in runs if len(run.trace.get(column, ()))]
    ends = [float(values[-1]) for values in columns if not math.isnan(values[-1])]
    return statistics.median(ends) if ends else None
