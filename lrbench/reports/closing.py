"""The line that answers the question: which solver and lr0 came to the target first."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np

from lrbench.reports.blocks import Line, line, number
from lrbench.reports.groups import by_solver
from lrbench.results import ProblemResult, Run

DEFAULT_SHARE = 0.01
"""Of F(w_0) - f*: the target where none was given."""


def closing_line(problem: ProblemResult) -> Line | None:
    """Return who reached the target in the fewest passes, None where nothing was run.

    Passes are those of the first checkpoint at or below the target: the median over seeds, a seed
    that never came there counting as infinity.
    """
    groups = by_solver(problem.runs)
    if not groups:
        return None
    target = problem.header.get("target")
    wanted = f"F - f* <= {number(target)}"
    if target is None:
        target = DEFAULT_SHARE * problem.header["constants"]["delta0"]
        wanted = f"{DEFAULT_SHARE:.0%} of F(w_0) - f*"
    cost = {key: passes_to(runs, target) for key, runs in groups.items()}
    (solver, lr0), least = min(cost.items(), key=lambda item: item[1])
    if math.isfinite(least):
        text = f"First to {wanted}: {solver}, lr0 = {lr0:g}"
        return line(text, f"after {number(least)} passes", style="title")
    gaps = {key: statistics.median(map(_last_gap, runs)) for key, runs in groups.items()}
    (solver, lr0), nearest = min(gaps.items(), key=lambda item: item[1])
    if not math.isfinite(nearest):
        return line(f"None came to {wanted}", style="title")
    text = f"None came to {wanted}; the nearest is {solver}, lr0 = {lr0:g}"
    return line(text, f"at {number(nearest)}", style="title")


def passes_to(runs: Sequence[Run], target: float) -> float:
    """Return the median over seeds of the passes to `target`; inf where most never came there."""
    return statistics.median(_passes(run, target) for run in runs)


def _passes(run: Run, target: float) -> float:
    if not run.trace:
        return math.inf
    there = np.flatnonzero(run.trace["suboptimality"] <= target)
    return float(run.trace["passes"][there[0]]) if len(there) else math.inf


def _last_gap(run: Run) -> float:
    gap = run.trace.get("suboptimality", np.array([math.inf]))
    return float(gap[-1]) if len(gap) else math.inf
