"""The page of `lrbench run`: convergence beside theory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from lrbench.reports.blocks import Block, gap, line, number
from lrbench.reports.closing import closing_line
from lrbench.reports.folding import Column, folded
from lrbench.reports.groups import (
    ball_text,
    batch_text,
    bound_ratio,
    f_star_error,
    last_checkpoints,
    learning_rate_texts,
    mean_at,
    runs_not_started,
    smoothness,
    status_cell,
    table_iterations,
    timing,
    verdicts_of,
)
from lrbench.reports.lane_table import lane_table
from lrbench.reports.problem_lines import problem_lines
from lrbench.reports.refused import refused
from lrbench.reports.tested import tested_blocks
from lrbench.reports.trajectory import lane_blocks, trajectory
from lrbench.reports.verdict_blocks import main_certificate, verdict_grid
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Run


def run_blocks(problem: ProblemResult, view: View) -> Iterator[Block]:
    """Yield what the runs on one problem found."""
    yield from problem_lines(problem)
    if not problem.groups:
        yield line("no run was started", style="warn")
        return
    if len({lr0 for _, lr0 in problem.groups}) == 1:
        yield from _one_lr0(problem, view)
    else:
        yield from _many_lr0(problem, view)
    yield from _end(problem)


def _end(problem: ProblemResult) -> Iterator[Block]:
    """Yield what was never started, and who came first."""
    missing = list(runs_not_started(problem.runs))
    if missing:
        yield line("")
        yield line(f"not started: {missing[0]}", *missing[1:], style="warn")
    closing = closing_line(problem)
    if closing is not None:
        yield line("")
        yield closing


def _setting(problem: ProblemResult) -> Iterator[str]:
    started = [run for runs in problem.groups.values() for run in runs]
    run, seeds = started[0], {r.seed for r in started}
    yield batch_text(run)
    texts = learning_rate_texts([lr0 for _, lr0 in problem.groups])
    if len(texts) == 1:
        yield f"lr0 = {texts[run.lr0]}"
    yield from ball_text(problem)
    if len(seeds) > 1:
        uneven = {len(runs) for runs in problem.groups.values()} != {len(seeds)}
        yield f"means over {'up to ' * uneven}{len(seeds)} seeds"


def _one_lr0(problem: ProblemResult, view: View) -> Iterator[Block]:
    groups, setting = list(problem.groups.values()), tuple(_setting(problem))
    of = "F(w_T) - f* after T steps and measured / certificate:"
    yield line(*setting, of, recurs=setting)
    iterations = table_iterations([run for runs in groups for run in runs])
    first = ("T", [str(t) for t in iterations])
    columns = [_columns(problem, runs, iterations) for runs in groups]
    yield from folded(first, columns, view.width)
    yield from tested_blocks(problem, groups)
    for runs in groups:
        yield from _solver_blocks(problem, runs, view)


def _columns(problem: ProblemResult, runs: Sequence[Run], iterations: list[int]) -> list[Column]:
    """Return the gap of one solver at these iterations, and its share of the certificate."""
    error = f_star_error(problem)
    gaps = [gap(mean_at(runs, "suboptimality", t), error) for t in iterations]
    certificate = main_certificate(verdicts_of(problem, runs[0].solver, runs[0].lr0))
    columns = [(str(runs[0].solver), gaps)]
    if certificate:
        ratios = [bound_ratio(certificate, t, error) for t in iterations]
        columns.append((f"/ {certificate.theorem}", ratios))
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
    yield from verdict_grid(verdicts, f_star_error(problem))
    yield from refused(verdicts)
    if view.trajectories:
        yield from trajectory(problem, runs, view)


def _many_lr0(problem: ProblemResult, view: View) -> Iterator[Block]:
    texts = learning_rate_texts([lr0 for _, lr0 in problem.groups])
    solvers: dict[str, list[Sequence[Run]]] = {}
    for (solver, _), runs in problem.groups.items():
        solvers.setdefault(solver, []).append(runs)
    setting = (*_setting(problem), _measured(problem))
    yield line(*setting, recurs=setting)
    for solver, lanes in solvers.items():
        yield line("")
        seconds = f": {timing([run for runs in lanes for run in runs])}" if view.timing else ""
        yield line(solver + seconds, style="title")
        yield from lane_table(problem, lanes, texts, view)
        mine = {runs[0].lr0: verdicts_of(problem, runs[0].solver, runs[0].lr0) for runs in lanes}
        rows = {lr0: texts[lr0] for lr0 in mine}
        yield from refused([v for verdicts in mine.values() for v in verdicts], rows)
        for runs in lanes if view.trajectories else ():
            yield from lane_blocks(problem, runs, view)


def _measured(problem: ProblemResult) -> str:
    """Return what the columns hold, and after how many iterations."""
    ends = last_checkpoints(run for runs in problem.groups.values() for run in runs)
    when = f"after T = {ends.pop()} iterations" if len(ends) == 1 else "of each lr0 at its end"
    return f"F - f* {when}, of the last iterate and of the average:"
