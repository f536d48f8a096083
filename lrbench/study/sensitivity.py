"""The sensitivity of every solver to what varies, computed from the runs on one problem."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrbench.config.looks import look_grid
from lrbench.config.targets import TargetMeasure
from lrbench.results import ArrivalRule, Header, ProblemResult, Run, Sensitivity, Status, Sweep
from lrbench.results.ranking import DEFAULT_SHARE
from lrbench.results.sweep import Measure
from lrbench.study.advice import advise
from lrbench.study.arrival import passes_on_arrival
from lrbench.study.exponent import Proved
from lrbench.study.measures import GridCosts, after_steps, gap_after, measured
from lrbench.study.price import factors
from lrbench.study.usable import best_index, widest, width_in_decades, width_interval


def analyse(
    problem: ProblemResult,
    target: float | None = None,
    iterations: int | None = None,
    arrival: ArrivalRule | None = None,
    proved: Mapping[str, Proved] | None = None,
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
        The budget of each run; None for that of the sweep that the problem has, or else to infer
        it from the runs that used all of it.
    arrival
        When a run has arrived; None for the rule of the sweep that the problem has, or else
        ``"first"``.
    proved
        Solver, as tables name it -> what theorems prove about it.
    at
        The iterations T after which F - f* is asked for.

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
    began, is missing, and medians are over the seeds of the other runs. A value without any of them
    is unknown, and is no part of a usable range.
    """
    constants = problem.header.constants
    target = problem.header.target if target is None else target
    if target is None:
        target = DEFAULT_SHARE * constants.delta0
    known = problem.sweep or Sweep(target, _budget(problem.runs), ())
    arrival, iterations = arrival or known.arrival, iterations or known.iterations
    if math.isnan(target):  # f* is not known: nothing arrives, and there are no looks
        arrival = "first"
    measure, looks = problem.header.target_measure, looks_of_runs(problem, arrival, iterations)
    costs = _Costs(arrival, float(target), iterations, looks, measure)
    solvers: dict[str, list[Run]] = {}
    for run in problem.runs:
        solvers.setdefault(str(run.method), []).append(run)
    # The seeds of all solvers: a solver with fewer of them has missing runs.
    seeds = sorted({run.seed for run in problem.runs})
    sensitivities = [
        _sensitivity(runs, seeds, costs, problem.header, (proved or {}).get(name), at)
        for name, runs in solvers.items()
    ]
    sweep = Sweep(float(target), iterations, tuple(sensitivities), arrival, target_measure=measure)
    if math.isnan(target):
        return sweep
    return replace(sweep, advice=advise(problem, sweep))


def with_sweeps(
    problem: ProblemResult,
    targets: Sequence[float],
    iterations: int | None,
    arrival: ArrivalRule | None,
    proved: Mapping[str, Proved] | None = None,
    at: Sequence[int] = (),
) -> ProblemResult:
    """Return the result of a sweep with its sensitivities, one for each target.

    Without targets it is that of the target of the runs. The other parameters are those of
    `analyse`.
    """
    of_each = targets or (None,)
    sweeps = tuple(analyse(problem, target, iterations, arrival, proved, at) for target in of_each)
    return replace(problem, sweep=sweeps[0], sweeps=sweeps if len(sweeps) > 1 else None)


class _Costs(NamedTuple):
    """What a run costs: the passes on its arrival, by the rule of a sweep or by another."""

    rule: ArrivalRule
    target: float
    budget: int | None
    looks: Sequence[int] | None
    measure: TargetMeasure

    def of(self, run: Run, rule: ArrivalRule) -> float:
        budget = self.budget or 0
        return passes_on_arrival(run, rule, self.target, budget, self.looks, self.measure)


def looks_of_runs(
    problem: ProblemResult, arrival: ArrivalRule, iterations: int | None
) -> Sequence[int] | None:
    """Return the looks of the runs on a problem; None where every row counts.

    Raises
    ------
    ValueError
        If the rule needs the budget of the runs, and it is not known.
    """
    if arrival == "first" or not problem.runs:
        return None
    if iterations is None:
        raise ValueError("the budget of the runs is not known")
    run = problem.runs[0]
    batch_size = None if run.setting == "batch" else run.batch_size
    return look_grid(problem.header.n_samples, batch_size, iterations)


