"""A grid that finds its ends: which values of what varies a sweep runs next."""

from __future__ import annotations

import math
from collections.abc import Mapping

PER_DECADE = 4
"""Points of the grid for each factor of ten."""

FIRST = tuple(range(-2 * PER_DECADE, 2 * PER_DECADE + 1))
"""The exponents of the first grid: two decades on either side of its centre."""

MOST_DECADES = 16
"""The width beyond which a grid is not widened."""


def grid_value(centre: float, exponent: int) -> float:
    """Return centre * 10^(exponent / 4), with 13 digits beside the centre itself.

    Notes
    -----
    The last bits of a power depend on the processor; a cell of a store has its value in its key.
    """
    if not exponent:
        return centre
    return float(f"{centre * 10.0 ** (exponent / PER_DECADE):.13g}")


def next_exponents(costs: Mapping[int, float], gaps: Mapping[int, float]) -> list[int]:
    """Return the exponents to run next, ascending; none where the grid is complete.

    Parameters
    ----------
    costs
        Exponent -> passes to the target, inf where it was not reached.
    gaps
        Exponent -> the gap at the end, which leads to where nothing has arrived.

    Notes
    -----
    The grid grows by a decade wherever an end of it arrives, and on both sides where nothing does,
    until the ends do not arrive or the grid is 16 decades wide. It is then filled to four points a
    decade, from a decade below all that arrives to a decade above; where nothing does, around the
    least gap.
    """
    low, high = min(costs), max(costs)
    arrived = sorted(k for k, passes in costs.items() if math.isfinite(passes))
    wider = []
    if not arrived or arrived[0] == low:
        wider.append(low - PER_DECADE)
    if not arrived or arrived[-1] == high:
        wider.append(high + PER_DECADE)
    room = MOST_DECADES * PER_DECADE - (high - low)
    if wider and room >= PER_DECADE * len(wider):
        return wider
    least = min(gaps, key=lambda k: (gaps[k], k), default=0)
    first, last = (arrived[0], arrived[-1]) if arrived else (least, least)
    fill = range(max(low, first - PER_DECADE), min(high, last + PER_DECADE) + 1)
    return [k for k in fill if k not in costs]
