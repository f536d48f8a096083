"""A-priori bounds for WNGrad with full batches on a smooth objective: W1 to W4."""

from __future__ import annotations

import numpy as np

from lrbench.theory.base import Numbers, Order, Setting
from lrbench.theory.conditions import (
    bounded_below,
    convex,
    full_batches,
    gradient_dominated,
    minimiser,
    smooth_unconstrained,
)
from lrbench.theory.quantities import delta0, distance, dominance, log_contraction, power
from lrbench.theory.wngrad import (
    LinearInCurrent,
    b_start,
    contracting,
    farthest_sq,
    order_of,
    rise,
    short,
    stable,
)
from lrbench.theory.wngrad_unit import WNGradAPriori, in_unit

_PROVED = "proved in docs/explanation/theory.md; the step rule is Wu, Ward, Bottou (2018)"


class W1SmallestGradient(LinearInCurrent, WNGradAPriori):
    """W1: the smallest gradient norm, convex or not.

    Proof idea: C1 with b_T <= b_max; from s_0 >= L on, the descent lemma sums to
    sum (a_t/s_t)(1 - L/(2 s_t)) <= Delta_0, and s^2/(s - L/2) increases.
    """

    key = "W1"
    statement = "min_(t<T) |grad F(x_t)|^2 <= (b_max^2 - b_0^2) / (2cT)"
    measure = "grad_norm_sq"
    iterate = "min"
    rate = Order("power", -1.0)
    reference = _PROVED
    cite = ("wu2018",)
    # Neither convexity nor a minimiser is needed.
    conditions = (full_batches, smooth_unconstrained, bounded_below)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return the bound; raw-first divides by T - 1, as b does not grow in its first step."""
        b_0, growth, L = b_start(setting), rise(setting), setting.constants.L
        b_max = b_0 + growth
        steps = T - 1.0 if order_of(setting) == "raw-first" else T
        sum_sq = growth * (2.0 * b_0 + growth) / 2.0
        bound: Numbers = np.divide(sum_sq, steps, out=np.full(T.shape, np.inf), where=steps > 0)
        if stable(setting).holds:
            bound = np.minimum(bound, delta0(setting) * b_max / (1.0 - L / (2.0 * b_max)) / T)
        return bound


class W2Average(LinearInCurrent, WNGradAPriori):
    """W2: the average iterate.

    Proof idea: <g, x - x*> >= f - f* + a/(2L), C2's sum, and sum a_t >= b_0 (b_T - b_0); from
    s_0 >= L on also f(x_{t+1}) - f* <= (s_t/2)(delta_t - delta_{t+1}) and Abel summation.
    """

    key = "W2"
    statement = "F(xbar_T) - F* <= [D^2 b_0 + (D^2 + (1 - b_0/L)/c)_+ (b_max - b_0)] / (2T)"
    measure = "suboptimality"
    iterate = "average"
    rate = Order("power", -1.0)
    reference = _PROVED
    cite = ("wu2018",)
    conditions = (full_batches, smooth_unconstrained, convex, minimiser)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return the least of the bounds that apply."""
        b_0, growth, D_sq = b_start(setting), rise(setting), farthest_sq(setting)
        L = setting.constants.L
        factor = max(D_sq + (L - b_0) / L, 0.0)  # 1 - b_0/L loses its digits near 0
        sum_gaps = (D_sq * b_0 + factor * growth) / 2.0
        if order_of(setting) == "raw-first":
            sum_gaps += delta0(setting)  # the sum above begins at t = 1
        if stable(setting).holds:
            D_0 = distance(setting)
            sum_gaps = min(sum_gaps, delta0(setting) + D_0 * D_0 * (b_0 + growth) / 2.0)
        return sum_gaps / T


class W3LastIterate(LinearInCurrent, WNGradAPriori):
    """W3: the last iterate, where even the first step is at most 1.5/L.

    Proof idea: C6 with s_t <= b_max.
    """

    key = "W3"
    statement = "F(x_T) - F* <= D_0^2 / (4T/b_max + 2/L)"
    measure = "suboptimality"
    iterate = "last"
    rate = Order("power", -1.0)
    reference = _PROVED
    cite = ("wu2018",)
    conditions = (full_batches, smooth_unconstrained, convex, minimiser, short)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return D_0^2 / (4T/b_max + 2/L)."""
        D_0, b_max = distance(setting), b_start(setting) + rise(setting)
        return D_0 * D_0 / (4.0 * T / b_max + 2.0 / setting.constants.L)


class W4LinearRate(WNGradAPriori):
    """W4: the last iterate under strong convexity, or under PL with half the exponent.

    Proof idea: C5 with s_t <= b_max.
    """

    key = "W4"
    statement = "F(x_T) - F* <= Delta_0 (1 - mu/b_max)^(2T)   (PL only: exponent T)"
    measure = "suboptimality"
    iterate = "last"
    reference = _PROVED
    cite = ("wu2018",)
    conditions = (full_batches, smooth_unconstrained, minimiser, gradient_dominated, contracting)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return Delta_0 (1 - mu/b_max)^(2T)."""
        return delta0(setting) * power(self._log_factor(setting), T)

    def order(self, setting: Setting) -> Order | None:
        """Return the linear rate 2 log(1 - mu/b_max); None where the bound is not known."""
        try:
            return Order("linear", self._log_factor(in_unit(setting)))
        except OverflowError:
            return None

    @staticmethod
    def _log_factor(setting: Setting) -> float:
        mu, exponent = dominance(setting)
        return exponent * log_contraction(mu / (b_start(setting) + rise(setting)))
