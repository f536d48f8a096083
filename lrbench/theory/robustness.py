"""The scale at which the bound of a theorem is least, from which too high a scale is counted."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from lrbench.theory.base import Setting, Theorem

DECADES = 20
"""Scales are looked for from 10^-20 to 10^20."""

PER_DECADE = 8
"""Scales of each decade, between which the least bound is then located."""


def best_scale(theorem: Theorem, at: Callable[[float], Setting], T: int) -> float | None:
    """Return the scale at which an a-priori bound after T steps is least.

    Parameters
    ----------
    theorem
        The theorem.
    at
        Returns the setting at a value of the scale. Where a hypothesis fails, there is no bound.
    T
        The number of steps.

    Returns
    -------
    scale
        The argmin to about eight digits, with the first of several minima that are equal; None
        where there is no bound, or where it still falls at either end of the range of scales.
    """
    from scipy.optimize import minimize_scalar

    def bound(log_scale: float) -> float:
        setting = at(10.0**log_scale)
        if not all(hypothesis.holds for hypothesis in theorem.hypotheses(setting)):
            return math.inf
        value = float(theorem.bound(setting, np.array([float(T)]))[0])
        return math.inf if math.isnan(value) else value

    grid = np.linspace(-DECADES, DECADES, 2 * DECADES * PER_DECADE + 1)
    bounds = [bound(log_scale) for log_scale in grid]
    k = int(np.argmin(bounds))
    if not math.isfinite(bounds[k]) or k in (0, len(grid) - 1):
        return None
    least = minimize_scalar(
        bound, bounds=(grid[k - 1], grid[k + 1]), method="bounded", options={"xatol": 1e-9}
    )
    log_scale = least.x if least.fun < bounds[k] else grid[k]
    return float(10.0**log_scale)
