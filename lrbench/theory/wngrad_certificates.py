"""Certificates for WNGrad, computed from the trace of the run: C1 and C2."""

from __future__ import annotations

import numpy as np

from lrbench.theory.base import Numbers, Setting, TraceColumns
from lrbench.theory.conditions import convex, full_batches, minimiser, unbiased
from lrbench.theory.wngrad import b_start, order_of
from lrbench.theory.wngrad_unit import WNGradCertificate


class C1SmallestGradient(WNGradCertificate):
    """C1: the smallest gradient, a consistency check of the recursion of b for any sequence a_t.

    Proof idea: a_t = b_t i_t <= (b_{t+1}^2 - b_t^2)/2 with i_t = b_{t+1} - b_t; sum. The growth
    c_T = b_T - b_0 is accumulated on its own, because a difference of large numbers would lose its
    digits. Where F is not smooth, or constrained, g_t is the subgradient that was used, which need
    not become small.
    """

    key = "C1"
    statement = "min_(t<T) |g_t|^2 <= c_T (2 b_0 + c_T) / (2cT),  c_T = b_T - b_0"
    measure = "grad_norm_sq"
    consistency = True
    iterate = "min"
    reference = "proved in docs/explanation/theory.md"
    sharpness = "tight"
    rests_on_L = False
    any_steps = True
    columns = ("growth",)
    conditions = (full_batches,)

    def certify(self, setting: Setting, T: Numbers, trace: TraceColumns) -> Numbers:
        """Return the bound; raw-first divides by T - 1, as b does not grow in its first step."""
        steps = T - 1.0 if order_of(setting) == "raw-first" else T
        sum_sq = trace["growth"] * (2.0 * b_start(setting) + trace["growth"]) / 2.0
        bound: Numbers = np.divide(sum_sq, steps, out=np.full(T.shape, np.inf), where=steps > 0)
        return bound


class C2Average(WNGradCertificate):
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
    pathwise = True
    any_steps = True
    columns = ("distance_max", "lr", "growth", "sum_lr_grad_norm_sq")
    conditions = (convex, minimiser, unbiased)

    def certify(self, setting: Setting, T: Numbers, trace: TraceColumns) -> Numbers:
        """Return the bound; for raw-first sum a_t/s_t stands in the place of c_T."""
        # The first step of raw-first is longer than 1/b_1, so c_T does not bound sum a_t/s_t.
        raw_first = order_of(setting) == "raw-first"
        c_T = trace["sum_lr_grad_norm_sq"] if raw_first else trace["growth"]
        D_T = trace["distance_max"]
        return (D_T * D_T / trace["lr"] + c_T) / (2.0 * T)
