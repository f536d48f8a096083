"""Powers of contraction factors that survive factors near 1 and thousands of steps."""

from __future__ import annotations

import math

import numpy as np

from lrbench.theory.base import Numbers, Setting


def log_contraction(rate: float) -> float:
    """Return log|1 - rate|, exact for a tiny `rate`; -inf where rate = 1."""
    if rate == 1.0:
        return -math.inf
    return math.log1p(-rate) if rate < 1.0 else math.log(rate - 1.0)


def power(log_factor: float, exponent: Numbers) -> Numbers:
    """Return exp(log_factor * exponent) for log_factor < 0 and exponent >= 1."""
    return np.exp(log_factor * exponent)


def dominance(setting: Setting) -> tuple[float, int]:
    """Return mu and the exponent of (1 - mu/s): 2 under strong convexity, 1 under PL alone."""
    constants = setting.constants
    return (constants.mu, 2) if constants.mu > 0 else (constants.mu_pl, 1)