def _sensitivity(
    runs: Sequence[Run],
    seeds: Sequence[int],
    costs: _Costs,
    header: Header,
    proved: Proved | None,
    at: Sequence[int],
) -> Sensitivity:
    lr0_at = {run.value: run.lr0 for run in runs}
    values = sorted(value for value in lr0_at if value is not None)
    lanes: list[float | None] = [*values] or [None]  # nothing varies: one run a seed
    row, column = {s: k for k, s in enumerate(seeds)}, {v: k for k, v in enumerate(lanes)}
    cost, hit, spent, gap = np.full((4, len(seeds), len(lanes)), math.nan)
    for run in runs:
        cell = row[run.seed], column[run.value]
        cost[cell], hit[cell] = costs.of(run, costs.rule), costs.of(run, "first")
        passes_so_far = run.trace.get("passes", np.empty(0))
        spent[cell] = float(passes_so_far[-1]) if len(passes_so_far) else 0.0
        gap[cell] = gap_after(run, costs.budget)
    reached, finished = np.isfinite(cost), ~np.isnan(cost)
    medians = [_median(of_value) for of_value in cost.T]
    passes = [_inf_for_nan(p) for p in medians]
    usable = widest(values, passes) if values else None
    best = best_index(values, passes, usable)
    constants = header.constants
    measure: Measure = "grad_norm_sq" if math.isnan(constants.f_star) else "suboptimality"
    ended = Counter(str(run.status) for run in runs)
    return Sensitivity(
        solver=runs[0].method,
        over={"parameter": runs[0].parameter, "values": tuple(values)} if values else None,
        second_axis=dict([*runs[0].over.items()][1:]),
        lr0=tuple(lr0_at[value] for value in lanes),
        passes=tuple(passes),
        first_hit=tuple(_inf_for_nan(_median(of_lr0)) for of_lr0 in hit.T),
        reached=tuple(int(n) for n in reached.sum(axis=0)),
        finished=tuple(int(n) for n in finished.sum(axis=0)),
        n_seeds=len(seeds),
        best_value=None if best is None else values[best],
        best_lr0=None if best is None else lr0_at[values[best]],
        best_passes=min(passes),
        usable=None if usable is None else (values[usable[0]], values[usable[1]]),
        usable_decades=0.0 if usable is None else width_in_decades(values, usable),
        usable_interval=width_interval(values, reached, finished) if values else None,
        at_edge=(False, False)
        if usable is None
        else (usable[0] == 0, usable[1] == len(values) - 1),
        factors=tuple(factors(values, medians, best)),
        statuses={str(status): ended[str(status)] for status in Status},
        missing=int(cost.size - finished.sum()),
        final_lr_L=_final_lr_L(runs, constants.L, None if best is None else values[best])
        if math.isfinite(min(passes))
        else None,
        measures=measured(
            GridCosts(tuple(values), cost, spent, gap),
            best,
            medians,
            constants.delta0,
            constants.floor,
            proved.exponent if proved else None,
        ),
        at=tuple(after_steps(runs, lanes, T, measure) for T in at),
        robustness=proved.robustness if proved else None,
    )


def _median(cost: NDArray[np.float64]) -> float:
    """Return the median over the seeds that are not missing; NaN if all are."""
    finished = cost[~np.isnan(cost)]
    return float(np.median(finished)) if len(finished) else math.nan


def _inf_for_nan(passes: float) -> float:
    return math.inf if math.isnan(passes) else passes


def _final_lr_L(runs: Iterable[Run], L: float, value: float | None) -> float | None:
    """Return the median over seeds of the last lr in units of 1/L; None if either is unknown."""
    ends = [
        lr
        for run in runs
        if run.value == value and not run.status.unfinished
        if (lr := run.at_end("lr")) is not None and math.isfinite(lr)
    ]
    return statistics.median(ends) * L if ends and math.isfinite(L) else None


def _budget(runs: Iterable[Run]) -> int | None:
    """Return the largest number of iterations of the runs that used their budget."""
    return max((run.status_at for run in runs if run.status.exhausted), default=None)
