"""The measures of sensitivity of one solver, from what its runs cost and where they ended."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lrbench.results import AfterSteps, Run, Status
from lrbench.results.measures import (
    N_DRAWS,
    RATIOS,
    SINGLE,
    Exponent,
    Measures,
    Reason,
    price_key,
)
from lrbench.results.ranking import answer_column
from lrbench.results.sweep import Measure
from lrbench.study.draws import draws, expected_best, lr_sensitivity
from lrbench.study.exponent import ProvedExponent, exponent_of_gap, exponent_of_passes
from lrbench.study.price import price


@dataclass(frozen=True, eq=False)
class GridCosts:
    """What the runs of one solver cost, for each seed and each value of a grid.

    Parameters
    ----------
    values
        The grid, ascending, (n_values,); empty where nothing varies. The arrays then have one
        column, of the only run a seed.
    passes
        Passes to the target, (n_seeds, n_values); inf where it was not reached, NaN where that is
        unknown.
    spent
        Passes of the last row of a run, (n_seeds, n_values), whether it reached the target or not.
    gap
        F - f* after the whole budget, (n_seeds, n_values); inf where the run diverged, NaN where it
        ended before or is unknown.
    """

    values: tuple[float, ...]
    passes: NDArray[np.float64]
    spent: NDArray[np.float64]
    gap: NDArray[np.float64]


def gap_after(run: Run, T: int | None) -> float:
    """Return F - f* of a run's answer after T steps; inf if it diverged before, NaN if unknown.

    A run that ended before, or that failed, is unknown, and so is everything where T is None.
    """
    column, iteration = run.trace.get(answer_column([run])), run.trace.get("iteration")
    if T is None or run.status is Status.FAILED or column is None or iteration is None:
        return math.nan
    if run.status is Status.DIVERGED and run.status_at <= T:
        return math.inf
    at = np.flatnonzero(iteration == T)
    return float(column[at[0]]) if len(at) else math.nan


def least_gradient(run: Run, T: int) -> float:
    """Return the least squared norm of the gradient of F up to T steps, as `gap_after` does.

    With minibatches it is that of the rows of the trace.
    """
    gap = gap_after(run, T)
    if run.status is Status.FAILED or math.isinf(gap):
        return gap
    iteration = run.trace.get("iteration", np.empty(0))
    if T not in iteration:
        return math.nan
    norms = [run.trace[name][iteration <= T] for name in ("grad_norm_sq", "min_grad_norm_sq")]
    return float(np.fmin.reduce(np.concatenate(norms)))


def after_steps(
    runs: Iterable[Run], values: Sequence[float | None], T: int, measure: Measure
) -> AfterSteps:
    """Return a measure after T steps, medians over seeds, for each value of the grid."""
    gaps: dict[float | None, list[float]] = {value: [] for value in values}
    measured_after = gap_after if measure == "suboptimality" else least_gradient
    for run in runs:
        gaps[run.value].append(measured_after(run, T))
    known = [[gap for gap in of_value if not math.isnan(gap)] for of_value in gaps.values()]
    medians = [statistics.median(of_value) if of_value else math.nan for of_value in known]
    return AfterSteps(T, tuple(medians), tuple(map(len, known)), measure)


def measured(
    grid: GridCosts,
    best: int | None,
    medians: list[float],
    delta0: float,
    floor: float,
    proved: ProvedExponent | None = None,
) -> Measures:
    """Return the measures of one solver, and why some of them are withheld.

    Parameters
    ----------
    grid
        What its runs cost.
    best
        The index of the value of the fewest passes; None where no value arrives.
    medians
        The passes of each value, medians over seeds, as `price` takes them.
    delta0, floor
        F(w_0) - f*, and the gap below which it is only rounding.
    proved
        The exponents of robustness that a theorem gives; None without one.
    """
    running_time = tuple(expected_running_time(grid).tolist())
    if not grid.values:
        names = (*SINGLE, *map(price_key, RATIOS))
        withheld: dict[str, Reason] = dict.fromkeys(names, "nothing_varies")
        return Measures(None, {}, None, None, None, running_time, withheld)
    proved = proved or ProvedExponent(None, None)
    prices = {ratio: price(grid.values, medians, best, ratio) for ratio in RATIOS}
    of_gap: Exponent | Reason
    sensitivity: float | Reason
    best_of: dict[str, float] | Reason
    if np.isnan(grid.gap).any():
        missing = np.isnan(grid.passes).any()
        of_gap = sensitivity = best_of = "missing_runs" if missing else "ended_early"
    else:
        of_gap = exponent_of_gap(grid.values, grid.gap, delta0, floor, proved.gap)
        sensitivity = lr_sensitivity(grid.values, grid.gap, delta0)
        best_of = expected_best(grid.values, grid.gap, delta0, N_DRAWS)
    of_passes = exponent_of_passes(grid.values, grid.passes, best, proved.passes)
    # Where there is neither, the reason is that of the gap if all runs came to T.
    reason = of_passes if of_gap in ("ended_early", "missing_runs") else of_gap
    exponent = next((e for e in (of_gap, of_passes) if isinstance(e, Exponent)), reason)
    n_draws = draws(grid.values, grid.passes)
    outcomes = dict(zip(SINGLE, (sensitivity, n_draws, best_of, exponent), strict=True))
    outcomes |= {price_key(ratio): value for ratio, value in prices.items()}
    return Measures(
        lr_sensitivity=None if isinstance(sensitivity, str) else sensitivity,
        price={str(r): None if isinstance(p, str) else p for r, p in prices.items()},
        draws=None if isinstance(n_draws, str) else n_draws,
        expected_best=None if isinstance(best_of, str) else best_of,
        exponent=None if isinstance(exponent, str) else exponent,
        expected_running_time=running_time,
        withheld={name: value for name, value in outcomes.items() if isinstance(value, str)},
    )


def expected_running_time(grid: GridCosts) -> NDArray[np.float64]:
    """Return the passes of all finished runs over the number of those that arrived, (n_values,).

    It is inf where none arrived. A run that did not arrive counts with all passes that it spent.

    References
    ----------
    Hansen et al., COCO: a platform for comparing continuous optimizers in a black-box setting,
    Optimization Methods and Software 36, 2021; there of function evaluations.
    """
    arrived = np.isfinite(grid.passes)
    cost = np.where(arrived, grid.passes, grid.spent)
    total = np.where(np.isnan(grid.passes), 0.0, cost).sum(axis=0)
    count = arrived.sum(axis=0)
    time = np.full(count.shape, math.inf)
    np.divide(total, count, out=time, where=count > 0)
    return time
