"""The sharpest certificate, for any step rule: C2'."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lrbench.theory.base import Certificate, Columns, Hypothesis, Numbers, Setting
from lrbench.theory.conditions import convex, minimiser, smooth_unconstrained, unbiased


class C2Regret(Certificate):
    """C2': the average iterate, by the linear regret of the run.

    Convexity alone gives F(xbar_T) - F* <= (1/T) sum <g_t, x_t - x*>, whatever the steps. For full
    batches of a smooth unconstrained objective every term gains a_t/(2L). There the gradient at the
    computed minimiser is at most sqrt(2 L e) with e the error of f_star, and its part is added.

    Notes
    -----
    Without a projection 2 sum <g_t, x_t - x*> = sum s_t (delta_t - delta_{t+1}) + sum a_t/s_t: the
    certificate tests the update, convexity and f_star at once.
    """

    key = "C2'"
    statement = "F(xbar_T) - F* <= sum <g_t, x_t - x*> / T   (SU, batch: less sum a_t / (2LT))"
    measure = "suboptimality"
    iterate = "average"
    reference = "proved in docs/explanation/theory.md"
    sharpness = "tight"
    rests_on_L = False
    columns = ("regret", "sum_grad_norm_sq")

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return convexity, a minimiser, and unbiased gradients."""
        return (convex(setting), minimiser(setting), unbiased(setting))

    def certify(self, setting: Setting, T: Numbers, trace: Columns) -> Numbers:
        """Return the bound; the smooth part only where L is a bound for certain."""
        constants = setting.constants
        plain = trace["regret"] / T
        if not (setting.batch and constants.L_is_bound and smooth_unconstrained(setting).holds):
            return plain
        mean_sq, L = trace["sum_grad_norm_sq"] / T, constants.L
        at_computed = np.sqrt(2.0 * constants.f_star_error * mean_sq / L)
        return np.minimum(plain, plain - mean_sq / (2.0 * L) + at_computed)
