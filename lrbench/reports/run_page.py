"""The page of `lrbench run`: convergence beside theory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

from lrbench.reports.blocks import Block, Cell, Grid, line, number, scientific
from lrbench.reports.closing import closing_line
from lrbench.reports.folding import Column, folded
from lrbench.reports.groups import (
    by_solver,
    mean_at,
    share,
    smoothness,
    status_cell,
    table_iterations,
    timing,
    verdicts_of,
)
from lrbench.reports.problem_lines import problem_lines
from lrbench.reports.trajectory import lane_blocks, trajectory
from lrbench.reports.verdict_blocks import (
    VERDICT_STYLE,
    main_bound,
    main_certificate,
    refused,
    verdict_grid,
    with_interval,
)
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Result, Run, Verdict

T = TypeVar("T")


def page(result: Result, view: View) -> Iterator[Block]:
    """Yield the blocks of the page, problem by problem."""
    for k, problem in enumerate(result.problems):
        if k:
            yield line("")
        yield from problem_lines(problem)
        if not problem.runs:
            yield line("no run was started", style="warn")
        elif len({run.lr0 for run in problem.runs}) == 1:
            yield from _one_lr0(problem, view)
        else:
            yield from _many_lr0(problem, view)
        closing = closing_line(problem)
        if closing is not None:
            yield line("")
            yield closing


def _setting(problem: ProblemResult) -> Iterator[str]:
    run = problem.runs[0]
    if run.setting == "batch":
        yield "full batches"
    else:
        how = "with replacement" if run.sampling == "replacement" else "reshuffled"
        yield f"batches of {run.batch_size} {how}"
    lr0s = sorted({r.lr0 for r in problem.runs})
    seeds = sorted({r.seed for r in problem.runs})
    if len(lr0s) == 1:
        yield f"lr0 = {lr0s[0]:g}"
    if problem.header["radius"] is not None:
        yield f"ball of radius {problem.header['radius']:g} around w_0"
    if len(seeds) > 1:
        yield f"means over {len(seeds)} seeds"


def _one_lr0(problem: ProblemResult, view: View) -> Iterator[Block]:
    groups = list(by_solver(problem.runs).values())
    yield line(*_setting(problem), "F(w_T) - f* after T steps and measured / certificate:")
    iterations = table_iterations(problem.runs)
    first = ("T", [str(t) for t in iterations])
    yield from folded(first, [_columns(problem, runs, iterations) for runs in groups])
    for runs in groups:
        yield from _solver_blocks(problem, runs, view)


def _columns(problem: ProblemResult, runs: Sequence[Run], iterations: list[int]) -> list[Column]:
    """Return the gap of one solver at these iterations, and its share of the certificate."""
    gaps = [scientific(mean_at(runs, "suboptimality", t)) for t in iterations]
    certificate = main_certificate(verdicts_of(problem, runs[0].solver, runs[0].lr0))
    columns = [(str(runs[0].solver), gaps)]
    if certificate:
        columns.append((f"/ {certificate.theorem}", [share(certificate, t) for t in iterations]))
    return columns


def _solver_blocks(problem: ProblemResult, runs: Sequence[Run], view: View) -> Iterator[Block]:
    status, L = status_cell(runs), smoothness(problem)
    verdicts = verdicts_of(problem, runs[0].solver, runs[0].lr0)
    final = runs[0].trace.get("lr", np.empty(0))
    words = f"{runs[0].solver}: {status.text}"
    if len(final) > 1 and math.isfinite(L):
        words += f"; last lr {number(final[-1])} = {number(final[-1] * L)}/L"
    if view.timing:
        words += f"; {timing(runs)}"
    yield line("")
    yield line(words, style=status.style or "title")
    if runs[0].error:
        yield line(runs[0].error, style="bad")
    yield from verdict_grid(verdicts)
    yield from refused(verdicts)
    if view.trajectories:
        yield from trajectory(problem, runs, view)


def _many_lr0(problem: ProblemResult, view: View) -> Iterator[Block]:
    groups = by_solver(problem.runs)
    last = max(table_iterations(problem.runs), default=0)
    of = f"F - f* after T = {last} iterations, of the last iterate and of the average:"
    yield line(*_setting(problem), of)
    for solver in dict.fromkeys(name for name, _ in groups):
        lanes = [runs for (name, _), runs in groups.items() if name == solver]
        yield line("")
        seconds = f": {timing([run for runs in lanes for run in runs])}" if view.timing else ""
        yield line(solver + seconds, style="title")
        rows = [list(_lane_row(problem, runs, last)) for runs in lanes]
        columns = ["lr0", "status", "last", "average", "bound", "verdict", "order", "lr L"]
        if not any(row[6].text for row in rows):
            columns, rows = without(columns, 6), [without(row, 6) for row in rows]
        yield Grid(columns, rows, frozenset({1, 4, 5}))
        yield from refused([v for v in problem.verdicts if str(v.solver) == solver])
        for runs in lanes if view.trajectories else ():
            yield from lane_blocks(problem, runs, view)


def without(items: Sequence[T], position: int) -> list[T]:
    """Return the items but for one."""
    return [item for k, item in enumerate(items) if k != position]


def _lane_row(problem: ProblemResult, runs: Sequence[Run], last: int) -> Iterator[Cell]:
    run, L = runs[0], smoothness(problem)
    verdicts = verdicts_of(problem, run.solver, run.lr0)
    shown = main_certificate(verdicts) or main_bound(verdicts)
    yield Cell(f"{run.lr0:g}")
    yield status_cell(runs)
    yield Cell(scientific(mean_at(runs, "suboptimality", last)))
    yield _average(runs, verdicts, last)
    if shown is None:
        yield Cell("none")
        yield Cell("")
    else:
        yield Cell(f"{shown.theorem} {scientific(shown.bound[-1])}")
        yield Cell(shown.bound_verdict, VERDICT_STYLE.get(shown.bound_verdict, ""))
    orders = [v for v in verdicts if v.measured_order is not None and v.measure == "suboptimality"]
    first = min(orders, key=lambda v: v.iterate != "last", default=None)
    order = None if first is None else first.measured_order
    yield Cell("" if order is None else number(order, 2))
    lr = mean_at(runs, "lr", last)
    yield Cell(number(lr * L, 2) if lr is not None and math.isfinite(L) else "-")


def _average(runs: Sequence[Run], verdicts: Sequence[Verdict], last: int) -> Cell:
    """Return F - f* of the average, with its interval over seeds where a verdict has one."""
    mean = mean_at(runs, "suboptimality_average", last)
    for v in verdicts:
        if (v.measure, v.iterate) == ("suboptimality", "average") and v.metric_interval:
            return Cell(with_interval(v))
    return Cell(scientific(mean))
