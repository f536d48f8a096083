"""Scores without their mean, and their standard deviation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrbench.arrays import PerLane, Scores
from lrbench.errors import DataError

EPS = float(np.finfo(np.float64).eps)


class Centred(NamedTuple):
    """Scores without their mean, (n_samples, n_lanes), and their mean and standard deviation."""

    Z: Scores
    mean: PerLane
    deviation: PerLane
    rate: PerLane
    """gamma divided by the deviation: v times this are the weights of the linear problem."""


def deviations(sums_sq: PerLane, mean: PerLane, n: int, n_lanes: int) -> PerLane:
    """Return the standard deviations of scores, (n_columns,); 1 behind the first `n_lanes`.

    Parameters
    ----------
    sums_sq
        The sums of squares of the centred scores.
    mean, n
        The mean of the scores, and their number.

    Raises
    ------
    DataError
        If all scores of a lane are the same.
    """
    deviation = np.sqrt(sums_sq / n)
    # What rounding leaves of the differences of equal scores.
    if (deviation[:n_lanes] <= n * EPS * np.abs(mean[:n_lanes])).any():
        raise DataError(
            f"batch norm: {n} samples have the same score, so that there is no deviation to divide"
            " by.",
            "give a larger --batch-size, or --sampling reshuffle.",
        )
    deviation[n_lanes:] = 1.0
    return deviation
