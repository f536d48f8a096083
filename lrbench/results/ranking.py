"""Which solver and lr0 did best: one order for pages, weights and the text of a result."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

import numpy as np

from lrbench.results.records import Run, Status

LOST = (Status.DIVERGED, Status.FAILED)
"""What ends so is never the best, whatever its last numbers are."""

DEFAULT_SHARE = 0.01
"""Of F(w_0) - f*: the target where none was given."""

Lane = tuple[str, float]
"""The solver as tables show it, and lr0."""


def at_end(runs: Sequence[Run], column: str) -> float | None:
    """Return the mean over seeds of the last number of a column; None where there is none."""
    ends = [float(r.trace[column][-1]) for r in runs if len(r.trace.get(column, ()))]
    return float(np.mean(ends)) if ends else None


def final_gap(runs: Sequence[Run]) -> float:
    """Return the mean over seeds of F - f* at the end; inf where one diverged or failed."""
    gap = at_end(runs, "suboptimality")
    if gap is None or math.isnan(gap) or any(r.status in LOST for r in runs):
        return math.inf
    return gap


def passes_to(runs: Sequence[Run], target: float) -> float:
    """Return the median over seeds of the passes to `target`; inf where most never came there.

    Passes are those of the first checkpoint at or below the target.
    """
    return statistics.median(_first(run, target)[0] for run in runs)


def _first(run: Run, target: float) -> tuple[float, float]:
    """Return the passes and the gap of the first checkpoint at or below the target."""
    gap = run.trace.get("suboptimality", np.empty(0))
    there = np.flatnonzero(gap <= target)
    if run.status in LOST or not len(there):
        return math.inf, math.inf
    return float(run.trace["passes"][there[0]]), float(gap[there[0]])


def ratio(cost: float, least: float) -> float:
    """Return cost / least; 1 where both are 0, inf where only `least` is."""
    if least > 0:
        return cost / least
    return 1.0 if cost == 0 else math.inf


def first_to(groups: Mapping[Lane, Sequence[Run]], target: float) -> tuple[list[Lane], float]:
    """Return who came to `target` in the fewest passes, and these passes.

    Of several that took as many, the one with the lower mean gap when it came there stands first.
    """
    cost = {lane: passes_to(runs, target) for lane, runs in groups.items()}
    least = min(cost.values(), default=math.inf)
    if not math.isfinite(least):
        return [], math.inf
    tied = [lane for lane, passes in cost.items() if passes == least]
    return sorted(tied, key=lambda lane: _gap_there(groups[lane], target)), least


def _gap_there(runs: Sequence[Run], target: float) -> float:
    gaps = [_first(run, target)[1] for run in runs]
    return statistics.fmean([gap for gap in gaps if math.isfinite(gap)])


def lowest(groups: Mapping[Lane, Sequence[Run]]) -> tuple[Lane | None, float]:
    """Return who ended lowest, and at which mean gap; None where everything was lost."""
    gaps = {lane: final_gap(runs) for lane, runs in groups.items()}
    lane = min(gaps, key=lambda key: gaps[key], default=None)
    if lane is None or not math.isfinite(gaps[lane]):
        return None, math.inf
    return lane, gaps[lane]
