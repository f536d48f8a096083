"""Nesterov's accelerated gradient method, and schedule-free SGD."""

from __future__ import annotations

from typing import ClassVar

from lrbench.theory.base import APriori, Conditions, Numbers, Setting
from lrbench.theory.conditions import (
    bounded_gradients,
    convex,
    full_batches,
    minimiser,
    smooth_unconstrained,
    unbiased,
)
from lrbench.theory.constant_step import stable
from lrbench.theory.proximal import FISTALastIterate
from lrbench.theory.quantities import distance, lipschitz


class NesterovLastIterate(FISTALastIterate):
    """NAG: the last iterate of Nesterov's method; it is FISTA on F itself, without a prox."""

    key = "NAG"
    reference = "Beck, Teboulle (2009), Theorem 4.4; the method: Nesterov (1983)"
    cite: ClassVar[tuple[str, ...]] = ("beck2009", "nesterov1983")
    conditions: ClassVar[Conditions] = (
        full_batches,
        smooth_unconstrained,
        convex,
        minimiser,
        stable,
    )


class ScheduleFreeAverage(APriori):
    """SF: the answer of schedule-free SGD with bounded gradients; a projection is allowed.

    Proof idea: for every beta, (T+1)(F(x_T) - F*) is at most the sum of <g_t, w_t - x*> over
    t = 0, ..., T in expectation, and that is the regret of constant steps. The last of these
    gradients, at y_T, is used by no step, but its bound G counts.
    """

    gradient_steps = False
    key = "SF"
    statement = "E F(x_T) - F* <= D_0^2 / (2 lr0 (T+1)) + lr0 G^2 / 2"
    measure = "suboptimality"
    iterate = "output"
    reference = (
        "Defazio, Yang, Mehta, Mishchenko, Khaled, Cutkosky (2024), Theorems 1 and 2; proved in"
        " docs/explanation/theory.md"
    )
    cite = ("defazio2024",)
    sharpness = "tight"
    rests_on_L = False
    conditions = (convex, minimiser, unbiased, bounded_gradients)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return D_0^2 / (2 lr0 (T+1)) + lr0 G^2 / 2."""
        D_0, G, lr0 = distance(setting), lipschitz(setting), setting.lr0
        return D_0 * D_0 / (2.0 * lr0 * (T + 1.0)) + lr0 * G * G / 2.0
