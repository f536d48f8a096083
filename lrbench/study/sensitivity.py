"""The sensitivity of every solver to what varies, computed from the runs on one problem."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lrbench.results import Header, ProblemResult, Run, Sensitivity, Status, Sweep
from lrbench.results.ranking import DEFAULT_SHARE, passes_to
from lrbench.study.advice import advise
from lrbench.study.measures import GridCosts, after_steps, gap_after, measured
from lrbench.study.price import factors
from lrbench.study.usable import best_index, widest, width_in_decades, width_interval


def analyse(
    problem: ProblemResult,
    target: float | None = None,
    iterations: int | None = None,
    proved: Mapping[str, float] | None = None,
    at: Sequence[int] = (),
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
    proved
        Solver, as tables name it -> the exponent of robustness of the gap that a theorem of rate
        T^(-1/2) gives for it.
    at
        The iterations T after which F - f* is asked for.

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
    iterations = iterations or _budget(problem.runs)
    sensitivities = [
        _sensitivity(runs, seeds, target, problem.header, iterations, (proved or {}).get(name), at)
        for name, runs in solvers.items()
    ]
    sweep = Sweep(float(target), iterations, tuple(sensitivities))
    return replace(sweep, advice=advise(problem, sweep))


def _sensitivity(
    runs: Sequence[Run],
    seeds: Sequence[int],
    target: float,
    header: Header,
    iterations: int | None,
    proved: float | None,
    at: Sequence[int],
) -> Sensitivity:
    lr0_at = {run.value: run.lr0 for run in runs}
    values = sorted(lr0_at)
    row, column = {s: k for k, s in enumerate(seeds)}, {v: k for k, v in enumerate(values)}
    cost, spent, gap = np.full((3, len(seeds), len(values)), math.nan)
    for run in runs:
        cell = row[run.seed], column[run.value]
        passes_of = passes_to([run], target)
        if math.isfinite(passes_of) or not run.status.unfinished:
            cost[cell] = passes_of
        spent[cell] = max(run.trace.get("passes", ()), default=0.0)
        gap[cell] = gap_after(run, iterations)
    reached, finished = np.isfinite(cost), ~np.isnan(cost)
    medians = [_median(of_value) for of_value in cost.T]
    passes = [math.inf if math.isnan(p) else p for p in medians]
    usable = widest(values, passes)
    best = best_index(values, passes, usable)
    constants = header.constants
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
        factors=tuple(factors(values, medians, best)),
        statuses={str(status): ended[str(status)] for status in Status},
        missing=int(cost.size - finished.sum()),
        final_lr_L=None if best is None else _final_lr_L(runs, values[best], constants.L),
        measures=measured(
            GridCosts(tuple(values), cost, spent, gap),
            best,
            medians,
            constants.delta0,
            constants.floor,
            proved,
        ),
        at=tuple(after_steps(runs, values, T) for T in at),
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
