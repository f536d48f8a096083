"""The usable range: neighbours in a grid of initial learning rates that all reach the target."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lrbench.results import Sensitivity

Span = tuple[int, int]
"""The first and the last of a run of neighbours in the grid."""

DIGITS = 9
"""Decimals of a width in decades: from 0.1 to 10 is 2 of them, whatever the logarithms round to."""


def spans(there: Sequence[bool]) -> list[Span]:
    """Return the runs of neighbours that are true, from the left."""
    out: list[Span] = []
    for k, yes in enumerate(there):
        if yes and out and out[-1][1] == k - 1:
            out[-1] = (out[-1][0], k)
        elif yes:
            out.append((k, k))
    return out


def width_in_decades(lr0: Sequence[float], span: Span) -> float:
    """Return the width of a run in factors of 10, to `DIGITS` decimals."""
    return round(math.log10(lr0[span[1]]) - math.log10(lr0[span[0]]), DIGITS)


def widest(lr0: Sequence[float], passes: Sequence[float]) -> Span | None:
    """Return the widest run of lr0 that come to the target, None where none does.

    Parameters
    ----------
    lr0
        The grid, ascending; it may be irregular.
    passes
        To the target, inf where it was not reached.

    Notes
    -----
    Wide in decades, not in points of the grid. Of equally wide runs the one that holds the fewest
    passes, then the one of the lower lr0.
    """
    return min(
        spans([math.isfinite(p) for p in passes]),
        key=lambda s: (-width_in_decades(lr0, s), min(passes[s[0] : s[1] + 1]), s[0]),
        default=None,
    )


def best_place(lr0: Sequence[float], passes: Sequence[float], usable: Span | None) -> int | None:
    """Return the place of the best lr0, None where none comes to the target.

    Notes
    -----
    It has the fewest passes. As counts are whole numbers of steps, neighbours often tie: then it is
    the point next to the geometric middle of the run that ties (at half way the lower), the safest
    choice. Of several such runs one within the usable range comes first, then the widest, then the
    one of the lower lr0.
    """
    least = min(passes, default=math.inf)
    if usable is None or not math.isfinite(least):
        return None
    lo, hi = min(
        spans([p == least for p in passes]),
        key=lambda s: (not usable[0] <= s[0] <= usable[1], -width_in_decades(lr0, s), s[0]),
    )
    middle = (math.log10(lr0[lo]) + math.log10(lr0[hi])) / 2
    return min(range(lo, hi + 1), key=lambda k: round(abs(math.log10(lr0[k]) - middle), DIGITS))


def widths(lr0: Sequence[float], there: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the width of the widest run in each row of `there`, in decades; 0 for none.

    Parameters
    ----------
    lr0
        The grid, ascending, (n_lr0,).
    there
        Whether an lr0 comes to the target, (n_rows, n_lr0).
    """
    steps = np.diff(np.log10(lr0), prepend=math.log10(lr0[0]))
    here = np.zeros(len(there))
    most = np.zeros(len(there))
    before = np.zeros(len(there), dtype=bool)
    for k, step in enumerate(steps):
        here = np.where(there[:, k] & before, here + step, 0.0)
        before = there[:, k]
        np.maximum(most, here, out=most)
    return np.round(most, DIGITS)


def width_bounds(found: Sensitivity) -> tuple[float, float]:
    """Return between which widths in decades the usable range lies, whatever missing runs find.

    Notes
    -----
    The lower one is that where no run that is missing comes to the target, the upper one that where
    all of them do. Without missing runs both are the width. Neither looks beyond the grid.
    """
    reached, finished = np.array(found.reached), np.array(found.finished)
    low, high = (
        widths(found.lr0, 2 * there[np.newaxis] > found.n_seeds)[0]
        for there in (reached, reached + found.n_seeds - finished)
    )
    return float(low), float(high)
