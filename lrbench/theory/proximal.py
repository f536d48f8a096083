"""The proximal gradient method and its accelerated form: ISTA and FISTA."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lrbench.theory.base import APriori, Conditions, Hypothesis, Numbers, Order, Setting
from lrbench.theory.conditions import (
    convex,
    full_batches,
    minimiser,
    no_ball_beside_prox,
    smooth_loss,
    strongly_convex,
)
from lrbench.theory.constant_step import stable
from lrbench.theory.quantities import distance

COMPOSITE = (full_batches, smooth_loss, no_ball_beside_prox, convex, minimiser, stable)
"""F = f + R: f convex and L-smooth, the prox of R, full batches, and lr0 <= 1/L."""


def not_restarted(setting: Setting) -> Hypothesis:
    """Check that the momentum is never reset: restarts are a heuristic without a proof."""
    restart = str(setting.params.get("restart", "none"))
    return Hypothesis("no restart", restart == "none", f"restart = {restart}")


class ISTALastIterate(APriori):
    """ISTA: the last iterate of a smooth loss with any convex penalty that has a prox.

    Proof idea: with delta_t = |x_t - u|^2, a step of at most 1/L gives
    F(x_{t+1}) - F(u) <= (delta_t - delta_{t+1})/(2 lr0) for every u. Sum over t with u = x*; F(x_t)
    does not increase, as u = x_t shows.
    """

    gradient_steps = False
    key = "ISTA"
    statement = "F(x_T) - F* <= D_0^2 / (2 lr0 T),  lr0 <= 1/L"
    measure = "suboptimality"
    iterate = "last"
    rate = Order("power", -1.0)
    reference = "Beck, Teboulle (2009), Theorem 3.1"
    cite = ("beck2009",)
    conditions = COMPOSITE

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return D_0^2 / (2 lr0 T)."""
        D_0 = distance(setting)
        return D_0 * D_0 / (2.0 * setting.lr0 * T)


class ISTAStronglyConvex(APriori):
    """ISTA-mu: the last iterate where F is strongly convex, by the loss, the penalty or both.

    Proof idea: as for ISTA, but the strong convexity of F is kept: with r = 1 + mu lr0 the sum of
    r^t (F(x_t) - F*) is at most r D_0^2/(2 lr0). As mu tends to 0 this is ISTA.
    """

    gradient_steps = False
    key = "ISTA-mu"
    statement = "F(x_T) - F* <= (mu D_0^2/2) / ((1 + mu lr0)^T - 1),  lr0 <= 1/L"
    measure = "suboptimality"
    iterate = "last"
    reference = "proved in docs/explanation/theory.md"
    conditions = (*COMPOSITE, strongly_convex)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return (mu D_0^2/2) / ((1 + mu lr0)^T - 1)."""
        D_0, mu = distance(setting), setting.constants.mu
        # The power overflows to inf after many steps; the quotient is then 0, its limit.
        with np.errstate(over="ignore"):
            growth: Numbers = np.expm1(T * np.log1p(mu * setting.lr0))
        return mu * D_0 * D_0 / 2.0 / growth

    def order(self, setting: Setting) -> Order:
        """Return the linear rate -log(1 + mu lr0)."""
        return Order("linear", -float(np.log1p(setting.constants.mu * setting.lr0)))


class FISTALastIterate(APriori):
    """FISTA: the prox point x_T, without restarts.

    Proof idea: as for ISTA from y_t, with u = (1 - 1/theta_t) x_t + x*/theta_t, times theta_t^2.
    The sum telescopes because theta_t^2 - theta_t = theta_{t-1}^2; and theta_{T-1} >= (T + 1)/2.
    """

    gradient_steps = False
    key = "FISTA"
    statement = "F(x_T) - F* <= 2 D_0^2 / (lr0 (T+1)^2),  lr0 <= 1/L"
    measure = "suboptimality"
    iterate = "last"
    rate = Order("power", -2.0)
    reference = "Beck, Teboulle (2009), Theorem 4.4"
    cite: ClassVar[tuple[str, ...]] = ("beck2009",)
    conditions: ClassVar[Conditions] = (*COMPOSITE, not_restarted)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return 2 D_0^2 / (lr0 (T+1)^2)."""
        D_0 = distance(setting)
        return 2.0 * D_0 * D_0 / (setting.lr0 * np.square(T + 1.0))
