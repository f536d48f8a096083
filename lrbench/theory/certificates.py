"""Certificates for any step rule with steps 1/s_t: C2' for the average, C5 and C6 for the last."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lrbench.theory.base import Certificate, Hypothesis, Numbers, Setting, TraceColumns
from lrbench.theory.conditions import (
    convex,
    full_batches,
    gradient_dominated,
    minimiser,
    smooth_unconstrained,
    unbiased,
)
from lrbench.theory.quantities import delta0, dominance


class C2Regret(Certificate):
    """C2': the average iterate, by the linear regret of the run.

    Convexity alone gives F(xbar_T) - F* <= (1/T) sum <g_t, x_t - x*>, whatever the steps. For full
    batches of a smooth unconstrained objective every term gains a_t/(2L). The gradient at the
    computed minimiser is then not exactly 0, but at most sqrt(2 L e) with e the error of f_star;
    what this may cost is added.

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
    pathwise = True
    any_steps = True
    columns = ("regret", "sum_grad_norm_sq")
    conditions = (convex, minimiser, unbiased)

    def certify(self, setting: Setting, T: Numbers, trace: TraceColumns) -> Numbers:
        """Return the bound; the term in L is used only where L is certainly an upper bound."""
        constants = setting.constants
        mean_regret = trace["regret"] / T
        if not (setting.batch and constants.L_is_bound and smooth_unconstrained(setting).holds):
            return mean_regret
        mean_sq, L = trace["sum_grad_norm_sq"] / T, constants.L
        correction = np.sqrt(2.0 * constants.f_star_error * mean_sq / L)
        # Where f_star is rough, the correction may exceed the gain.
        return np.minimum(mean_regret, mean_regret - mean_sq / (2.0 * L) + correction)


class C5Contraction(Certificate):
    """C5: the product of the contractions of the single steps, where s_0 >= L.

    Each step with s >= L contracts F - F* by (1 - mu/s)^2 under strong convexity, and by 1 - mu/s
    under the Polyak-Lojasiewicz inequality alone.

    Parameters
    ----------
    stable
        The solver's check of s_0 >= L.
    """

    key = "C5"
    statement = "F(x_T) - F* <= Delta_0 prod_(t<T) (1 - mu/s_t)^2   (PL only: exponent 1)"
    measure = "suboptimality"
    iterate = "last"
    reference = "one step: Taylor, Hendrickx, Glineur (2018), J. Optim. Theory Appl. 178"
    cite = ("taylor2018",)
    columns = ("stable_from", "log_contraction")
    conditions = (full_batches, smooth_unconstrained, minimiser, gradient_dominated)

    def __init__(self, stable: Callable[[Setting], Hypothesis]) -> None:
        self._stable = stable

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return the conditions, and the solver's s_0 >= L."""
        return (*super().hypotheses(setting), self._stable(setting))

    def certify(self, setting: Setting, T: Numbers, trace: TraceColumns) -> Numbers:
        """Return Delta_0 prod (1 - mu/s_t)^2; NaN unless every step was at most 1/L."""
        del T
        _, exponent = dominance(setting)
        # A step above 1/L may make 1 - mu/s_t negative and its logarithm NaN; without s_t >= L the
        # product proves nothing anyway.
        always = trace["stable_from"] == 0
        logs = np.where(always, trace["log_contraction"], np.nan)
        bound: Numbers = delta0(setting) * np.exp(exponent * logs)
        return bound


class C6LastIterate(Certificate):
    """C6: the last iterate, from the first step N from which on every step is at most 1/L.

    Proof idea: a weighted sum of interpolation inequalities leaves a graph Laplacian. Constant
    steps give the bound of Drori and Teboulle (2014).

    Parameters
    ----------
    stable
        A check of s_0 >= L for a solver whose first step is its longest; None for a solver that
        may have steps above 1/L until a later N.
    """

    key = "C6"
    statement = "F(x_T) - F* <= |x_N - x*|^2 / (4 sum_(N<=t<T) 1/s_t + 2/L)"
    measure = "suboptimality"
    iterate = "last"
    reference = "proved in docs/explanation/theory.md"
    sharpness = "tight"
    silent = "lr has not come down to 1/L"
    columns = ("stable_from", "stable_distance", "stable_sum_lr")
    conditions = (full_batches, smooth_unconstrained, convex, minimiser)

    def __init__(self, stable: Callable[[Setting], Hypothesis] | None = None) -> None:
        self._stable = stable

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return the conditions, and s_0 >= L where the solver has a check of it."""
        hypotheses = super().hypotheses(setting)
        return hypotheses if self._stable is None else (*hypotheses, self._stable(setting))

    def certify(self, setting: Setting, T: Numbers, trace: TraceColumns) -> Numbers:
        """Return the bound; NaN while no step was at most 1/L."""
        del T
        constants = setting.constants
        D_N = trace["stable_distance"] + (constants.distance_error or 0.0)
        bound = D_N * D_N / (4.0 * trace["stable_sum_lr"] + 2.0 / constants.L)
        return np.where(np.isnan(trace["stable_from"]), np.nan, bound)
