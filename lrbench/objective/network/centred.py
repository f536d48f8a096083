"""Scores without their mean, and their standard deviation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrbench.arrays import PerLane, Scores

EPS = float(np.finfo(np.float64).eps)


class Centred(NamedTuple):
    """Scores without their mean, (n_samples, n_lanes), and their mean and standard deviation."""

    Z: Scores
    mean: PerLane
    deviation: PerLane
    rate: PerLane
    """gamma divided by the deviation: v times this are the weights of the linear problem."""


def deviations(sums_sq: PerLane, mean: PerLane, n: int) -> PerLane:
    """Return the standard deviations of scores; NaN where all scores are the same.

    A lane that divides by such a deviation is lost by itself, and those beside it go on.

    Parameters
    ----------
    sums_sq
        The sums of squares of the centred scores, one for each lane, or for each unit of it.
    mean, n
        The mean of the scores, and their number.
    """
    deviation: PerLane = np.sqrt(sums_sq / n)
    # What rounding leaves of the differences of equal scores.
    deviation[deviation <= n * EPS * np.abs(mean)] = np.nan
    return deviation
