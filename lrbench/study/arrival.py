"""When a run has arrived at a target, found from the rows of its trace.

The rules are those of `lrbench.engine.arrival`, which decides while lanes run; this module shares
no code with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lrbench.config.targets import TargetMeasure
from lrbench.results import ArrivalRule, Run, Status
from lrbench.results.ranking import levels_of


@dataclass(frozen=True)
class Looks:
    """What is seen of a run at each look, ascending in the iteration.

    Beyond the last row a gap is inf if the run diverged, and NaN, not known, if it did not.
    """

    iteration: Sequence[int]
    passes: Sequence[float]
    gap: Sequence[float]


def looks_of(
    run: Run, looks: Sequence[int] | None, measure: TargetMeasure = "suboptimality"
) -> Looks:
    """Return what is seen of a run at these looks, in the rows of its trace; None for every row.

    Raises
    ------
    ValueError
        If the trace goes beyond a look, but has no row there.
    """
    rows = [int(t) for t in run.trace.get("iteration", ())]
    passes = [float(p) for p in run.trace.get("passes", ())]
    gaps = [float(gap) for gap in levels_of(run, measure)]
    if looks is None or not rows:
        return Looks(rows, passes, gaps)
    at = {t: k for k, t in enumerate(rows)}
    missing = [t for t in looks if t < rows[-1] and t not in at]
    if missing:
        raise ValueError(f"the trace has no row at T = {missing[0]}")
    beyond = math.inf if run.status is Status.DIVERGED else math.nan
    return Looks(
        looks,
        [passes[at[t]] if t in at else passes[-1] for t in looks],
        [gaps[at[t]] if t in at else beyond for t in looks],
    )


def first_hit(seen: Looks, target: float, budget: float = math.inf) -> float:
    """Return the passes of the first look at or below the target; inf without one.

    They are NaN if that is not known. Looks beyond `budget` iterations do not count.
    """
    for t, passes, gap in zip(seen.iteration, seen.passes, seen.gap, strict=True):
        if t > budget:
            break
        if gap <= target:
            return passes
        if math.isnan(gap):
            return math.nan
    return math.inf


def confirmed(seen: Looks, target: float, budget: float) -> float:
    r"""Return the passes of the first look at which the run has arrived; inf without one.

    They are NaN if that is not known.

    Notes
    -----
    The first look T up to `budget` counts at which the gap is at or below the target, and at which

    .. math:: \sum_k (t_{k+1} - t_k) (g_k + g_{k+1}) / 2 \le T \cdot \mathrm{target},

    over the looks :math:`t_k` from T to 2 T, with the gaps :math:`g_k`. A gap below 0 counts as 0,
    unless the target, which is then a level of F, is below 0 itself, and one that is not finite as
    infinite. The terms are added in the order of the looks, so that this sum has the bits of the
    one that ended the run.
    """
    low = 0.0 if target >= 0 else -math.inf
    gaps = [g if math.isnan(g) else max(g, low) for g in seen.gap]
    for k, (start, passes) in enumerate(zip(seen.iteration, seen.passes, strict=True)):
        if start > budget:
            break
        if gaps[k] > target:
            continue
        integral, j = 0.0, k
        # Terms below 0 may yet bring the sum down.
        while seen.iteration[j] < 2 * start and (integral <= start * target or target < 0):
            width = seen.iteration[j + 1] - seen.iteration[j]
            integral += width * (gaps[j] / 2 + gaps[j + 1] / 2)
            j += 1
        if math.isnan(integral) or math.isnan(gaps[k]):
            return math.nan
        if integral <= start * target:
            return passes
    return math.inf


def stays(seen: Looks, target: float, budget: float) -> float:
    """Return the passes of the look from which on no gap is above the target; inf without one.

    They are NaN if that is not known. The end of the budget is a look.
    """
    arrived = math.inf
    for t, passes, gap in zip(seen.iteration, seen.passes, seen.gap, strict=True):
        if t > budget:
            break
        if math.isnan(gap):
            return math.nan
        arrived = min(arrived, passes) if gap <= target else math.inf
    return arrived


def passes_on_arrival(
    run: Run,
    rule: ArrivalRule,
    target: float,
    budget: int,
    looks: Sequence[int] | None,
    measure: TargetMeasure = "suboptimality",
) -> float:
    """Return the passes of a run on its arrival; inf without one, NaN where that is not known.

    Parameters
    ----------
    run
        A run with a row at each look.
    rule, target
        When it has arrived, and where.
    budget
        Its budget in iterations.
    looks
        The iterations of `lrbench.config.looks.look_grid`; None for every row, which only the
        first hit can be found from.
    measure
        What the target is a level of.
    """
    if run.status is Status.FAILED:  # of a solver with a fault nothing is known
        return math.nan
    if math.isnan(target):  # there is none, at which nothing arrives
        return math.nan if run.status.unfinished else math.inf
    if not len(run.trace.get("iteration", ())):
        return math.nan if run.status.unfinished else math.inf
    if looks is None:
        passes = first_hit(looks_of(run, None, measure), target)
        return math.nan if math.isinf(passes) and run.status.unfinished else passes
    seen = looks_of(run, looks, measure)
    if rule == "first":
        return first_hit(seen, target, budget)
    if rule == "confirmed":
        return confirmed(seen, target, budget)
    return stays(seen, target, budget)
