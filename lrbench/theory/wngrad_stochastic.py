"""A-priori bounds for WNGrad with bounded gradients in a ball: W5 and W6."""

from __future__ import annotations

import numpy as np

from lrbench.theory.base import Numbers, Order, Setting
from lrbench.theory.conditions import (
    bounded_gradients,
    convex,
    in_ball,
    minimiser,
    smooth_terms,
    unbiased,
)
from lrbench.theory.quantities import (
    is_noiseless,
    iterate_diameter,
    lipschitz,
    noise_at_minimiser,
    sampled_smoothness,
)
from lrbench.theory.wngrad import b_start, order_of
from lrbench.theory.wngrad_unit import WNGradAPriori


def recursion_start(setting: Setting) -> float:
    """Return c_0: the recursion B <- B + G^2/B, started there, stays above b_t."""
    b_0, G = b_start(setting), lipschitz(setting)
    # z + G^2/z increases only for z >= G: a start below G takes its first step at once.
    return b_0 if b_0 >= G else b_0 + G * (G / b_0)


def ceiling(setting: Setting, T: Numbers) -> Numbers:
    """Return a bound on B_T, the recursion B <- B + G^2/B run T times from c_0, in closed form."""
    c_0 = recursion_start(setting)
    return np.sqrt(c_0 * c_0 + _growth(setting, T))


def excess(setting: Setting, T: Numbers) -> Numbers:
    """Return `ceiling` - b_0, without the cancellation of a difference where b grows little."""
    b_0, G = b_start(setting), lipschitz(setting)
    first = 0.0 if b_0 >= G else G * (G / b_0)  # c_0 - b_0
    squares = first * (2.0 * b_0 + first) + _growth(setting, T)
    return squares / (ceiling(setting, T) + b_0)


def _growth(setting: Setting, T: Numbers) -> Numbers:
    """Return the bound on B_T^2 - c_0^2."""
    c_0, G = recursion_start(setting), lipschitz(setting)
    growth, ratio = 2.0 * G * G * T, G / c_0
    tail = G * G * (ratio * ratio + 0.5 * np.log1p(growth / c_0 / c_0))
    return growth + np.where(T > 0, tail, 0.0)


def raw_step(setting: Setting) -> float:
    """Return what the raw first step may add to twice the regret: min(G^2/b_0, 2GD), or 0."""
    if order_of(setting) != "raw-first":
        return 0.0
    G = lipschitz(setting)
    return min(G * (G / b_start(setting)), 2.0 * G * iterate_diameter(setting))


class W5Average(WNGradAPriori):
    """W5: the average iterate, smooth or not, in a ball; in expectation for minibatches.

    Proof idea: C2 with b_t <= B_t. The first step of raw-first adds min(G^2/b_0, 2GD) and does not
    change b, so that b_T <= B_{T-1}.
    """

    key = "W5"
    statement = "E F(xbar_T) - F* <= ((D^2 + 1/c) B_T - b_0/c) / (2T),  B <- B + c G^2/B"
    measure = "suboptimality"
    iterate = "average"
    exponents = (("lr0", 1.0),)
    rate = Order("power", -0.5)
    reference = "proved in docs/explanation/theory.md"
    rests_on_L = False
    pathwise = True
    conditions = (convex, minimiser, unbiased, bounded_gradients, in_ball)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return ((D^2 + 1) B_T - b_0) / (2T)."""
        D = iterate_diameter(setting)
        last = T - 1.0 if order_of(setting) == "raw-first" else T
        grown = excess(setting, last)
        return (D * D * ceiling(setting, last) + grown + raw_step(setting)) / (2.0 * T)


class W6NoiseAdaptive(WNGradAPriori):
    """W6: the average iterate where every term is smooth: as fast as the noise allows.

    Proof idea: with C = (D^2 + 1)/2, S = E sum (F(x_t) - F*) <= C E b_T, b_T^2 <= c_0^2 +
    3 sum a_t, E a_t <= 4 L_max (F(x_t) - F*) + 2 noise, Jensen, and S^2 <= alpha S + beta.
    The first step of raw-first adds e = min(G^2/b_0, 2GD)/2 to S.
    """

    key = "W6"
    statement = "E F(xbar_T) - F* <= [12 L_max C^2 + C sqrt(c_0^2 + 6 c noise T)] / (cT)"
    measure = "suboptimality"
    iterate = "average"
    exponents = (("lr0", 1.0),)
    reference = "proved in docs/explanation/theory.md"
    conditions = (convex, minimiser, unbiased, bounded_gradients, in_ball, smooth_terms)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return the bound; the raw first step adds e to the sum and 12 L_max e under the root."""
        D, c_0, L_max = (
            iterate_diameter(setting),
            recursion_start(setting),
            sampled_smoothness(setting),
        )
        C, e = (D * D + 1.0) / 2.0, raw_step(setting) / 2.0
        root = np.sqrt(c_0 * c_0 + 12.0 * L_max * e + 6.0 * noise_at_minimiser(setting) * T)
        return (e + 12.0 * L_max * C * C + C * root) / T

    def order(self, setting: Setting) -> Order:
        """Return 1/T where the noise at the minimiser is 0 to the floor of F, else 1/sqrt(T)."""
        return Order("power", -1.0 if is_noiseless(setting) else -0.5)
