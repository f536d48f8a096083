"""The sensitivity of every solver to lr0, computed from the runs on one problem."""

from __future__ import annotations

import bisect
import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrbench.config.looks import look_grid
from lrbench.results import ArrivalRule, Factor, ProblemResult, Run, Sensitivity, Status, Sweep
from lrbench.results.ranking import DEFAULT_SHARE, ratio
from lrbench.study.advice import advise
from lrbench.study.arrival import passes_on_arrival
from lrbench.study.usable import best_index, widest, width_in_decades, width_interval

POWERS = (-2, -1, 1, 2)
"""Powers of ten by which lr0 may be wrong, for the factors of a sensitivity."""

NEAR = 1e-9  # the logarithms of 0.1 and 10 need not differ by exactly 2
"""A distance in decades below which a point of the grid is taken to be the one asked for."""


def analyse(
    problem: ProblemResult,
    target: float | None = None,
    iterations: int | None = None,
    arrival: ArrivalRule | None = None,
) -> Sweep:
    """Return how sensitive each solver is to lr0, and advice, from the runs on a problem.

    Parameters
    ----------
    problem
        With all runs of a sweep, including those that failed or never began.
    target
        F - f* to reach; None for the target of the runs, or else 1 % of F(w_0) - f*.
    iterations
        The budget of each run; None for that of the sweep that the problem has, or else to infer
        it from the runs that used all of it.
    arrival
        When a run has arrived; None for the rule of the sweep that the problem has, or else
        ``"first"``.

    Raises
    ------
    ValueError
        If runs have not arrived at their first hit and the budget is not known, or if the trace of
        one has no row at a look.

    Notes
    -----
    A run costs the passes on its arrival: see `lrbench.study.arrival`. Costs are therefore known to
    the distance of two looks, a factor of at most 1.2 from five iterations on, or with ``"first"``
    to that of two checkpoints. A run that failed, was interrupted before it arrived, or never
    began, is missing, and medians are over the seeds of the other runs. An lr0 without any of them
    is unknown, and is no part of a usable range.
    """
    constants = problem.header.constants
    target = problem.header.target if target is None else target
    if target is None:
        target = DEFAULT_SHARE * constants.delta0
    known = problem.sweep or Sweep(target, _budget(problem.runs), ())
    arrival, iterations = arrival or known.arrival, iterations or known.iterations
    costs = _Costs(arrival, float(target), iterations, _looks(problem, arrival, iterations))
    solvers: dict[str, list[Run]] = {}
    for run in problem.runs:
        solvers.setdefault(str(run.solver), []).append(run)
    # The seeds of all solvers: a solver with fewer of them has missing runs.
    seeds = sorted({run.seed for run in problem.runs})
    sensitivities = [_sensitivity(runs, seeds, costs, constants.L) for runs in solvers.values()]
    sweep = Sweep(float(target), iterations, tuple(sensitivities), arrival)
    return replace(sweep, advice=advise(problem, sweep))


def with_sweeps(
    problem: ProblemResult,
    targets: Sequence[float],
    iterations: int | None,
    arrival: ArrivalRule | None,
) -> ProblemResult:
    """Return the result of a sweep with its sensitivities, one for each target.

    Without targets it is that of the target of the runs. The other parameters are those of
    `analyse`.
    """
    of_each = targets or (None,)
    sweeps = tuple(analyse(problem, target, iterations, arrival) for target in of_each)
    return replace(problem, sweep=sweeps[0], sweeps=sweeps if len(sweeps) > 1 else None)


class _Costs(NamedTuple):
    """What a run costs: the passes on its arrival, by the rule of a sweep or by another."""

    rule: ArrivalRule
    target: float
    budget: int | None
    looks: Sequence[int] | None

    def of(self, run: Run, rule: ArrivalRule) -> float:
        return passes_on_arrival(run, rule, self.target, self.budget or 0, self.looks)


def _looks(
    problem: ProblemResult, arrival: ArrivalRule, iterations: int | None
) -> Sequence[int] | None:
    """Return the looks of the runs on a problem; None where every row counts."""
    if arrival == "first" or not problem.runs:
        return None
    if iterations is None:
        raise ValueError("the budget of the runs is not known")
    run = problem.runs[0]
    batch_size = None if run.setting == "batch" else run.batch_size
    return look_grid(problem.header.n_samples, batch_size, iterations)


