"""Full batches with bounded subgradients and no ball: W7, A6 and SGD5.

Convexity alone keeps the iterates near x*: with F* known to within e,
delta_{t+1} <= delta_t + a_t/s_t^2 + 2e/s_t, and the sum of a_t/s_t^2 is at most a logarithm.
"""

from __future__ import annotations

import math

import numpy as np

from lrbench.theory import adagrad_norm, wngrad
from lrbench.theory.base import APriori, Numbers, Order, Setting
from lrbench.theory.conditions import bounded_gradients, convex, full_batches, minimiser
from lrbench.theory.quantities import distance, lipschitz
from lrbench.theory.wngrad_stochastic import ceiling, excess
from lrbench.theory.wngrad_unit import WNGradAPriori


class _Average(APriori):
    """The average iterate, full batches, a bound G on the subgradients; a projection is allowed."""

    measure = "suboptimality"
    iterate = "average"
    rate = Order("power", -0.5)  # the logarithm is left out
    reference = "proved in docs/explanation/theory.md"
    rests_on_L = False
    conditions = (full_batches, convex, minimiser, bounded_gradients)


class W7Average(wngrad.LinearInCurrent, WNGradAPriori, _Average):
    """W7: WNGrad without a ball; as W5 up to a logarithm.

    Proof idea: C2, with a_t/b_{t+1}^2 <= ln(b_{t+1}/b_t). The steps of lagged and raw-first that
    are longer than 1/b_{t+1} add a term of order (G/b_0)^2.
    """

    key = "W7"
    statement = "F(xbar_T) - F* <= ((D^2 + 1/c) B_T - b_0/c) / (2T),  D^2 = D_0^2 + ln(B_T/b_0)/c"

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return ((D^2 + 1) B_T - b_0) / (2T); raw-first adds a_0/b_0 to the numerator."""
        b_0, raw_first = wngrad.b_start(setting), wngrad.order_of(setting) == "raw-first"
        last = T - 1.0 if raw_first else T
        B, grown = ceiling(setting, last), excess(setting, last)
        raw_step = setting.constants.grad_norm_sq0 / b_0 if raw_first else 0.0
        numerator = self._farthest_sq(setting, T, B, grown) * B + grown + raw_step
        return numerator / (2.0 * T)

    @staticmethod
    def _farthest_sq(setting: Setting, T: Numbers, B: Numbers, grown: Numbers) -> Numbers:
        """Return D^2 >= delta_t for every t < T; `grown` is B - b_0."""
        order, b_0, G = wngrad.order_of(setting), wngrad.b_start(setting), lipschitz(setting)
        start = _start_sq(setting, T)
        if order == "lagged":
            ratio = G / b_0
            # Steps up to b = G add G/b_0 - 1, and the step that crosses G adds (G/b_0)^2; beyond
            # G, u = a_t/b_t^2 <= 1 and u <= log2(1 + u).
            below_G = ratio - 1.0 + ratio * ratio if ratio > 1.0 else 0.0
            logarithm = np.log1p(grown / b_0) if b_0 >= G else np.log(B / G)
            return start + below_G + logarithm / math.log(2.0)
        a_0 = setting.constants.grad_norm_sq0 if order == "raw-first" else 0.0
        return start + a_0 / b_0 / b_0 + np.log1p(grown / b_0)


class A6Average(_Average):
    """A6: AdaGrad-Norm without a ball; as A3 up to a logarithm.

    Proof idea: C3b, with a_t/b_{t+1}^2 <= 2 ln(b_{t+1}/b_t).
    """

    key = "A6"
    statement = (
        "F(xbar_T) - F* <= [D^2 S/(2 eta) + eta (S - b_0)] / T,  D^2 = D_0^2 + 2 eta^2 ln(S/b_0)"
    )
    exponents = (("lr0", 0.0), ("eta", 1.0))

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return [D^2 S/(2 eta) + eta (S - b_0)] / T with S^2 = b_0^2 + G^2 T."""
        b_0, eta = adagrad_norm.b_start(setting), adagrad_norm.eta_of(setting)
        sum_sq = lipschitz(setting) ** 2 * T
        S = np.sqrt(b_0 * b_0 + sum_sq)
        grown = sum_sq / (S + b_0)  # S - b_0
        farthest_sq = _start_sq(setting, T) + 2.0 * eta * eta * np.log1p(grown / b_0)
        return (farthest_sq * S / (2.0 * eta) + eta * grown) / T


class SGD5Average(_Average):
    """SGD5: steps lr0/sqrt(t+1) without a ball; as SGD4 up to a logarithm.

    Proof idea: SGD4, with sum_(t<T) 1/(t+1) <= 1 + ln T.
    """

    key = "SGD5"
    statement = "as SGD4 without a ball:  D^2 = D_0^2 + lr0^2 G^2 (1 + ln T)"
    exponents = (("lr0", 1.0),)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return [D^2 sqrt(T)/(2 lr0) + lr0 G^2 (sqrt(T) - 1/2)] / T."""
        G, lr0, root = lipschitz(setting), setting.lr0, np.sqrt(T)
        farthest_sq = _start_sq(setting, T) + np.square(lr0 * G) * (1.0 + np.log(T))
        regret: Numbers = farthest_sq * root / (2.0 * lr0) + lr0 * G * G * (root - 0.5)
        return regret / T


def _start_sq(setting: Setting, T: Numbers) -> Numbers:
    """Return D_0^2 + 2 e lr0 T: T steps may lead so much away from an x* with F(x*) <= F* + e."""
    D_0 = distance(setting)
    return D_0 * D_0 + 2.0 * setting.constants.f_star_error * setting.lr0 * T
