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

GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
"""The factor by which a golden-section search shortens its interval with one evaluation."""

RESOLUTION = 1e-9
"""The decades to which the least bound is located, and the relative difference of two bounds that
are equal."""


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
        where there is no bound, where it is as low at either end of the range of scales, and where
        it is below all positive numbers.
    """

    def bound(log_scale: float) -> float:
        return bound_at(theorem, at(10.0**log_scale), T)

    grid = np.linspace(-DECADES, DECADES, 2 * DECADES * PER_DECADE + 1).tolist()
    bounds = [bound(log_scale) for log_scale in grid]
    if not 0.0 < min(bounds) < min(bounds[0], bounds[-1]) * (1.0 - RESOLUTION):
        return None
    # A bound may have a least value on either side of a range where a hypothesis fails.
    minima: dict[float, float] = {}
    for k in range(1, len(grid) - 1):
        if bounds[k - 1] > bounds[k] <= bounds[k + 1] and math.isfinite(bounds[k]):
            between = _golden_section(bound, grid[k - 1], grid[k + 1])
            log_scale = between if bound(between) < bounds[k] else grid[k]
            minima[log_scale] = bound(log_scale)
    most = min(minima.values()) * (1.0 + RESOLUTION)
    return float(10.0 ** next(k for k, value in minima.items() if value <= most))


def bound_at(theorem: Theorem, setting: Setting, T: int) -> float:
    """Return an a-priori bound after T steps; inf where there is none, as a hypothesis fails."""
    try:
        with np.errstate(all="ignore"):
            if not all(hypothesis.holds for hypothesis in theorem.hypotheses(setting)):
                return math.inf
            value = float(theorem.bound(setting, np.array([float(T)]))[0])
    except ArithmeticError:  # a scale so extreme proves nothing
        return math.inf
    return math.inf if math.isnan(value) else value


def _golden_section(f: Callable[[float], float], low: float, high: float) -> float:
    """Return the minimiser of a function that falls and then rises, which may be infinite."""
    # Brent's method would fit parabolas, which an infinity makes meaningless.
    a, b = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    f_a, f_b = f(a), f(b)
    while high - low > RESOLUTION:
        if f_a <= f_b:
            high, b, f_b = b, a, f_a
            a = high - GOLDEN * (high - low)
            f_a = f(a)
        else:
            low, a, f_a = a, b, f_b
            b = low + GOLDEN * (high - low)
            f_b = f(b)
    return a if f_a <= f_b else b
