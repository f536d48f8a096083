"""Certificates for the last iterate, for any solver with steps 1/s_t: C5 and C6."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lrbench.theory.base import Certificate, Columns, Hypothesis, Numbers, Setting
from lrbench.theory.conditions import (
    convex,
    full_batches,
    gradient_dominated,
    minimiser,
    smooth_unconstrained,
)
from lrbench.theory.contraction import dominance
from lrbench.theory.rounded import delta0


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

    def __init__(self, stable: Callable[[Setting], Hypothesis]) -> None:
        self._stable = stable

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return SU, strong convexity or PL, and s_0 >= L."""
        return (
            full_batches(setting),
            smooth_unconstrained(setting),
            minimiser(setting),
            gradient_dominated(setting),
            self._stable(setting),
        )

    def certify(self, setting: Setting, T: Numbers, trace: Columns) -> Numbers:
        """Return Delta_0 prod (1 - mu/s_t)^2; NaN unless every step was at most 1/L."""
        del T
        _, exponent = dominance(setting)
        always = trace["stable_from"] == 0
        # Before the run is stable 1 - mu lr may be negative and its logarithm NaN.
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
        A check of s_0 >= L for a solver whose steps never change; None where N may come later.
    """

    key = "C6"
    statement = "F(x_T) - F* <= |x_N - x*|^2 / (4 sum_(N<=t<T) 1/s_t + 2/L)"
    measure = "suboptimality"
    iterate = "last"
    reference = "proved in docs/explanation/theory.md"
    sharpness = "tight"
    silent = "lr has not come down to 1/L"
    columns = ("stable_from", "stable_distance", "stable_sum_lr")

    def __init__(self, stable: Callable[[Setting], Hypothesis] | None = None) -> None:
        self._stable = stable

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return SU and a minimiser; s_0 >= L only where the steps never change."""
        shared = (
            full_batches(setting),
            smooth_unconstrained(setting),
            convex(setting),
            minimiser(setting),
        )
        return shared if self._stable is None else (*shared, self._stable(setting))

    def certify(self, setting: Setting, T: Numbers, trace: Columns) -> Numbers:
        """Return the bound; NaN while no step was at most 1/L."""
        del T
        constants = setting.constants
        D_N = trace["stable_distance"] + (constants.distance_error or 0.0)
        bound = D_N * D_N / (4.0 * trace["stable_sum_lr"] + 2.0 / constants.L)
        return np.where(np.isnan(trace["stable_from"]), np.nan, bound)
