"""A grid of the values of a parameter: the weight of each point, and costs between two points."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

NEAR = 1e-9  # the logarithms of 0.1 and 10 need not differ by exactly 2
"""A distance in decades below which a point of the grid is taken to be the one asked for."""


def log_weights(values: ArrayLike) -> NDArray[np.float64]:
    """Return the share of the range of a grid, in log scale, that each of its points stands for.

    Parameters
    ----------
    values
        The grid, positive and ascending, (n_values,); it may be irregular.

    Returns
    -------
    ndarray
        (n_values,); their sum is 1.

    Notes
    -----
    They are the weights of the trapezoidal rule in the logarithm. A value that is drawn uniformly
    in log scale between the ends of the grid has each point as its nearest one with these
    probabilities. A part of the grid that is finer than the rest therefore counts no more than its
    width. On a regular grid all weights are equal, but for the two ends, which have half as much.
    """
    logs = np.log(np.asarray(values, dtype=np.float64))
    if len(logs) == 1:
        return np.ones(1)
    steps = np.diff(logs)
    shares = np.concatenate([steps[:1], steps[:-1] + steps[1:], steps[-1:]]) / 2.0
    return np.asarray(shares / (logs[-1] - logs[0]), dtype=np.float64)


def cost_at(logs: Sequence[float], costs: Sequence[float], x: float) -> float | None:
    """Return the cost at log10(value) = x; None off the grid and where it is unknown.

    Parameters
    ----------
    logs
        log10 of the grid, ascending.
    costs
        The cost at each point, inf where the target is never reached and NaN where that is unknown.
    x
        Where the cost is asked for.

    Notes
    -----
    Between two neighbours the logarithm of the cost is linear in log(value), because the cost of a
    step that is too small or too large is a power of it. If one of the two never reaches the
    target, neither does what lies between them.
    """
    k = bisect.bisect_left(logs, x - NEAR)
    if k == len(logs) or (k == 0 and logs[0] > x + NEAR):
        return None
    if logs[k] <= x + NEAR:
        return None if math.isnan(costs[k]) else costs[k]
    a, b = costs[k - 1], costs[k]
    # Infinities first: beside a neighbour that never reaches the target, NaN does not matter.
    if math.isinf(a) or math.isinf(b):
        return math.inf
    if math.isnan(a) or math.isnan(b):
        return None
    if a == b:
        return a  # exactly, which exp(log(a)) is not
    weight = (x - logs[k - 1]) / (logs[k] - logs[k - 1])
    return math.exp((1 - weight) * _log(a) + weight * _log(b))


def _log(cost: float) -> float:
    return math.log(cost) if cost > 0 else -math.inf
