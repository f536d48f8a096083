"""A problem of a result in one line, as Python shows a result."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lrbench.results.lanes import lane_text
from lrbench.results.problem import ProblemResult
from lrbench.results.ranking import lowest

if TYPE_CHECKING:
    from lrbench.results.sweep import Sweep


def brief(problem: ProblemResult) -> str:
    """Return what was run on a problem, and the best solver and lr0, in one line."""
    count = f"{problem.name}: {len(problem.runs)} run{'s' * (len(problem.runs) != 1)}"
    if problem.sweep is not None:
        return f"{count}, {_best(problem.sweep)}"
    lane, gap = lowest(problem.final_gaps)
    if lane is None:
        return count
    name = lane_text(*lane, problem.groups[lane][0].parameter)
    return f"{count}, lowest {name}, at {problem.header.level} = {gap:.2e}"


def _best(sweep: Sweep) -> str:
    """Return the solver with the fewest passes to the target, their number, and its range."""
    best = min(sweep.solvers, key=lambda s: (s.best_passes, -s.usable_decades), default=None)
    if best is None or math.isinf(best.best_passes):
        arrived = "came to" if sweep.arrival == "first" else "arrived at"
        return f"no {sweep.parameter} {arrived} {sweep.goal} {sweep.target:.3g}"
    passes = f"{best.best_passes:.3g} pass{'es' * (best.best_passes != 1)}"
    if best.best_value is None or best.usable is None:  # nothing of it varies
        return f"best {best.solver}, {passes}"
    lo, hi = best.usable
    usable = f"usable from {lo:.3g} to {hi:.3g}" if lo < hi else f"usable at {lo:.3g} alone"
    return f"best {best.solver}, {best.parameter} = {best.best_value:.3g}, {passes}, {usable}"
