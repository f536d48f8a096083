"""The proximal gradient method and its accelerated form: ISTA and FISTA."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lrbench.theory.base import APriori, Hypothesis, Numbers, Order, Setting
from lrbench.theory.conditions import (
    convex,
    full_batches,
    minimiser,
    smooth_loss,
    strongly_convex,
    whole_prox,
)
from lrbench.theory.constant_step import stable
from lrbench.theory.rounded import distance


def composite_conditions(setting: Setting) -> Sequence[Hypothesis]:
    """Check F = f + R: f convex and L-smooth, the prox of R, full batches, and lr0 <= 1/L."""
    return (
        full_batches(setting),
        smooth_loss(setting),
        whole_prox(setting),
        convex(setting),
        minimiser(setting),
        stable(setting),
    )


def not_restarted(setting: Setting) -> Hypothesis:
    """Check that the momentum is never reset."""
    restart = str(setting.params.get("restart", "none"))
    return Hypothesis("no restart", restart == "none", f"restart = {restart}")


class ISTALastIterate(APriori):
    """ISTA: the last iterate of a smooth loss with any convex penalty that has a prox.

    Proof idea: a step of at most 1/L gives F(x_{t+1}) - F(u) <= (delta_t - delta_{t+1})/(2 lr0) for
    every u in the place of x*. Sum over t; F(x_t) does not increase, as u = x_t shows.
    """

    key = "ISTA"
    statement = "F(x_T) - F* <= D_0^2 / (2 lr0 T),  lr0 <= 1/L"
    measure = "suboptimality"
    iterate = "last"
    rate = Order("power", -1.0)
    reference = "Beck, Teboulle (2009), Theorem 3.1"
    cite = ("beck2009",)

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return a smooth part, the prox of the rest, a minimiser, and lr0 <= 1/L."""
        return composite_conditions(setting)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return D_0^2 / (2 lr0 T)."""
        D_0 = distance(setting)
        return D_0 * D_0 / (2.0 * setting.lr0 * T)


class ISTAStronglyConvex(APriori):
    """ISTA-mu: the last iterate where F is strongly convex, by the loss, the penalty or both.

    Proof idea: as ISTA, keeping the strong convexity of F: with r = 1 + mu lr0 the gaps weighted by
    r^t sum to at most r D_0^2/(2 lr0). As mu tends to 0 this is ISTA.
    """

    key = "ISTA-mu"
    statement = "F(x_T) - F* <= (mu D_0^2/2) / ((1 + mu lr0)^T - 1),  lr0 <= 1/L"
    measure = "suboptimality"
    iterate = "last"
    reference = "proved in docs/explanation/theory.md"

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return those of ISTA, and mu > 0."""
        return (*composite_conditions(setting), strongly_convex(setting))

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return (mu D_0^2/2) / ((1 + mu lr0)^T - 1)."""
        D_0, mu = distance(setting), setting.constants.mu
        # The power overflows to inf after many steps: the quotient is then 0 as it should be.
        with np.errstate(over="ignore"):
            growth: Numbers = np.expm1(T * np.log1p(mu * setting.lr0))
        return mu * D_0 * D_0 / 2.0 / growth

    def order(self, setting: Setting) -> Order:
        """Return the linear rate -log(1 + mu lr0)."""
        return Order("linear", -float(np.log1p(setting.constants.mu * setting.lr0)))


class FISTALastIterate(APriori):
    """FISTA: the prox point x_T, without restarts.

    Proof idea: as ISTA from y_t, with u = (1 - 1/t_t) x_t + x*/t_t, times t_t^2: the sum telescopes
    because t_t^2 - t_t = t_{t-1}^2; and t_T >= (T + 1)/2. Nothing is proved with restarts.
    """

    key = "FISTA"
    statement = "F(x_T) - F* <= 2 D_0^2 / (lr0 (T+1)^2),  lr0 <= 1/L"
    measure = "suboptimality"
    iterate = "last"
    rate = Order("power", -2.0)
    reference = "Beck, Teboulle (2009), Theorem 4.4"
    cite = ("beck2009",)

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return those of ISTA, and no restart."""
        return (*composite_conditions(setting), not_restarted(setting))

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return 2 D_0^2 / (lr0 (T+1)^2)."""
        D_0 = distance(setting)
        return 2.0 * D_0 * D_0 / (setting.lr0 * np.square(T + 1.0))
