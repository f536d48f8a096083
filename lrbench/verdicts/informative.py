"""From which T on a bound says more than doing nothing."""

from __future__ import annotations

import numpy as np

from lrbench.theory.base import Setting, Theorem
from lrbench.verdicts.measured import Measured, trivial

POWERS = np.exp2(np.arange(51.0))
"""1, 2, 4, ... up to about 1e15."""

POINTS = 64
"""Points of one round of the search between two powers of 2."""


def informative_from(measured: Measured, theorem: Theorem, setting: Setting) -> int | None:
    """Return the first checkpoint (certificate) or the least T (a-priori bound) that informs."""
    if theorem.kind == "a-priori":
        return least_informative(theorem, setting)
    informs = measured.mean_bound < trivial(theorem, setting)
    return int(measured.iteration[np.argmax(informs)]) if informs.any() else None


def least_informative(theorem: Theorem, setting: Setting) -> int | None:
    """Return the least T at which an a-priori bound is below the trivial value, up to 1e15.

    The bound is looked at for every power of 2; between the first that informs and the one before,
    it is taken to fall.
    """
    level = trivial(theorem, setting)
    informs = theorem.bound(setting, POWERS) < level
    if not informs.any():
        return None
    first = int(np.argmax(informs))
    if first == 0:
        return 1
    low, high = POWERS[first - 1], POWERS[first]
    while high - low > 1:
        T = np.unique(np.rint(np.linspace(low, high, POINTS + 2)))
        k = int(np.argmax(theorem.bound(setting, T) < level))
        low, high = T[k - 1], T[k]
    return int(high)
