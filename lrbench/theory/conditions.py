"""The conditions that several theorems share: each checks one hypothesis and tells its values."""

from __future__ import annotations

import math

import numpy as np

from lrbench.theory.base import FULL_BATCHES, MINIBATCHES, Hypothesis, Setting
from lrbench.theory.quantities import delta0, distance, iterate_diameter, lipschitz

NO_BALL = "no ball: --radius"

ROUNDED = 4 * float(np.finfo(np.float64).eps)
"""How far a step may exceed its limit, or an iterate be off, relative to it, by rounding."""

_ON_SPHERE = 1.0 + 1e-9
"""Times the radius: a minimiser on the sphere, up to rounding, counts as inside the ball."""


def smooth_unconstrained(setting: Setting) -> Hypothesis:
    """Check SU: loss and penalty are smooth, and there is no constraint.

    With a ball the bounds under SU are false: at the constrained minimiser the gradient need not
    vanish.
    """
    name = "smooth, unconstrained"
    if not setting.smooth or not math.isfinite(setting.constants.L):
        return Hypothesis(name, False, smoothness_obstacle(setting))
    if setting.constants.L == 0.0:
        return Hypothesis(name, False, "L = 0: the objective is constant")
    if setting.radius is not None:
        return Hypothesis(name, False, f"a ball (--radius {setting.radius:g})")
    return Hypothesis(name, True, f"L = {setting.constants.L:.3g}, no ball")


def smooth_terms(setting: Setting) -> Hypothesis:
    """Check that every term of the objective is smooth; a ball that contains x* is allowed.

    An indicator penalty is not allowed: the gradient at x* need not vanish in its set, and the
    noise at the minimiser would have to include the square of that gradient.
    """
    name = "smooth terms"
    constants = setting.constants
    if not setting.smooth or not math.isfinite(constants.L_max):
        return Hypothesis(name, False, smoothness_obstacle(setting))
    return Hypothesis(name, True, f"L_max = {constants.L_max:.3g}")


def smooth_loss(setting: Setting) -> Hypothesis:
    """Check that F is the sum of an L-smooth part and a penalty that has a prox."""
    L = setting.constants.L
    if not math.isfinite(L):
        return Hypothesis("smooth part", False, smoothness_obstacle(setting))
    return Hypothesis("smooth part", True, f"L = {L:.3g} without the penalty's kinks")


def no_ball_beside_prox(setting: Setting) -> Hypothesis:
    """Check that the prox is that of the whole nonsmooth part: there is no ball beside it.

    A projection on the ball after the prox of the penalty is not the prox of their sum.
    """
    name = "prox of all that is not smooth"
    if setting.radius is not None:
        return Hypothesis(name, False, f"a ball beside the prox (--radius {setting.radius:g})")
    return Hypothesis(name, True, "no ball beside the prox")


def smoothness_obstacle(setting: Setting) -> str:
    """Return what keeps the objective from being smooth and unconstrained."""
    return setting.not_smooth or "the objective is not smooth"


def convex(setting: Setting) -> Hypothesis:
    """Check that F is convex, as every linear problem is."""
    return Hypothesis("convex", setting.convex, f"F is {'' if setting.convex else 'not '}convex")


def minimiser(setting: Setting) -> Hypothesis:
    """Check that a minimiser exists at a known distance, and lies in the ball if there is one."""
    name = "minimiser exists"
    constants = setting.constants
    if not constants.attained:
        return Hypothesis(name, False, constants.no_minimiser or "there is no minimiser x*")
    D = distance(setting)
    if constants.distance is None or not math.isfinite(D):
        return Hypothesis(name, False, "the distance to x* is not known")
    radius = setting.radius
    if radius is not None and constants.distance > radius * _ON_SPHERE:
        detail = f"x* outside the ball: {constants.distance:.3g} > {radius:.3g}"
        return Hypothesis(name, False, detail)
    computed = ", to the computed x*" if constants.distance_error is None else ""
    return Hypothesis(name, True, f"D_0 = {D:.3g}{computed}")


def minimiser_measured(setting: Setting) -> Hypothesis:
    """Check that the distance from the computed x* to a minimiser is bounded."""
    name, error = "error of x* known", setting.constants.distance_error
    if error is None and setting.constants.attained:
        return Hypothesis(name, False, "how far the computed x* is from a minimiser is open")
    return Hypothesis(name, True, "no x*" if error is None else f"x* is known to {error:.0e}")


def bounded_below(setting: Setting) -> Hypothesis:
    """Check that inf F is known; no minimiser is needed."""
    gap = delta0(setting)
    if doubt := setting.constants.f_star_doubt:
        return Hypothesis("inf F known", False, doubt)
    if not math.isfinite(gap):
        return Hypothesis("inf F known", False, "inf F is not known")
    return Hypothesis("inf F known", True, f"F(w_0) - inf F = {gap:.3g}")


def full_batches(setting: Setting) -> Hypothesis:
    """Check that every step uses the whole gradient."""
    detail = "full batches" if setting.batch else f"minibatches of {setting.batch_size}"
    return Hypothesis(FULL_BATCHES, setting.batch, detail)


