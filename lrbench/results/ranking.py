"""The ranking of solvers and lr0, which pages, saved weights and the text of a result share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lrbench.config.targets import TargetMeasure
from lrbench.results.records import Run, Status

DEFAULT_SHARE = 0.01
"""The default target, relative to F(w_0) - f*."""

LaneLabel = tuple[str, float | None]
"""The method as tables show it, and the value of the parameter that varies; None for no such."""


def at_end(runs: Sequence[Run], column: str) -> float | None:
    """Return the mean over seeds of a column where the runs ended; None if no run has one."""
    ends = [end for r in runs if (end := r.at_end(column)) is not None]
    if len(ends) == 1:  # of 100,000 lanes the means of single numbers would take a second
        return ends[0]
    return float(np.mean(ends)) if ends else None


def answer_column(runs: Sequence[Run]) -> str:
    """Return the column of F - f* at the solver's answer: its own one, or the last iterate."""
    own = any("suboptimality_output" in run.trace for run in runs)
    return "suboptimality_output" if own else "suboptimality"


def levels_of(run: Run, measure: TargetMeasure) -> NDArray[np.float64]:
    """Return what is compared with a target in every row of a run; empty where it is not there."""
    column = answer_column([run])
    if measure == "loss":
        column = column.replace("suboptimality", "objective")
    if measure == "test_error":
        return 1.0 - run.trace.get("test_accuracy", np.empty(0))
    return run.trace.get(column, np.empty(0))


def level_column(runs: Sequence[Run]) -> str:
    """Return the column by which runs are ranked: `answer_column`, or F where f* is not known."""
    column = answer_column(runs)
    levels = [run.trace[column] for run in runs if column in run.trace]
    if any(len(values) and not np.isnan(values).all() for values in levels):
        return column
    objective = column.replace("suboptimality", "objective")
    return objective if any(objective in run.trace for run in runs) else column


def final_gap(runs: Sequence[Run]) -> float:
    """Return the mean over seeds of F - f* at the end; inf where one diverged or failed.

    Where f* is not known it is that of F.
    """
    if any(r.status.lost for r in runs):
        return math.inf
    gap = at_end(runs, answer_column(runs))
    if gap is None or math.isnan(gap):
        gap = at_end(runs, level_column(runs))
    return math.inf if gap is None or math.isnan(gap) else gap


def end_of_all(runs: Sequence[Run], column: str) -> float | None:
    """Return the mean over seeds of a column where the runs ended; None where one diverged.

    The last number of a run that diverged says nothing of its end: it may be that at w_0.
    """
    return None if any(r.status is Status.DIVERGED for r in runs) else at_end(runs, column)


def passes_to(
    runs: Sequence[Run], target: float, measure: TargetMeasure = "suboptimality"
) -> float:
    """Return the median over seeds of the passes to `target`; inf if most never reached it.

    The passes of a run are those of its first checkpoint at or below the target.
    """
    if len(runs) == 1:  # of 100,000 lanes the medians of single numbers would take a while
        return _first(runs[0], target, measure)[0]
    passes = sorted(_first(run, target, measure)[0] for run in runs)
    return (passes[(len(passes) - 1) // 2] + passes[len(passes) // 2]) / 2


def costs_to(
    groups: Mapping[LaneLabel, Sequence[Run]],
    target: float,
    measure: TargetMeasure = "suboptimality",
) -> dict[LaneLabel, float]:
    """Return the passes of each lane to `target`; see `passes_to`."""
    return {lane: passes_to(runs, target, measure) for lane, runs in groups.items()}


def _first(
    run: Run, target: float, measure: TargetMeasure = "suboptimality"
) -> tuple[float, float]:
    """Return the passes and the gap of the first checkpoint at or below the target."""
    gap = levels_of(run, measure)
    arrivals = np.flatnonzero(gap <= target)
    if run.status.lost or not len(arrivals):
        return math.inf, math.inf
    return float(run.trace["passes"][arrivals[0]]), float(gap[arrivals[0]])


def all_lost(runs: Iterable[Run]) -> str:
    """Return ``"every run diverged"`` or how else all runs were lost; empty where one was not."""
    statuses = {run.status for run in runs}
    if not statuses or not all(status.lost for status in statuses):
        return ""
    return f"every run {' or '.join(sorted(statuses))}"


def ratio(cost: float, least: float) -> float:
    """Return cost / least; 1 where both are 0, inf where only `least` is 0."""
    if least > 0:
        return cost / least
    return 1.0 if cost == 0 else math.inf


def first_to(
    groups: Mapping[LaneLabel, Sequence[Run]],
    target: float,
    costs: Mapping[LaneLabel, float],
    measure: TargetMeasure = "suboptimality",
) -> tuple[list[LaneLabel], float]:
    """Return the lanes that reached `target` in the fewest passes, and these passes.

    Of several, the one with the lowest mean gap over seeds on arrival stands first. `costs` are
    those of `costs_to`.
    """
    least = min(costs.values(), default=math.inf)
    if not math.isfinite(least):
        return [], math.inf
    tied = [lane for lane, passes in costs.items() if passes == least]
    return sorted(tied, key=lambda lane: _gap_on_arrival(groups[lane], target, measure)), least


def _gap_on_arrival(runs: Sequence[Run], target: float, measure: TargetMeasure) -> float:
    """Return the mean gap at the target, over the seeds that reached it."""
    gaps = [_first(run, target, measure)[1] for run in runs]
    finite = [gap for gap in gaps if math.isfinite(gap)]
    return math.fsum(finite) / len(finite)


def lowest(gaps: Mapping[LaneLabel, float]) -> tuple[LaneLabel | None, float]:
    """Return the lane that ended lowest, and its mean gap; None where all diverged or failed.

    `gaps` are those of `final_gap`.
    """
    lane = min(gaps, key=lambda key: gaps[key], default=None)
    if lane is None or not math.isfinite(gaps[lane]):
        return None, math.inf
    return lane, gaps[lane]
