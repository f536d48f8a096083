"""Certificates for WNGrad, computed from the run itself: C1 and C2."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lrbench.theory.base import Certificate, Columns, Hypothesis, Numbers, Setting
from lrbench.theory.conditions import convex, full_batches, minimiser, unbiased
from lrbench.theory.wngrad import b_start, order_of


class C1SmallestGradient(Certificate):
    """C1: a consistency check of the recursion of b; it holds for any sequence a_t.

    Proof idea: a_t = b_t i_t <= (b_{t+1}^2 - b_t^2)/2 with i_t = b_{t+1} - b_t; sum. The growth
    c_T = b_T - b_0 is accumulated on its own, because a difference of large numbers loses it. Where
    F is not smooth, or constrained, g_t is the subgradient used: it need not become small.
    """

    key = "C1"
    statement = "min_(t<T) |g_t|^2 <= c_T (2 b_0 + c_T) / (2T),  c_T = b_T - b_0"
    measure = "grad_norm_sq"
    consistency = True
    iterate = "min"
    reference = "proved in docs/explanation/theory.md"
    sharpness = "tight"
    rests_on_L = False
    columns = ("growth",)

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return full batches: no property of F is needed."""
        return (full_batches(setting),)

    def certify(self, setting: Setting, T: Numbers, trace: Columns) -> Numbers:
        """Return the bound; raw-first leaves the first gradient out, so T - 1 divides."""
        steps = T - 1.0 if order_of(setting) == "raw-first" else T
        total = trace["growth"] * (2.0 * b_start(setting) + trace["growth"]) / 2.0
        bound: Numbers = np.divide(total, steps, out=np.full(T.shape, np.inf), where=steps > 0)
        return bound


class C2Average(Certificate):
    """C2: the average iterate, by the farthest distance from x*; a projection is allowed.

    Proof idea: sum <g_t, x_t - x*> <= (1/2) sum s_t (delta_t - delta_{t+1}) + (1/2) sum a_t/s_t,
    Abel summation (s_t increases) and sum a_t/s_t <= c_T. In expectation for minibatches.
    """

    key = "C2"
    statement = "F(xbar_T) - F* <= (D_T^2 s_(T-1) + c_T) / (2T),  c_T = sum a_t/b_t"
    measure = "suboptimality"
    iterate = "average"
    reference = "proved in docs/explanation/theory.md"
    sharpness = "tight"
    rests_on_L = False
    columns = ("distance_max", "lr", "growth", "sum_lr_grad_norm_sq")

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return convexity, a minimiser, and unbiased gradients."""
        return (convex(setting), minimiser(setting), unbiased(setting))

    def certify(self, setting: Setting, T: Numbers, trace: Columns) -> Numbers:
        """Return the bound; for raw-first sum a_t/s_t stands in the place of c_T."""
        raw_first = order_of(setting) == "raw-first"
        last = trace["sum_lr_grad_norm_sq"] if raw_first else trace["growth"]
        far = trace["distance_max"]
        return (far * far / trace["lr"] + last) / (2.0 * T)
