"""What it costs to be wrong about lr0 by a factor of ten or a hundred."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence

from lrbench.results import Factor
from lrbench.results.ranking import ratio

POWERS = (-2, -1, 1, 2)

NEAR = 1e-9
"""In decades: a point of the grid that is nearer than this is meant."""


def factors(lr0: Sequence[float], passes: Sequence[float], best: int | None) -> list[Factor]:
    """Return the passes at the best lr0 times 10^power over those at the best lr0.

    Parameters
    ----------
    lr0, passes
        The grid, ascending, and the passes to the target, inf where it was not reached, NaN where
        that is not known.
    best
        The place of the best lr0; without one there is no factor.
    """
    if best is None:
        return []
    logs = [math.log10(value) for value in lr0]
    found = {power: passes_at(logs, passes, logs[best] + power) for power in POWERS}
    return [
        Factor(power, None if there is None else ratio(there, passes[best]))
        for power, there in found.items()
    ]


def passes_at(logs: Sequence[float], passes: Sequence[float], x: float) -> float | None:
    """Return the passes at log10(lr0) = x, None off the grid and where they are not known.

    Notes
    -----
    The logarithm of the passes is linear in log(lr0) between two neighbours, as the loss of a step
    that is too small or too large is a power of lr0. Where one of the two never came to the target,
    neither does what lies between.
    """
    k = bisect.bisect_left(logs, x - NEAR)
    if k == len(logs) or (k == 0 and logs[0] > x + NEAR):
        return None
    if logs[k] <= x + NEAR:
        return None if math.isnan(passes[k]) else passes[k]
    a, b = passes[k - 1], passes[k]
    if math.isinf(a) or math.isinf(b):
        return math.inf
    if math.isnan(a) or math.isnan(b):
        return None
    if a == b:
        return a
    share = (x - logs[k - 1]) / (logs[k] - logs[k - 1])
    return math.exp((1 - share) * _log(a) + share * _log(b))


def _log(passes: float) -> float:
    return math.log(passes) if passes > 0 else -math.inf
