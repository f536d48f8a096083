"""The quantities in the formulas, each rounded so that the bound stays a bound."""

from __future__ import annotations

import math

import numpy as np

from lrbench.theory.base import Numbers, Setting

ROUNDINGS = 64 * float(np.finfo(np.float64).eps)
"""Relative allowance for the rounding of an objective or of a gradient."""


def delta0(setting: Setting) -> float:
    """Return F(w_0) - F*, rounded up by the error of f_star."""
    constants = setting.constants
    return constants.delta0 + constants.f_star_error


def objective_rounding(setting: Setting, gap: Numbers) -> Numbers:
    """Return a bound on the errors of objectives F* + `gap` that were computed in float64."""
    constants = setting.constants
    f_star, start = constants.f_star, abs(constants.f_star + constants.delta0)
    size = np.maximum(np.abs(f_star + gap), start) + abs(f_star)
    return np.asarray(ROUNDINGS * size + constants.f_rounding, dtype=np.float64)


def distance(setting: Setting) -> float:
    """Return |w_0 - w*|, rounded up by the error of the minimiser where that is known.

    Where the error is not known, this is the distance to the computed minimiser. NaN where there is
    no minimiser.
    """
    constants = setting.constants
    if constants.distance is None:
        return math.nan
    return constants.distance + (constants.distance_error or 0.0)


def iterate_diameter(setting: Setting) -> float:
    """Return D >= |x_t - x*| for every iterate; inf where nothing keeps the iterates near x*.

    It is the smaller of |w_0 - w*| + radius in a ball and the diameter of an indicator penalty's
    set.
    """
    in_ball = distance(setting) + (math.inf if setting.radius is None else setting.radius)
    return in_ball if setting.diameter is None else min(in_ball, setting.diameter)


def lipschitz(setting: Setting) -> float:
    """Return G >= |g_t|, for full batches that of the whole gradient; inf without a bound."""
    G_batch = setting.constants.G_batch if setting.batch else None
    bounds = [G for G in (setting.constants.G, G_batch) if G is not None]
    return min(bounds, default=math.inf)


def noise_at_minimiser(setting: Setting) -> float:
    """Return E|g(w*)|^2 of one minibatch of independent samples; 0 for full batches."""
    if setting.batch:
        return 0.0
    per_sample = setting.constants.noise_star
    return math.nan if per_sample is None else per_sample / setting.batch_size


def sampled_smoothness(setting: Setting) -> float:
    """Return the smoothness of every minibatch's objective: L_max, or L for full batches."""
    return setting.constants.L if setting.batch else setting.constants.L_max


def dominance(setting: Setting) -> tuple[float, int]:
    """Return mu and the exponent of (1 - mu/s): 2 under strong convexity, 1 under PL alone."""
    constants = setting.constants
    return (constants.mu, 2) if constants.mu > 0 else (constants.mu_pl, 1)


def log_contraction(rate: float) -> float:
    """Return log|1 - rate|, exact for a tiny `rate`; -inf where rate = 1."""
    if rate == 1.0:
        return -math.inf  # math.log1p(-1.0) raises
    return math.log1p(-rate) if rate < 1.0 else math.log(rate - 1.0)


def power(log_factor: float, exponent: Numbers) -> Numbers:
    """Return factor^exponent for 0 <= factor < 1 and exponent >= 1, from the factor's logarithm.

    A factor near 1, rounded before it is raised to the T-th power, would lose its digits.
    """
    return np.exp(log_factor * exponent)