def minibatches(setting: Setting) -> Hypothesis:
    """Check that the steps use minibatches."""
    detail = "full batches" if setting.batch else f"minibatches of {setting.batch_size}"
    return Hypothesis(MINIBATCHES, not setting.batch, detail)


def unbiased(setting: Setting) -> Hypothesis:
    """Check that g_t is unbiased given x_t: full batches, or independent samples.

    Reshuffled samples depend on the earlier ones in their pass, and hence on x_t.
    """
    name = "unbiased gradients"
    if setting.batch:
        return Hypothesis(name, True, "full batches")
    if setting.biased:
        return Hypothesis(name, False, setting.biased)
    detail = "how samples are drawn is not known"
    if setting.sampling is not None:
        detail = f"sampling: {setting.sampling}"
    return Hypothesis(name, setting.sampling == "replacement", detail)


def bounded_gradients(setting: Setting) -> Hypothesis:
    """Check that every (sub)gradient of this setting is at most G in norm."""
    G = lipschitz(setting)
    if not math.isfinite(G):
        unbounded = setting.radius is None and setting.diameter is None
        detail = NO_BALL if unbounded else "no G: the gradients are unbounded here"
        return Hypothesis("|g_t| <= G", False, detail)
    return Hypothesis("|g_t| <= G", True, f"G = {G:.3g}")


def in_ball(setting: Setting) -> Hypothesis:
    """Check that a ball or a bounded constraint keeps the iterates within D of the minimiser."""
    name = "|x_t - x*| <= D"
    if setting.radius is None and setting.diameter is None:
        return Hypothesis(name, False, NO_BALL)
    D = iterate_diameter(setting)
    # Where no x* is known there is no number yet: `minimiser` fails.
    detail = f"D = {D:.3g}" if math.isfinite(D) else f"a ball of radius {setting.radius:g}"
    return Hypothesis(name, True, detail)


def strongly_convex(setting: Setting) -> Hypothesis:
    """Check mu > 0."""
    mu = setting.constants.mu
    return Hypothesis("strongly convex", mu > 0, f"mu = {mu:.3g}")


def gradient_dominated(setting: Setting) -> Hypothesis:
    """Check mu > 0, or else the Polyak-Lojasiewicz inequality."""
    name = "strongly convex or PL"
    constants = setting.constants
    if constants.mu > 0:
        return Hypothesis(name, True, f"mu = {constants.mu:.3g}")
    if constants.mu_pl > 0:
        return Hypothesis(name, True, f"PL only: mu = {constants.mu_pl:.3g}")
    return Hypothesis(name, False, "mu = 0")


def starts_stable(setting: Setting, symbol: str, s_0: float) -> Hypothesis:
    """Check s_0 >= L: the first step is at most 1/L, and hence every one.

    Parameters
    ----------
    setting
        The setting.
    symbol
        The name of `s_0` in the detail: ``"b_1"``.
    s_0
        The first denominator, or a lower bound on it.
    """
    L = setting.constants.L
    return _at_least(setting, (symbol, s_0), ("L", L), L)


def starts_short(setting: Setting, symbol: str, s_0: float) -> Hypothesis:
    """Check s_0 >= 2L/3: the first step is at most 1.5/L, and hence every one.

    A step of 1.5/L is accepted up to four roundings, which is less than L is rounded up by; the
    parameters are those of `starts_stable`.
    """
    least = 2.0 * setting.constants.L / 3.0
    return _at_least(setting, (symbol, s_0), ("2L/3", least), least * (1.0 - ROUNDED))


def starts_contracting(setting: Setting, symbol: str, s_0: float) -> Hypothesis:
    """Check that no step is longer than 2/(L + mu), or than 1/L under PL alone.

    Each step then contracts F - F* by (1 - mu/s)^2, or by 1 - mu/s under PL alone; the parameters
    are those of `starts_stable`.
    """
    if setting.constants.mu <= 0:
        return starts_stable(setting, symbol, s_0)
    least = (setting.constants.L + setting.constants.mu) / 2.0
    return _at_least(setting, (symbol, s_0), ("(L+mu)/2", least), least)


def _at_least(
    setting: Setting, first: tuple[str, float], least: tuple[str, float], accepted: float
) -> Hypothesis:
    """Check that `first` is at least `accepted`; `least`, with its name, is the level to show."""
    (symbol, s_0), (level, value) = first, least
    name, holds = f"s_0 >= {level}", s_0 >= accepted
    if not math.isfinite(setting.constants.L):
        return Hypothesis(name, False, smoothness_obstacle(setting))
    detail = f"{symbol} = {s_0:.3g} {'>=' if holds else '<'} {level} = {value:.3g}"
    # lr0 = 1/L, typed as printed, misses 1/L by a rounding: "1 < L = 1" would be no explanation.
    if not holds and f"{s_0:.3g}" == f"{value:.3g}":
        detail = f"{symbol} = {s_0:.3g} < {level} by {value - s_0:.0e}"
    return Hypothesis(name, holds, detail)
