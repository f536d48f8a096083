"""The (stochastic) subgradient method with steps lr0/sqrt(t+1): SGD4."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lrbench.theory.base import APriori, Hypothesis, Numbers, Order, Setting
from lrbench.theory.conditions import (
    bounded_gradients,
    convex,
    in_ball,
    minimiser,
    unbiased,
)
from lrbench.theory.rounded import iterate_diameter, lipschitz


class SGD4Average(APriori):
    """SGD4: the uniform average, smooth or not, in a ball; in expectation for minibatches.

    Proof idea: s_t = sqrt(t+1)/lr0 increases, so that summation by parts leaves D^2 s_{T-1} of the
    distances; sum_(t<T) 1/sqrt(t+1) <= 2 sqrt(T) - 1.
    """

    key = "SGD4"
    statement = "E F(xbar_T) - F* <= [D^2 sqrt(T)/(2 lr0) + lr0 G^2 (sqrt(T) - 1/2)] / T"
    measure = "suboptimality"
    iterate = "average"
    rate = Order("power", -0.5)
    reference = "Zinkevich (ICML 2003), Theorem 1"
    cite = ("zinkevich2003",)
    rests_on_L = False

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return a ball, bounded and unbiased gradients, a minimiser."""
        return (
            convex(setting),
            minimiser(setting),
            unbiased(setting),
            bounded_gradients(setting),
            in_ball(setting),
        )

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return [D^2 sqrt(T)/(2 lr0) + lr0 G^2 (sqrt(T) - 1/2)] / T."""
        D, G, lr0, root = iterate_diameter(setting), lipschitz(setting), setting.lr0, np.sqrt(T)
        return (D * D * root / (2.0 * lr0) + lr0 * G * G * (root - 0.5)) / T
