"""How sure the width of a usable range is, over seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lrbench.study.usable import widths

RESAMPLES = 1000
LEVEL = 0.95
SEED = 0
"""Of the resampling: the same runs have the same interval."""


def width_interval(
    lr0: Sequence[float], reached: NDArray[np.bool_], finished: NDArray[np.bool_]
) -> tuple[float, float] | None:
    """Return the percentile bootstrap interval of the width in decades; None for one seed or none.

    Parameters
    ----------
    lr0
        The grid, ascending, (n_lr0,).
    reached
        Whether a seed came to the target, (n_seeds, n_lr0).
    finished
        Whether that is known; what is not known counts neither way, and a seed of which nothing is
        known is left out.

    Notes
    -----
    Seeds are drawn with replacement, whole: one seed draws the same minibatches for every lr0, so
    its lanes belong together. The median of the passes is finite exactly where more than half of
    the seeds drawn came there, hence counts are enough. The ends are widths that occurred. With a
    handful of seeds it is narrower than it should be, as every bootstrap.
    """
    there = finished.any(axis=1)
    reached, finished = reached[there], finished[there]
    n_seeds = len(reached)
    if n_seeds < 2:
        return None
    rng = np.random.default_rng(SEED)
    drawn = rng.multinomial(n_seeds, np.full(n_seeds, 1.0 / n_seeds), size=RESAMPLES)
    found = widths(lr0, 2 * (drawn @ reached.astype(np.int64)) > drawn @ finished.astype(np.int64))
    tail = (1.0 - LEVEL) / 2.0
    lo, hi = np.quantile(found, [tail, 1.0 - tail], method="inverted_cdf")
    return float(lo), float(hi)
