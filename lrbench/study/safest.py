"""The lr0 to recommend: nearly the best, and away from where a solver misses the target."""

from __future__ import annotations

import math

from lrbench.results import Sensitivity
from lrbench.study.usable import DIGITS

ALIKE = 1.25  # two neighbouring checkpoints are up to a factor of 1.22 apart
"""Passes within this factor are a tie."""

FAR_ENOUGH = 1.0  # an lr0 that is wrong by a factor of ten then still reaches the target
"""A distance in decades from the ends of the usable range above which more is no better."""


def safest(sensitivity: Sensitivity) -> float | None:
    """Return the lr0 to recommend; None if no lr0 reaches the target.

    Notes
    -----
    The candidates are the lr0 in the usable range that need at most 1.25 times the passes of the
    best one. The one furthest, in log(lr0), from the ends of that range is taken. An end that is
    an end of the grid does not count, because nothing is known to fail beyond it, and distances
    above a decade are equal: otherwise the advice would be an end of the grid where passes hardly
    depend on lr0. Ties are resolved in favour of the fewest passes, then of the best lr0, then of
    the lowest. If there is no candidate in the usable range, the best lr0 is taken.
    """
    if sensitivity.best_lr0 is None or sensitivity.usable is None:
        return None
    lo, hi = sensitivity.usable
    ends = [
        end
        for end, at_edge in zip(sensitivity.usable, sensitivity.at_edge, strict=True)
        if not at_edge
    ]
    candidates = {
        lr0: passes
        for lr0, passes in zip(sensitivity.lr0, sensitivity.passes, strict=True)
        if lo <= lr0 <= hi and passes <= ALIKE * sensitivity.best_passes
    }

    def distance(lr0: float) -> float:
        decades = [abs(math.log10(lr0) - math.log10(end)) for end in ends]
        # Rounded, so that two lr0 at equal distances on the grid tie in spite of the logarithms.
        return round(min([FAR_ENOUGH, *decades]), DIGITS)

    return min(
        candidates,
        key=lambda lr0: (-distance(lr0), candidates[lr0], lr0 != sensitivity.best_lr0, lr0),
        default=sensitivity.best_lr0,
    )
