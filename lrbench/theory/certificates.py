"""Certificates for any rule with steps 1/s_t: C2' for the average, C5 to C7 for the last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lrbench.theory.base import (
    Certificate,
    Conditions,
    Hypothesis,
    Numbers,
    Setting,
    TraceColumns,
)
from lrbench.theory.conditions import (
    bounded_below,
    convex,
    full_batches,
    gradient_dominated,
    minimiser,
    minimiser_measured,
    smooth_unconstrained,
    unbiased,
)
from lrbench.theory.quantities import delta0, objective_rounding

StepCheck: TypeAlias = Callable[[Setting], Hypothesis]
"""A solver's check of the length of its steps."""


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

    gradient_steps = False
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
    """C5: the product of the factors by which the single steps contract F - F*.

    Under strong convexity it is max(1 - mu/s, L/s - 1)^2 for a step of any length, and 1 - mu/s
    under the Polyak-Lojasiewicz inequality alone, for s >= L.

    Notes
    -----
    Above 2/L the factor exceeds 1: the bound then grows, and falls once the steps are shorter.
    """

    key = "C5"
    statement = "F(x_T) - F* <= Delta_0 prod_(t<T) max(1 - mu/s_t, L/s_t - 1)^2   (PL: 1 - mu/s_t)"
    measure = "suboptimality"
    iterate = "last"
    reference = "one step: Taylor, Hendrickx, Glineur (2018), J. Optim. Theory Appl. 178"
    cite = ("taylor2018",)
    any_steps = True
    columns = ("stable_from", "log_contraction", "log_factor")
    conditions = (full_batches, smooth_unconstrained, minimiser, gradient_dominated)

    def __init__(self, stable: StepCheck, limit: StepCheck | None = None) -> None:
        """Store the checks of the solver's steps, which are no part of the theorem's text.

        Parameters
        ----------
        stable
            That of s_0 >= L, which is needed under PL alone.
        limit
            That under strong convexity for a solver whose steps never become shorter; None for no
            check.
        """
        self._stable = stable
        self._limit = limit

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return the conditions, and the solver's check of its steps where one is needed."""
        check = self._limit if setting.constants.mu > 0 else self._stable
        hypotheses = super().hypotheses(setting)
        return hypotheses if check is None else (*hypotheses, check(setting))

    def certify(self, setting: Setting, T: Numbers, trace: TraceColumns) -> Numbers:
        """Return Delta_0 times the product; under PL alone NaN unless every step was <= 1/L."""
        del T
        if setting.constants.mu > 0:
            logs = 2.0 * trace["log_factor"]
        else:
            logs = np.where(trace["stable_from"] == 0, trace["log_contraction"], np.nan)
        with np.errstate(over="ignore"):  # after many long steps it is inf
            bound: Numbers = delta0(setting) * np.exp(logs)
        return bound