def _sensitivity(runs: Sequence[Run], seeds: Sequence[int], costs: _Costs, L: float) -> Sensitivity:
    lr0 = sorted({run.lr0 for run in runs})
    row, column = {s: k for k, s in enumerate(seeds)}, {v: k for k, v in enumerate(lr0)}
    cost, hit = np.full((2, len(seeds), len(lr0)), math.nan)
    for run in runs:
        cell = row[run.seed], column[run.lr0]
        cost[cell], hit[cell] = costs.of(run, costs.rule), costs.of(run, "first")
    reached, finished = np.isfinite(cost), ~np.isnan(cost)
    medians = [_median(of_lr0) for of_lr0 in cost.T]
    passes = [_inf_for_nan(p) for p in medians]
    usable = widest(lr0, passes)
    best = best_index(lr0, passes, usable)
    ended = Counter(str(run.status) for run in runs)
    return Sensitivity(
        solver=runs[0].solver,
        lr0=tuple(lr0),
        passes=tuple(passes),
        first_hit=tuple(_inf_for_nan(_median(of_lr0)) for of_lr0 in hit.T),
        reached=tuple(int(n) for n in reached.sum(axis=0)),
        finished=tuple(int(n) for n in finished.sum(axis=0)),
        n_seeds=len(seeds),
        best_lr0=None if best is None else lr0[best],
        best_passes=math.inf if best is None else passes[best],
        usable=None if usable is None else (lr0[usable[0]], lr0[usable[1]]),
        usable_decades=0.0 if usable is None else width_in_decades(lr0, usable),
        usable_interval=width_interval(lr0, reached, finished),
        at_edge=(False, False) if usable is None else (usable[0] == 0, usable[1] == len(lr0) - 1),
        factors=tuple(_factors(lr0, medians, best)),
        statuses={str(status): ended[str(status)] for status in Status},
        missing=int(cost.size - finished.sum()),
        final_lr_L=None if best is None else _final_lr_L(runs, lr0[best], L),
    )


def _median(cost: NDArray[np.float64]) -> float:
    """Return the median over the seeds that are not missing; NaN if all are."""
    finished = cost[~np.isnan(cost)]
    return float(np.median(finished)) if len(finished) else math.nan


def _inf_for_nan(passes: float) -> float:
    return math.inf if math.isnan(passes) else passes


def _final_lr_L(runs: Iterable[Run], lr0: float, L: float) -> float | None:
    """Return the median over seeds of the last lr in units of 1/L; None if either is unknown."""
    ends = [
        lr
        for run in runs
        if run.lr0 == lr0 and not run.status.unfinished
        if (lr := run.at_end("lr")) is not None and math.isfinite(lr)
    ]
    return statistics.median(ends) * L if ends and math.isfinite(L) else None


def _budget(runs: Iterable[Run]) -> int | None:
    """Return the largest number of iterations of the runs that used their budget."""
    return max((run.status_at for run in runs if run.status.exhausted), default=None)


def _factors(lr0: Sequence[float], passes: Sequence[float], best: int | None) -> list[Factor]:
    """Return the passes at the best lr0 times 10^power over those at the best lr0.

    Parameters
    ----------
    lr0
        The grid, ascending.
    passes
        Passes to the target, inf where it was not reached and NaN where that is unknown.
    best
        The index of the best lr0; None for no factors.
    """
    if best is None:
        return []
    logs = [math.log10(value) for value in lr0]
    costs = {power: _passes_at(logs, passes, logs[best] + power) for power in POWERS}
    return [
        Factor(power, None if cost is None else ratio(cost, passes[best]))
        for power, cost in costs.items()
    ]


def _passes_at(logs: Sequence[float], passes: Sequence[float], x: float) -> float | None:
    """Return the passes at log10(lr0) = x; None off the grid and where they are unknown.

    Notes
    -----
    Between two neighbours the logarithm of the passes is linear in log(lr0), because the cost of a
    step that is too small or too large is a power of lr0. If one of the two never reached the
    target, neither does what lies between them.
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
