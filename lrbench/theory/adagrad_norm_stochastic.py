"""A-priori bounds for AdaGrad-Norm with bounded gradients in a ball: A3 and A4."""

from __future__ import annotations

import numpy as np

from lrbench.theory.adagrad_norm import b_start, eta_of
from lrbench.theory.base import APriori, Numbers, Order, Setting
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


class A3Average(APriori):
    """A3: the average iterate, smooth or not, in a ball; in expectation for minibatches.

    Proof idea: C3b with b_T <= S.
    """

    key = "A3"
    statement = "E F(xbar_T) - F* <= [D^2 S/(2 eta) + eta (S - b_0)] / T,  S^2 = b_0^2 + G^2 T"
    measure = "suboptimality"
    iterate = "average"
    exponents = (("lr0", 0.0), ("eta", 1.0))
    rate = Order("power", -0.5)
    reference = "proved in docs/explanation/theory.md"
    rests_on_L = False
    pathwise = True
    conditions = (convex, minimiser, unbiased, bounded_gradients, in_ball)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return [D^2 S/(2 eta) + eta (S - b_0)] / T, with S - b_0 = G^2 T / (S + b_0)."""
        b_0, eta, D = b_start(setting), eta_of(setting), iterate_diameter(setting)
        sum_sq = lipschitz(setting) ** 2 * T
        S = np.sqrt(b_0 * b_0 + sum_sq)
        return (D * D / (2.0 * eta) * S + eta * sum_sq / (S + b_0)) / T


class A4NoiseAdaptive(APriori):
    """A4: the average iterate where every term is smooth: as fast as the noise allows.

    Proof idea: with C = D^2/(2 eta) + eta, S = E sum (F(x_t) - F*) <= C E b_T and E a_t <= 4 L_max
    (F(x_t) - F*) + 2 noise; Jensen, and S^2 <= alpha S + beta.
    """

    key = "A4"
    statement = "E F(xbar_T) - F* <= [4 L_max C^2 + C sqrt(b_0^2 + 2 noise T)] / T"
    measure = "suboptimality"
    iterate = "average"
    exponents = (("lr0", 0.0), ("eta", 2.0))
    reference = "proved in docs/explanation/theory.md"
    # No G: the noise at the minimiser and L_max bound the gradients in expectation.
    conditions = (convex, minimiser, unbiased, in_ball, smooth_terms)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return [4 L_max C^2 + C sqrt(b_0^2 + 2 noise T)] / T."""
        b_0, eta, D = b_start(setting), eta_of(setting), iterate_diameter(setting)
        C = D * D / (2.0 * eta) + eta
        root = np.sqrt(b_0 * b_0 + 2.0 * noise_at_minimiser(setting) * T)
        return (4.0 * sampled_smoothness(setting) * C * C + C * root) / T

    def order(self, setting: Setting) -> Order:
        """Return 1/T where the noise at the minimiser is 0 to the floor of F, else 1/sqrt(T)."""
        return Order("power", -1.0 if is_noiseless(setting) else -0.5)
