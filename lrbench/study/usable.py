"""The usable range: the widest span of neighbouring values of a grid that all reach the target."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lrbench.results import Sensitivity

Span = tuple[int, int]
"""The indices of the first and the last of several neighbours in the grid."""

DIGITS = 9  # else a check of usable_decades >= 2.5 fails on a width of 2.4999999999999
"""Decimals to which a width in decades is rounded."""

RESAMPLES = 1000
"""Bootstrap samples of the seeds."""

LEVEL = 0.95
"""Confidence level of the interval of a width."""

SEED = 0
"""Seed of the bootstrap, which is fixed so that the same runs have the same interval."""


def spans(reaches: Sequence[bool]) -> list[Span]:
    """Return the maximal spans of neighbours that are true, from the left."""
    maximal: list[Span] = []
    for k, reached in enumerate(reaches):
        if reached and maximal and maximal[-1][1] == k - 1:
            maximal[-1] = (maximal[-1][0], k)
        elif reached:
            maximal.append((k, k))
    return maximal


def width_in_decades(values: Sequence[float], span: Span) -> float:
    """Return the width of a span in factors of 10, rounded to `DIGITS` decimals."""
    return round(math.log10(values[span[1]]) - math.log10(values[span[0]]), DIGITS)


def widest(values: Sequence[float], passes: Sequence[float]) -> Span | None:
    """Return the widest span of values that reach the target; None if none does.

    Parameters
    ----------
    values
        The grid, ascending; it may be irregular.
    passes
        Passes to the target for each value, inf where it was not reached.

    Notes
    -----
    The width is measured in decades, not in points of the grid. Of equally wide spans the one that
    contains the fewest passes is taken, then the one of the lower value.
    """
    return min(
        spans([math.isfinite(p) for p in passes]),
        key=lambda s: (-width_in_decades(values, s), min(passes[s[0] : s[1] + 1]), s[0]),
        default=None,
    )


def best_index(values: Sequence[float], passes: Sequence[float], usable: Span | None) -> int | None:
    """Return the index of the best value, None if none reaches the target.

    Notes
    -----
    The best value needs the fewest passes. Neighbours often tie, because the passes are those of a
    checkpoint. Of a span that ties, the point next to its geometric middle is taken, which is the
    safest choice (half-way between two points the lower one). Of several such spans one within the
    usable range comes first, then the widest, then the one of the lower value.
    """
    fewest = min(passes, default=math.inf)
    if usable is None or not math.isfinite(fewest):
        return None
    lo, hi = min(
        spans([p == fewest for p in passes]),
        key=lambda s: (not usable[0] <= s[0] <= usable[1], -width_in_decades(values, s), s[0]),
    )
    middle = (math.log10(values[lo]) + math.log10(values[hi])) / 2
    # Rounded, so that the two points beside a middle tie and the lower one is taken.
    return min(range(lo, hi + 1), key=lambda k: round(abs(math.log10(values[k]) - middle), DIGITS))


def widths(values: Sequence[float], reaches: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the width in decades of the widest span in each row of `reaches`; 0 for none.

    Parameters
    ----------
    values
        The grid, ascending, (n_values,).
    reaches
        Whether a value reaches the target, (n_rows, n_values).
    """
    steps = np.diff(np.log10(values), prepend=math.log10(values[0]))
    width = np.zeros(len(reaches))
    maximum = np.zeros(len(reaches))
    previous = np.zeros(len(reaches), dtype=bool)
    # The loop is over the grid, because a bootstrap has many more rows than a grid has points.
    for k, step in enumerate(steps):
        width = np.where(reaches[:, k] & previous, width + step, 0.0)
        previous = reaches[:, k]
        np.maximum(maximum, width, out=maximum)
    return np.round(maximum, DIGITS)


def width_interval(
    values: Sequence[float], reached: NDArray[np.bool_], finished: NDArray[np.bool_]
) -> tuple[float, float] | None:
    """Return the percentile bootstrap interval of the width in decades over seeds.

    Parameters
    ----------
    values
        The grid, ascending, (n_values,).
    reached
        Whether a seed reached the target, (n_seeds, n_values).
    finished
        Whether that is known, (n_seeds, n_values). A run that is not finished counts neither way,
        and a seed without a finished run is left out.

    Returns
    -------
    tuple or None
        The lower and the upper end; None with fewer than two seeds.

    Notes
    -----
    Whole seeds are drawn with replacement, because one seed draws the same minibatches for every
    value. Both ends are widths that occurred in a resample. As with every bootstrap, the interval
    of a handful of seeds is narrower than it should be.
    """
    has_finished = finished.any(axis=1)
    reached, finished = reached[has_finished], finished[has_finished]
    n_seeds = len(reached)
    if n_seeds < 2:
        return None
    rng = np.random.default_rng(SEED)
    counts = rng.multinomial(n_seeds, np.full(n_seeds, 1.0 / n_seeds), size=RESAMPLES)
    n_reached, n_finished = counts @ reached.astype(np.int64), counts @ finished.astype(np.int64)
    # The median of the passes is finite exactly if more than half of the seeds reached the target.
    resampled = widths(values, 2 * n_reached > n_finished)
    tail = (1.0 - LEVEL) / 2.0
    lo, hi = np.quantile(resampled, [tail, 1.0 - tail], method="inverted_cdf")
    return float(lo), float(hi)


def width_bounds(sensitivity: Sensitivity) -> tuple[float, float]:
    """Return a lower and an upper bound of the width in decades that all runs would give.

    Notes
    -----
    The lower bound is the width if no missing run reaches the target, and the upper one the width
    if every missing run does. Without missing runs both are the width itself. Neither takes values
    beyond the grid into account.
    """
    reached, finished = np.array(sensitivity.reached), np.array(sensitivity.finished)
    low, high = (
        widths(sensitivity.values, 2 * n_reached[np.newaxis] > sensitivity.n_seeds)[0]
        for n_reached in (reached, reached + sensitivity.n_seeds - finished)
    )
    return float(low), float(high)
