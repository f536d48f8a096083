"""From the runs on one problem to what they say of every solver's sensitivity to lr0."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from lrbench.results import ProblemResult, Run, Sensitivity, Status, Sweep
from lrbench.results.ranking import DEFAULT_SHARE, passes_to
from lrbench.study.factors import factors
from lrbench.study.interval import width_interval
from lrbench.study.usable import best_place, widest, width_in_decades

UNFINISHED = (Status.INTERRUPTED, Status.FAILED)
"""What ends so might have come to the target: it is not known that it does not."""


def analyse(
    problem: ProblemResult, target: float | None = None, iterations: int | None = None
) -> Sweep:
    """Return how sensitive each solver is to lr0, from the runs on a problem.

    Parameters
    ----------
    problem
        With all runs of a sweep, those included that failed or never began.
    target
        F - f* to come down to; None: that of the runs, else 1 % of F(w_0) - f*.
    iterations
        The budget of each run; None: as runs that went to the end show.

    Notes
    -----
    A run costs the passes of its first checkpoint at or below the target, so costs are known to the
    distance of two checkpoints, a factor of at most 1.22 with the default of 12 a decade. A run
    that was cut short, failed or never began short of the target says nothing: it is missing, and
    medians are over the seeds that are there. An lr0 without any is unknown and no part of a usable
    range.
    """
    target = problem.header.get("target") if target is None else target
    if target is None:
        target = DEFAULT_SHARE * float(problem.header["constants"]["delta0"])
    solvers: dict[str, list[Run]] = {}
    for run in problem.runs:
        solvers.setdefault(str(run.solver), []).append(run)
    seeds = sorted({run.seed for run in problem.runs})
    found = [_sensitivity(runs, seeds, target, _L(problem)) for runs in solvers.values()]
    return Sweep(float(target), iterations or _budget(problem.runs), tuple(found))


def _sensitivity(
    runs: Sequence[Run], seeds: Sequence[int], target: float, L: float | None
) -> Sensitivity:
    lr0 = sorted({run.lr0 for run in runs})
    row, column = {s: k for k, s in enumerate(seeds)}, {v: k for k, v in enumerate(lr0)}
    cost = np.full((len(seeds), len(lr0)), math.nan)
    for run in runs:
        passes_of = passes_to([run], target)
        if math.isfinite(passes_of) or run.status not in UNFINISHED:
            cost[row[run.seed], column[run.lr0]] = passes_of
    reached, finished = np.isfinite(cost), ~np.isnan(cost)
    known = [_median(of_lr0) for of_lr0 in cost.T]
    passes = [math.inf if math.isnan(p) else p for p in known]
    usable = widest(lr0, passes)
    at = best_place(lr0, passes, usable)
    ended = Counter(str(run.status) for run in runs)
    return Sensitivity(
        solver=runs[0].solver,
        lr0=tuple(lr0),
        passes=tuple(passes),
        reached=tuple(int(n) for n in reached.sum(axis=0)),
        finished=tuple(int(n) for n in finished.sum(axis=0)),
        n_seeds=len(seeds),
        best_lr0=None if at is None else lr0[at],
        best_passes=math.inf if at is None else passes[at],
        usable=None if usable is None else (lr0[usable[0]], lr0[usable[1]]),
        usable_decades=0.0 if usable is None else width_in_decades(lr0, usable),
        usable_interval=width_interval(lr0, reached, finished),
        at_edge=(False, False) if usable is None else (usable[0] == 0, usable[1] == len(lr0) - 1),
        factors=tuple(factors(lr0, known, at)),
        statuses={str(status): ended[str(status)] for status in Status},
        missing=int(cost.size - finished.sum()),
        final_lr_L=None if at is None else _final_lr(runs, lr0[at], L),
    )


def _median(cost: NDArray[np.float64]) -> float:
    """Return the median over the seeds that are there; NaN where none is."""
    there = cost[~np.isnan(cost)]
    return float(np.median(there)) if len(there) else math.nan


def _L(problem: ProblemResult) -> float | None:
    L = problem.header["constants"]["L"]
    return float(L) if L is not None and math.isfinite(L) else None


def _final_lr(runs: Iterable[Run], lr0: float, L: float | None) -> float | None:
    """Return the median over seeds of the last lr times L."""
    columns = [
        run.trace["lr"]
        for run in runs
        if run.lr0 == lr0 and run.status not in UNFINISHED and len(run.trace.get("lr", ()))
    ]
    ends = [float(column[-1]) for column in columns if math.isfinite(column[-1])]
    return None if L is None or not ends else statistics.median(ends) * L


def _budget(runs: Iterable[Run]) -> int | None:
    """Return the iterations of the runs that went to the end."""
    whole = (Status.COMPLETED, Status.STALLED)
    return max((run.status_at for run in runs if run.status in whole), default=None)
