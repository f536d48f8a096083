"""The exponent of robustness: how fast a result gets worse as a value exceeds the best one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lrbench.results import Robustness
from lrbench.results.measures import Exponent, Reason

LEAST_RATIO = 4.0
"""The ratio rho = value / best from which on slopes are fitted. A bound (rho + 1/rho)/2 has the
slope (rho^2 - 1)/(rho^2 + 1) at rho, which is 0.88 at 4."""

NEAR = 1e-9
"""The relative rounding of a grid: four times the best value is a point of it."""

LEAST_GAPS = 4
"""Values below which no slope of the gap is fitted."""

LEAST_ARRIVALS = 5
"""Values below which no slope of the passes is fitted: passes are those of a checkpoint."""


class ProvedExponent(NamedTuple):
    """What a theorem gives for the exponent of robustness; None without one."""

    gap: float | None
    passes: float | None
    """Of a bound like rho^e T^(-r) it is e/r."""


class Proved(NamedTuple):
    """What theorems prove about one method over a grid."""

    exponent: ProvedExponent
    robustness: Sequence[Robustness] | None
    """The bounds over the grid, judged; None where they are not known."""


def exponent_of_gap(
    values: ArrayLike,
    gap: NDArray[np.float64],
    delta0: float,
    floor: float,
    proved: float | None = None,
) -> Exponent | Reason:
    """Return the slope of log(gap) against log(value), for values of at least four times the best.

    Parameters
    ----------
    values
        The grid, ascending, (n_values,).
    gap
        F - f* after the same number of steps, (n_seeds, n_values); inf where a run diverged. None
        may be NaN.
    delta0
        F(w_0) - f*. A value counts where the gaps of all seeds are below it.
    floor
        The gap below which it is only rounding. A value counts where all seeds are above it.
    proved
        What a theorem gives for it.

    Notes
    -----
    The best value has the least mean over seeds of min(gap, delta0). A line is fitted by least
    squares for each seed, and the exponent is the mean of their slopes.

    References
    ----------
    Attia, Koren, Learning rate annealing improves tuning robustness in stochastic optimization,
    arXiv:2503.09411: the gap grows like rho for constant steps, and like rho^(1/(2 p + 1)) for
    steps that fall to zero like (1 - t/T)^p.
    """
    grid = np.asarray(values, dtype=np.float64)
    levels = np.minimum(gap, delta0).mean(axis=0)
    best = int(np.argmin(levels))
    if best in (0, len(grid) - 1):
        return "best_at_edge"
    if levels[best] <= floor:
        return "best_at_floor"
    counts = ((gap > floor) & (gap < delta0)).all(axis=0)
    counts &= grid >= LEAST_RATIO * grid[best] * (1.0 - NEAR)
    if np.count_nonzero(counts) < LEAST_GAPS:
        return "too_few_points"
    return _fitted("gap", grid[counts], gap[:, counts], proved)


def exponent_of_passes(
    values: ArrayLike,
    passes: NDArray[np.float64],
    best: int | None,
    proved: float | None = None,
) -> Exponent | Reason:
    """Return the slope of log(passes) against log(value), for values of at least four times `best`.

    Parameters
    ----------
    values
        The grid, ascending, (n_values,).
    passes
        Passes to the target, (n_seeds, n_values). A value counts where all seeds arrive.
    best
        The index of the value of the fewest passes; None where none arrives.
    proved
        What a theorem gives for it.
    """
    grid = np.asarray(values, dtype=np.float64)
    if best is None:
        return "none_arrives"
    if best in (0, len(grid) - 1):
        return "best_at_edge"
    counts = (np.isfinite(passes) & (passes > 0)).all(axis=0)
    counts &= grid >= LEAST_RATIO * grid[best] * (1.0 - NEAR)
    if np.count_nonzero(counts) < LEAST_ARRIVALS:
        return "too_few_points"
    return _fitted("passes", grid[counts], passes[:, counts], proved)


def _fitted(
    of: Literal["gap", "passes"],
    values: NDArray[np.float64],
    costs: NDArray[np.float64],
    proved: float | None,
) -> Exponent:
    """Return the mean of the slopes of the seeds in log-log scale, with its 95 % t-interval."""
    from scipy.special import stdtrit

    x = np.log(values)
    x -= x.mean()
    slopes = np.log(costs) @ x / (x @ x)
    mean, n_seeds = float(slopes.mean()), len(slopes)
    interval = None
    if n_seeds > 1:
        error = float(slopes.std(ddof=1)) / math.sqrt(n_seeds)
        half = float(stdtrit(n_seeds - 1, 0.975)) * error
        interval = (mean - half, mean + half)
    return Exponent(of, mean, interval, proved)
