"""A-priori bounds for AdaGrad-Norm with full batches on a smooth objective: A1, A2, A2-WWB, A5."""

from __future__ import annotations

import math

import numpy as np

from lrbench.theory.adagrad_norm import (
    b_start,
    below_scale,
    ceiling,
    contracting,
    eta_of,
    farthest_sq,
    short,
)
from lrbench.theory.base import APriori, Numbers, Order, Setting
from lrbench.theory.conditions import (
    bounded_below,
    convex,
    full_batches,
    gradient_dominated,
    minimiser,
    smooth_unconstrained,
)
from lrbench.theory.quantities import delta0, distance, dominance, log_contraction, power


class A1Average(APriori):
    """A1: the average iterate.

    Proof idea: sum (f - f*) <= q b_T + eta (b_T - b_0) - (b_T^2 - b_0^2)/(2L) with q = D_max^2 /
    (2 eta); maximise over b_T.
    """

    key = "A1"
    statement = (
        "F(xbar_T) - F* <= [q b_0 + (L/2)(C - b_0/L)_+^2] / T,  q = D^2/(2 eta), C = q + eta"
    )
    measure = "suboptimality"
    iterate = "average"
    exponents = (("lr0", 0.0), ("eta", 2.0))
    rate = Order("power", -1.0)
    reference = "proved in docs/explanation/theory.md; cf. Liu, Nguyen, Ene, Nguyen (ICLR 2023)"
    cite = ("liu2023",)
    sharpness = "tight"
    conditions = (full_batches, smooth_unconstrained, convex, minimiser)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return [q b_0 + (L/2)(C - b_0/L)_+^2] / T."""
        b_0, eta, L = b_start(setting), eta_of(setting), setting.constants.L
        q = farthest_sq(setting) / (2.0 * eta)
        excess = max(q + below_scale(setting) / L, 0.0)  # C - b_0/L
        return (q * b_0 + L / 2.0 * excess * excess) / T


class A2SmallestGradient(APriori):
    """A2: the smallest gradient norm, convex or not.

    Proof idea: sum a_t = b_T^2 - b_0^2, and from s_t >= L on the descent lemma gives sum a_t <=
    2 E b_T; below, the objective rises by at most a logarithm of b_0.
    """

    key = "A2"
    statement = "min_(t<T) |grad F(x_t)|^2 <= (b_max^2 - b_0^2) / T"
    measure = "grad_norm_sq"
    iterate = "min"
    exponents = (("lr0", 0.0), ("eta", 2.0))
    rate = Order("power", -1.0)
    reference = "proved in docs/explanation/theory.md; cf. Ward, Wu, Bottou (2018), Theorem 2.2"
    cite = ("ward2020",)
    sharpness = "tight"
    # Neither convexity nor a minimiser is needed.
    conditions = (full_batches, smooth_unconstrained, bounded_below)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return (b_max^2 - b_0^2) / T."""
        return ceiling(setting)[1] / T


class A2Published(APriori):
    """A2-WWB: A2 with the published constants.

    The theorem tells after how many steps the smallest gradient is at most eps: N = 1 + C/eps, that
    is a bound C/(T - 1). It is never below A2, from which it follows.
    """

    key = "A2-WWB"
    statement = (
        "min_(t<T) |grad F(x_t)|^2 <= (4 E^2 + 2 b_0 E)/(T-1),  E = Delta_0/eta   (b_0 >= eta L)"
    )
    measure = "grad_norm_sq"
    iterate = "min"
    exponents = (("lr0", 0.0), ("eta", 2.0))
    rate = Order("power", -1.0)
    reference = "Ward, Wu, Bottou (2020), J. Mach. Learn. Res. 21, Theorem 2.2"
    cite = ("ward2020",)
    conditions = A2SmallestGradient.conditions

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return C/(T - 1); where b_0 < eta L, C is that of the theorem's second case."""
        b_0, E = b_start(setting), delta0(setting) / eta_of(setting)
        scale = eta_of(setting) * setting.constants.L
        C = 4.0 * E * E + 2.0 * b_0 * E
        if b_0 < scale:
            c = 1.0 + 2.0 * math.log(scale / b_0)
            rise = 2.0 * setting.constants.L * delta0(setting)
            C = rise + (2.0 * E + scale * c) ** 2 + scale * scale * (1.0 + c) - b_0 * b_0
        bound: Numbers = np.divide(C, T - 1.0, out=np.full(T.shape, np.inf), where=T > 1.0)
        return bound


class A5LastIterate(APriori):
    """A5: the last iterate, where even the first step is at most 1.5/L.

    Proof idea: C6 with s_t <= b_max / eta.
    """

    key = "A5"
    statement = "F(x_T) - F* <= D_0^2 / (4T eta/b_max + 2/L)"
    measure = "suboptimality"
    iterate = "last"
    exponents = (("lr0", 0.0),)
    rate = Order("power", -1.0)
    reference = "proved in docs/explanation/theory.md"
    conditions = (full_batches, smooth_unconstrained, convex, minimiser, short)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return D_0^2 / (4T eta/b_max + 2/L)."""
        D_0, s_max = distance(setting), ceiling(setting)[0] / eta_of(setting)
        return D_0 * D_0 / (4.0 * T / s_max + 2.0 / setting.constants.L)


class A5LinearRate(APriori):
    """A5-mu: the last iterate under strong convexity, or under PL with half the exponent.

    Proof idea: C5 with s_t <= b_max / eta.
    """

    key = "A5-mu"
    statement = "F(x_T) - F* <= Delta_0 (1 - mu eta/b_max)^(2T)   (PL only: exponent T)"
    measure = "suboptimality"
    iterate = "last"
    reference = "proved in docs/explanation/theory.md"
    conditions = (full_batches, smooth_unconstrained, minimiser, gradient_dominated, contracting)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return Delta_0 (1 - mu eta/b_max)^(2T)."""
        return delta0(setting) * power(self._log_factor(setting), T)

    def order(self, setting: Setting) -> Order:
        """Return the linear rate 2 log(1 - mu eta/b_max)."""
        return Order("linear", self._log_factor(setting))

    @staticmethod
    def _log_factor(setting: Setting) -> float:
        mu, exponent = dominance(setting)
        return exponent * log_contraction(mu * eta_of(setting) / ceiling(setting)[0])
