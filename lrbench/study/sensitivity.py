"""The sensitivity of every solver to what varies, computed from the runs on one problem."""

from __future__ import annotations

import bisect
import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lrbench.results import Factor, ProblemResult, Run, Sensitivity, Status, Sweep
from lrbench.results.ranking import DEFAULT_SHARE, passes_to, ratio
from lrbench.study.advice import advise
from lrbench.study.usable import best_index, widest, width_in_decades, width_interval

POWERS = (-2, -1, 1, 2)
"""Powers of ten by which the value may be wrong, for the factors of a sensitivity."""

NEAR = 1e-9  # the logarithms of 0.1 and 10 need not differ by exactly 2
"""A distance in decades below which a point of the grid is taken to be the one asked for."""


def analyse(
    problem: ProblemResult, target: float | None = None, iterations: int | None = None
) -> Sweep:
    """Return how sensitive each solver is to what varies, and advice, from the runs on a problem.

    Parameters
    ----------
    problem
        With all runs of a sweep, including those that failed or never began.
    target
        F - f* to reach; None for the target of the runs, or else 1 % of F(w_0) - f*.
    iterations
        The budget of each run; None to infer it from the runs that used all of it.

    Notes
    -----
    A run costs the passes of its first checkpoint at or below the target. Costs are therefore known
    to the distance of two checkpoints, a factor of at most 1.22 with the default of 12 a decade. A
    run that was interrupted or failed before it reached the target, or never began, is missing, and
    medians are over the seeds of the other runs. A value without any of them is unknown, and is no
    part of a usable range.
    """
    constants = problem.header.constants
    target = problem.header.target if target is None else target
    if target is None:
        target = DEFAULT_SHARE * constants.delta0
    solvers: dict[str, list[Run]] = {}
    for run in problem.runs:
        solvers.setdefault(str(run.method), []).append(run)
    # The seeds of all solvers: a solver with fewer of them has missing runs.
    seeds = sorted({run.seed for run in problem.runs})
    sensitivities = [_sensitivity(runs, seeds, target, constants.L) for runs in solvers.values()]
    sweep = Sweep(float(target), iterations or _budget(problem.runs), tuple(sensitivities))
    return replace(sweep, advice=advise(problem, sweep))


def _sensitivity(runs: Sequence[Run], seeds: Sequence[int], target: float, L: float) -> Sensitivity:
    lr0_at = {run.value: run.lr0 for run in runs}
    values = sorted(lr0_at)
    row, column = {s: k for k, s in enumerate(seeds)}, {v: k for k, v in enumerate(values)}
    cost = np.full((len(seeds), len(values)), math.nan)
    for run in runs:
        passes_of = passes_to([run], target)
        if math.isfinite(passes_of) or not run.status.unfinished:
            cost[row[run.seed], column[run.value]] = passes_of
    reached, finished = np.isfinite(cost), ~np.isnan(cost)
    medians = [_median(of_value) for of_value in cost.T]
    passes = [math.inf if math.isnan(p) else p for p in medians]
    usable = widest(values, passes)
    best = best_index(values, passes, usable)
    ended = Counter(str(run.status) for run in runs)
    return Sensitivity(
        solver=runs[0].method,
        over={"parameter": runs[0].parameter, "values": tuple(values)},
        lr0=tuple(lr0_at[value] for value in values),
        passes=tuple(passes),
        reached=tuple(int(n) for n in reached.sum(axis=0)),
        finished=tuple(int(n) for n in finished.sum(axis=0)),
        n_seeds=len(seeds),
        best_value=None if best is None else values[best],
        best_lr0=None if best is None else lr0_at[values[best]],
        best_passes=math.inf if best is None else passes[best],
        usable=None if usable is None else (values[usable[0]], values[usable[1]]),
        usable_decades=0.0 if usable is None else width_in_decades(values, usable),
        usable_interval=width_interval(values, reached, finished),
        at_edge=(False, False)
        if usable is None
        else (usable[0] == 0, usable[1] == len(values) - 1),
        factors=tuple(_factors(values, medians, best)),
        statuses={str(status): ended[str(status)] for status in Status},
        missing=int(cost.size - finished.sum()),
        final_lr_L=None if best is None else _final_lr_L(runs, values[best], L),
    )


def _median(cost: NDArray[np.float64]) -> float:
    """Return the median over the seeds that are not missing; NaN if all are."""
    finished = cost[~np.isnan(cost)]
    return float(np.median(finished)) if len(finished) else math.nan


def _final_lr_L(runs: Iterable[Run], value: float, L: float) -> float | None:
    """Return the median over seeds of the last lr in units of 1/L; None if either is unknown."""
    columns = [
        run.trace["lr"]
        for run in runs
        if run.value == value and not run.status.unfinished and len(run.trace.get("lr", ()))
    ]
    ends = [float(column[-1]) for column in columns if math.isfinite(column[-1])]
    return statistics.median(ends) * L if ends and math.isfinite(L) else None


def _budget(runs: Iterable[Run]) -> int | None:
    """Return the largest number of iterations of the runs that used their budget."""
    return max((run.status_at for run in runs if run.status.exhausted), default=None)


def _factors(values: Sequence[float], passes: Sequence[float], best: int | None) -> list[Factor]:
    """Return the passes at the best value times 10^power over those at the best one.

    Parameters
    ----------
    values
        The grid, ascending.
    passes
        Passes to the target, inf where it was not reached and NaN where that is unknown.
    best
        The index of the best value; None for no factors.
    """
    if best is None:
        return []
    logs = [math.log10(value) for value in values]
    costs = {power: _passes_at(logs, passes, logs[best] + power) for power in POWERS}
    return [
        Factor(power, None if cost is None else ratio(cost, passes[best]))
        for power, cost in costs.items()
    ]


def _passes_at(logs: Sequence[float], passes: Sequence[float], x: float) -> float | None:
    """Return the passes at log10(value) = x; None off the grid and where they are unknown.

    Notes
    -----
    Between two neighbours the logarithm of the passes is linear in that of the value, because the
    cost of a step that is too small or too large is a power of it. If one of the two never reached
    the target, neither does what lies between them.
    """
    k = bisect.bisect_left(logs, x - NEAR)
    if k == len(logs) or (k == 0 and logs[0] > x + NEAR):
        return None
    if logs[k] <= x + NEAR:
        return None if math.isnan(passes[k]) else passes[k]
    a, b = passes[k - 1], passes[k]
    # Infinities first: beside a neighbour that never reaches the target, NaN does not matter.
    if math.isinf(a) or math.isinf(b):
        return math.inf
    if math.isnan(a) or math.isnan(b):
        return None
    if a == b:
        return a  # exactly, which exp(log(a)) is not
    weight = (x - logs[k - 1]) / (logs[k] - logs[k - 1])
    return math.exp((1 - weight) * _log(a) + weight * _log(b))


def _log(passes: float) -> float:
    return math.log(passes) if passes > 0 else -math.inf