class _ShortSteps(Certificate):
    """A certificate from the first step N from which on every step is at most 1.5/L.

    The steps may depend on the run and come in any order. Those before N may have any length, so
    that a run which they make overflow violates nothing.

    Parameters
    ----------
    short
        A check of s_0 >= 2L/3 for a solver whose steps never become shorter; None for a solver
        that may have steps above 1.5/L until a later N.
    """

    silent = "lr has not come down to 1.5/L"
    any_steps = True

    def __init__(self, short: StepCheck | None = None) -> None:
        self._short = short

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return the conditions, and s_0 >= 2L/3 where the solver has a check of it."""
        hypotheses = super().hypotheses(setting)
        return hypotheses if self._short is None else (*hypotheses, self._short(setting))


class C6LastIterate(_ShortSteps):
    """C6: the last iterate, from the first step N from which on every step is at most 1.5/L.

    Proof idea: a weighted sum of interpolation inequalities leaves a quadratic form whose rows sum
    to 0; elimination shows that every pivot is positive. Constant steps give the bound of Drori and
    Teboulle (2014) up to 1/L, and that of Kim (2024) up to 1.5/L.
    """

    key = "C6"
    statement = "F(x_T) - F* <= |x_N - x*|^2 / (4 sum_(N<=t<T) 1/s_t + 2/L)"
    measure = "suboptimality"
    iterate = "last"
    reference = (
        "proved in docs/explanation/theory.md; constant steps: Drori, Teboulle (2014) for h <= 1,"
        " Kim, arXiv:2412.04427"
    )
    cite = ("drori2014", "kim2024")
    sharpness = "tight"
    columns: ClassVar[tuple[str, ...]] = ("short_from", "short_distance", "short_sum_lr")
    conditions: ClassVar[Conditions] = (full_batches, smooth_unconstrained, convex, minimiser)

    def certify(self, setting: Setting, T: Numbers, trace: TraceColumns) -> Numbers:
        """Return the bound; NaN while no step was at most 1.5/L."""
        del T
        constants = setting.constants
        D_N = trace["short_distance"] + (constants.distance_error or 0.0)
        bound = D_N * D_N / (4.0 * trace["short_sum_lr"] + 2.0 / constants.L)
        return np.where(np.isnan(trace["short_from"]), np.nan, bound)


class C6Restarted(C6LastIterate):
    """C6': C6 restarted, from the best of all starts, N and every checkpoint c with N <= c < T.

    It is sharper than C6 but says less of the method, because it uses distances that were measured
    along the run. Near the minimiser they must be known to be distances from a minimiser: that the
    computed one is nearly optimal is not enough.
    """

    key = "C6'"
    statement = "F(x_T) - F* <= min_(N<=c<T) |x_c - x*|^2 / (4 sum_(c<=t<T) 1/s_t + 2/L)"
    columns = (*C6LastIterate.columns, "distance")
    conditions = (*C6LastIterate.conditions, minimiser_measured)

    def certify(self, setting: Setting, T: Numbers, trace: TraceColumns) -> Numbers:
        """Return the least bound over the starts; NaN while no step was at most 1.5/L."""
        bound = super().certify(setting, T, trace)
        N, L = trace["short_from"], setting.constants.L
        D = trace["distance"] + (setting.constants.distance_error or 0.0)
        for k in range(1, len(T)):
            starts = np.flatnonzero(N[:k] == N[k])
            sums = _sum_lr_since(starts, k, T, trace)
            bounds = D[starts] * D[starts] / (4.0 * sums + 2.0 / L)
            bound[k] = min(bound[k], bounds.min(initial=np.inf))
        return bound


class C7LastGradient(_ShortSteps):
    """C7: the gradient at the last iterate, from the first checkpoint c >= N on.

    N is that of C6; F is known at checkpoints only, and any c >= N will do. inf F need not be
    attained.

    Proof idea: the weights of C6 for the steps in reverse order, which is H-duality (Kim, Ozdaglar,
    Park, Ryu 2023), leave a form with the same pivots up to positive factors.
    """

    key = "C7"
    statement = "|grad F(x_T)|^2 <= 2L (F(x_c) - F*) / (1 + 2L sum_(c<=t<T) 1/s_t),  c >= N"
    measure = "grad_norm_sq"
    iterate = "last"
    reference = (
        "proved in docs/explanation/theory.md; by H-duality: Kim, Ozdaglar, Park, Ryu (2023),"
        " arXiv:2305.06628"
    )
    cite = ("kim2023",)
    sharpness = "tight"
    columns = ("short_from", "short_sum_lr", "suboptimality")
    conditions = (full_batches, smooth_unconstrained, convex, bounded_below)

    def certify(self, setting: Setting, T: Numbers, trace: TraceColumns) -> Numbers:
        """Return the bound; NaN while there is no checkpoint between N and T."""
        constants, N, rows = setting.constants, trace["short_from"], np.arange(len(T))
        c = np.searchsorted(T, N)  # behind the last row where N is NaN
        from_row, at_start = np.minimum(c, len(T) - 1), N == 0.0  # T = 0 is no row
        gap = np.where(at_start, constants.delta0, trace["suboptimality"][from_row])
        since_row = _sum_lr_since(from_row, rows, T, trace)
        S = np.where(at_start, trace["short_sum_lr"], since_row)
        gap = gap + constants.f_star_error + objective_rounding(setting, gap)
        bound = 2.0 * constants.L * gap / (1.0 + 2.0 * constants.L * S)
        return np.where(at_start | (c < rows), bound, np.nan)


def _sum_lr_since(
    starts: NDArray[np.intp], ends: NDArray[np.intp] | int, T: Numbers, trace: TraceColumns
) -> Numbers:
    """Return the sum of lr between the checkpoints of these rows, rounded down.

    The sums since N are subtracted from one another; a sum since N is 0 at N itself.
    """
    later, earlier = trace["short_sum_lr"][ends], trace["short_sum_lr"][starts]
    rounding = (T[ends] - T[starts]) * np.finfo(np.float64).eps * later
    return np.asarray(np.maximum(later - earlier - rounding, 0.0), dtype=np.float64)
