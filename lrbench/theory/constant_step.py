"""Gradient descent with a constant step: exact worst cases in h = lr0 L."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import ClassVar

import numpy as np

from lrbench.theory.base import APriori, Conditions, Hypothesis, Numbers, Order, Setting
from lrbench.theory.conditions import (
    bounded_below,
    convex,
    full_batches,
    gradient_dominated,
    minimiser,
    smooth_unconstrained,
    smoothness_obstacle,
    starts_short,
    starts_stable,
    strongly_convex,
)
from lrbench.theory.quantities import delta0, distance, log_contraction, power


def step(setting: Setting) -> float:
    """Return h = lr0 L."""
    return setting.lr0 * setting.constants.L


def exact_step(setting: Setting) -> Fraction:
    """Return h = lr0 L without rounding: near h = 2 its last digits decide a bound at a large T."""
    return Fraction(setting.lr0) * Fraction(setting.constants.L)


def stable(setting: Setting) -> Hypothesis:
    """Check s_0 = 1/lr0 >= L."""
    return starts_stable(setting, "1/lr0", 1.0 / setting.lr0)


def short(setting: Setting) -> Hypothesis:
    """Check s_0 = 1/lr0 >= 2L/3."""
    return starts_short(setting, "1/lr0", 1.0 / setting.lr0)


def step_below_two(setting: Setting) -> Hypothesis:
    """Check h = lr0 L < 2."""
    h, L = step(setting), setting.constants.L
    if not math.isfinite(L):
        return Hypothesis("lr0 L < 2", False, smoothness_obstacle(setting))
    if h < 2.0:
        return Hypothesis("lr0 L < 2", True, f"h = lr0 L = {h:.3g} < 2")
    return Hypothesis("lr0 L < 2", False, f"lr0 = {setting.lr0:.3g} >= 2/L = {2 / L:.3g}")


class _GradientDescent(APriori):
    """Full batches of a smooth unconstrained convex objective, h in (0, 2)."""

    rate = Order("power", -1.0)
    conditions: ClassVar[Conditions] = (
        full_batches,
        smooth_unconstrained,
        convex,
        minimiser,
        step_below_two,
    )


class GDLastIterate(_GradientDescent):
    """GD: the last iterate; exact, attained by a Huber function or a quadratic."""

    key = "GD"
    statement = "F(x_T) - F* <= (L D_0^2/2) max{1/(2Th + 1), (1 - h)^(2T)},  h = lr0 L < 2"
    measure = "suboptimality"
    iterate = "last"
    reference = "C6 for h <= 3/2; Drori, Teboulle (2014) for h <= 1; Kim, arXiv:2412.04427"
    cite = ("drori2014", "kim2024")
    sharpness = "tight"

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return (L D_0^2/2) max{1/(2Th + 1), (1 - h)^(2T)}."""
        h, D_0 = step(setting), distance(setting)
        factor = log_contraction(exact_step(setting))
        worst = np.maximum(1.0 / (2.0 * T * h + 1.0), power(factor, 2.0 * T))
        return setting.constants.L * D_0 * D_0 / 2.0 * worst


