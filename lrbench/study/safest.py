"""The value to recommend: nearly the best, and away from where a solver misses the target."""

from __future__ import annotations

import math

from lrbench.results import Sensitivity
from lrbench.study.usable import DIGITS

ALIKE = 1.25  # two neighbouring looks are up to a factor of 1.2 apart
"""Passes within this factor are a tie."""

FAR_ENOUGH = 1.0  # a value that is wrong by a factor of ten then still reaches the target
"""A distance in decades from the ends of the usable range above which more is no better."""


def safest(sensitivity: Sensitivity) -> float | None:
    """Return the value to recommend; None if none reaches the target.

    Notes
    -----
    The candidates are the values in the usable range that need at most 1.25 times the passes of the
    best one. The one furthest, in its logarithm, from the ends of that range is taken. An end that
    is an end of the grid does not count, because nothing is known to fail beyond it, and distances
    above a decade are equal: otherwise the advice would be an end of the grid where passes hardly
    depend on the value. Ties are resolved in favour of the fewest passes, then of the best value,
    then of the lowest. If there is no candidate in the usable range, the best value is taken.
    """
    if sensitivity.best_value is None or sensitivity.usable is None:
        return None
    lo, hi = sensitivity.usable
    ends = [
        end
        for end, at_edge in zip(sensitivity.usable, sensitivity.at_edge, strict=True)
        if not at_edge
    ]
    candidates = {
        value: passes
        for value, passes in zip(sensitivity.values, sensitivity.passes, strict=True)
        if lo <= value <= hi and passes <= ALIKE * sensitivity.best_passes
    }

    def distance(value: float) -> float:
        decades = [abs(math.log10(value) - math.log10(end)) for end in ends]
        # Rounded, so that two values at equal distances on the grid tie in spite of the logarithms.
        return round(min([FAR_ENOUGH, *decades]), DIGITS)

    return min(
        candidates,
        key=lambda v: (-distance(v), candidates[v], v != sensitivity.best_value, v),
        default=sensitivity.best_value,
    )
