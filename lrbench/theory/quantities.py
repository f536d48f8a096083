"""The quantities in the formulas, each rounded so that the bound stays a bound."""

from __future__ import annotations

import math
from fractions import Fraction

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
    in_ball = math.inf if setting.radius is None else distance(setting) + setting.radius
    # Where w* is not known, the diameter alone bounds the distance: `fmin` passes over NaN.
    bound = np.fmin(in_ball, math.inf if setting.diameter is None else setting.diameter)
    return float(bound)


def lipschitz(setting: Setting) -> float:
    """Return G >= |g_t|, for full batches that of the whole gradient; inf without a bound."""
    G_batch = setting.constants.G_batch if setting.batch else None
    bounds = [G for G in (setting.constants.G, G_batch) if G is not None]
    return min(bounds, default=math.inf)


def noise_at_minimiser(setting: Setting) -> float:
    """Return E|g(w*)|^2 of one minibatch of independent samples, rounded up; 0 for full batches.

    Notes
    -----
    noise_star is taken at the computed minimiser, where F is above its infimum by e at most. There
    the gradients of the terms, which are convex and L_max-smooth, differ from those at w* by at
    most 2 L_max e in the mean square, so that the roots of the two mean squares differ by no more
    than the root of that.
    """
    if setting.batch:
        return 0.0
    constants = setting.constants
    if constants.noise_star is None:
        return math.nan
    e = constants.f_star_error + constants.f_rounding
    change = math.sqrt(2.0 * constants.L_max * e)
    return (math.sqrt(constants.noise_star) + change) ** 2 / setting.batch_size


def is_noiseless(setting: Setting) -> bool:
    """Return whether the noise at the minimiser is 0 as far as any suboptimality shows.

    At most 2 L_max times the floor, it outweighs the rest of the bounds W6 and A4 only where that
    rest is below the floor: see docs/explanation/theory.md.
    """
    limit = 2.0 * sampled_smoothness(setting) * setting.constants.floor
    return noise_at_minimiser(setting) <= limit


def sampled_smoothness(setting: Setting) -> float:
    """Return the smoothness of every minibatch's objective: L_max, or L for full batches."""
    return setting.constants.L if setting.batch else setting.constants.L_max


def dominance(setting: Setting) -> tuple[float, int]:
    """Return mu and the exponent of (1 - mu/s): 2 under strong convexity, 1 under PL alone."""
    constants = setting.constants
    return (constants.mu, 2) if constants.mu > 0 else (constants.mu_pl, 1)


def log_contraction(rate: float | Fraction) -> float:
    """Return log|1 - rate|, rounded once; -inf where rate = 1.

    A `rate` that is the exact product lr0 L keeps all digits near 2, where its rounding would be
    raised to the T-th power.
    """
    factor = abs(1 - Fraction(rate))
    if not factor:
        return -math.inf
    return math.log1p(float(factor - 1)) if 2 * factor > 1 else math.log(float(factor))


def log_defect(excess: float, ratio: float) -> float:
    """Return ratio - 1 - log(ratio) >= 0, without cancellation near 1.

    Parameters
    ----------
    excess, ratio
        `excess` is ratio - 1, computed without cancellation.
    """
    if abs(excess) > 0.25:
        return excess - math.log(ratio)
    # The series of excess - log(1 + excess): 27 terms are exact up to 0.25.
    return math.fsum((-excess) ** k / k for k in range(2, 29))


def power(log_factor: float, exponent: Numbers) -> Numbers:
    """Return factor^exponent for 0 <= factor < 1 and exponent >= 1, from the factor's logarithm.

    A factor near 1, rounded before it is raised to the T-th power, would lose its digits.
    """
    return np.exp(log_factor * exponent)