class GDStronglyConvex(_GradientDescent):
    """GD-mu: the last iterate under strong convexity; exact."""

    key = "GD-mu"
    statement = "F(x_T) - F* <= (L D_0^2/2) max{k/(k - 1 + (1 - kh)^(-2T)), (1 - h)^(2T)}"
    measure = "suboptimality"
    iterate = "last"
    reference = "Kim, arXiv:2412.04427"
    cite = ("kim2024",)
    sharpness = "tight"
    conditions = (*_GradientDescent.conditions, strongly_convex)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return the bound with k = mu/L."""
        D_0, L, mu = distance(setting), setting.constants.L, setting.constants.mu
        k, k_h = mu / L, Fraction(setting.lr0) * Fraction(mu)
        # (1 - kh)^(-2T) overflows to inf after many steps; the quotient is then 0, its limit.
        with np.errstate(over="ignore"):
            slow = k / (k + np.expm1(-2.0 * T * log_contraction(k_h)))
        factor = log_contraction(exact_step(setting))
        return L * D_0 * D_0 / 2.0 * np.maximum(slow, power(factor, 2.0 * T))

    def order(self, setting: Setting) -> Order:
        """Return the linear rate of the slower of the two factors."""
        return Order("linear", 2.0 * log_slower_factor(setting))


class GDLinearRate(_GradientDescent):
    """GD-linear: the last iterate, from F(x_0) - F*; every step contracts by the same factor.

    Under PL alone the factor is 1 - mu lr0 (2 - h), from the descent lemma.
    """

    key = "GD-linear"
    statement = "F(x_T) - F* <= Delta_0 max(|1 - h|, |1 - kh|)^(2T)   (PL: (1 - kh(2 - h))^T)"
    measure = "suboptimality"
    iterate = "last"
    reference = "Taylor, Hendrickx, Glineur (2018), J. Optim. Theory Appl. 178"
    cite = ("taylor2018",)
    sharpness = "tight"
    conditions = (*_GradientDescent.conditions, gradient_dominated)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return Delta_0 times the T-th power of the factor of one step."""
        return delta0(setting) * power(self._log_factor(setting), T)

    def order(self, setting: Setting) -> Order:
        """Return the linear rate, the logarithm of the factor of one step."""
        return Order("linear", self._log_factor(setting))

    @staticmethod
    def _log_factor(setting: Setting) -> float:
        constants = setting.constants
        if constants.mu > 0:
            return 2.0 * log_slower_factor(setting)
        k_h = Fraction(setting.lr0) * Fraction(constants.mu_pl)
        return log_contraction(k_h * (2 - exact_step(setting)))


class GDLastGradient(_GradientDescent):
    """GD-grad: the gradient norm at the last iterate; exact."""

    key = "GD-grad"
    statement = "|grad F(x_T)|^2 <= 2L Delta_0 max{1/(1 + 2Th), (1 - h)^(2T)}"
    measure = "grad_norm_sq"
    iterate = "last"
    reference = "Rotaru, Glineur, Patrinos, arXiv:2406.17506; Kim, arXiv:2412.04435"
    cite = ("rotaru2024", "kim2024gradient")
    sharpness = "tight"
    conditions = (full_batches, smooth_unconstrained, convex, bounded_below, step_below_two)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return 2L Delta_0 max{1/(1 + 2Th), (1 - h)^(2T)}."""
        h, factor = step(setting), log_contraction(exact_step(setting))
        worst = np.maximum(1.0 / (1.0 + 2.0 * T * h), power(factor, 2.0 * T))
        return 2.0 * setting.constants.L * delta0(setting) * worst


class GDSmallestGradient(_GradientDescent):
    """GD-min: the smallest gradient norm, convex or not.

    Proof idea: each step lowers F by lr0 (1 - h/2) a_t, and after T - 1 steps F - F* is still at
    least a_{T-1}/(2L).
    """

    key = "GD-min"
    statement = "min_(t<T) |grad F(x_t)|^2 <= Delta_0 / ((T-1) lr0 (1 - h/2) + 1/(2L))"
    measure = "grad_norm_sq"
    iterate = "min"
    reference = "proved in docs/explanation/theory.md; cf. Nesterov (2004), section 1.2.3"
    cite = ("nesterov2004",)
    # Convexity is not needed.
    conditions = (full_batches, smooth_unconstrained, bounded_below, step_below_two)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return Delta_0 / ((T-1) lr0 (1 - h/2) + 1/(2L))."""
        decrease = setting.lr0 * float(1 - exact_step(setting) / 2)
        return delta0(setting) / ((T - 1.0) * decrease + 0.5 / setting.constants.L)


def log_slower_factor(setting: Setting) -> float:
    """Return log max(|1 - h|, |1 - mu lr0|): the worst quadratics have curvature L or mu."""
    k_h = Fraction(setting.lr0) * Fraction(setting.constants.mu)
    return max(log_contraction(exact_step(setting)), log_contraction(k_h))
