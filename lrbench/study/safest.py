"""The lr0 to take: nearly the best, and away from where a solver ceases to reach the target."""

from __future__ import annotations

import math

from lrbench.results import Sensitivity
from lrbench.study.usable import DIGITS

ALIKE = 1.25
"""Passes within this factor are a tie: two neighbouring checkpoints are that far apart."""

ENOUGH = 1.0
"""Decades from an end of the usable range that are far enough: one wrong by ten is then fine."""


def safest(found: Sensitivity) -> float | None:
    """Return the lr0 to take; None where none comes to the target.

    Notes
    -----
    Of those in the usable range that need at most 1.25 times the passes of the best one it is the
    one furthest, in log(lr0), from the ends of that range. An end of the grid is none, as nothing
    is known to go wrong beyond it, and a decade is as good as several: else where passes hardly
    depend on lr0 the advice would be an end of the grid. Of those as far the one with the fewest
    passes, then the best one, then the lowest. Where all of them lie outside of the usable range it
    is the best one.
    """
    if found.best_lr0 is None or found.usable is None:
        return None
    lo, hi = found.usable
    ends = [end for end, free in zip(found.usable, found.at_edge, strict=True) if not free]
    alike = {
        lr0: passes
        for lr0, passes in zip(found.lr0, found.passes, strict=True)
        if lo <= lr0 <= hi and passes <= ALIKE * found.best_passes
    }

    def distance(lr0: float) -> float:
        apart = [abs(math.log10(lr0) - math.log10(end)) for end in ends]
        return round(min([ENOUGH, *apart]), DIGITS)

    return min(
        alike,
        key=lambda v: (-distance(v), alike[v], v != found.best_lr0, v),
        default=found.best_lr0,
    )
