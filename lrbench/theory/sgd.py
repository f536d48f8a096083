"""The (stochastic) subgradient method: constant steps (C4, SGD1 to SGD3) and falling ones (SGD4).

Full batches of a smooth objective with a constant step are gradient descent, with sharper bounds:
see `lrbench.theory.constant_step`.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from lrbench.theory.base import (
    ROUGH_STEPS,
    APriori,
    Certificate,
    Hypothesis,
    Numbers,
    Order,
    Setting,
    TraceColumns,
)
from lrbench.theory.conditions import (
    bounded_gradients,
    convex,
    in_ball,
    minibatches,
    minimiser,
    smooth_terms,
    smooth_unconstrained,
    smoothness_obstacle,
    unbiased,
)
from lrbench.theory.quantities import (
    distance,
    iterate_diameter,
    lipschitz,
    noise_at_minimiser,
)


def rough_steps(setting: Setting) -> Hypothesis:
    """Check that it is not gradient descent on a smooth objective, whose bounds are sharper."""
    smooth = setting.batch and setting.smooth
    detail = "smooth, full batches: see GD" if smooth else "not both smooth and full batches"
    return Hypothesis(ROUGH_STEPS, not smooth, detail)


def double_step(setting: Setting) -> Fraction:
    """Return 2 lr0 L_B without rounding, because its difference from 1 divides the bound.

    L_B = L_max/B + (1 - 1/B) L is L_max for single samples and near L for large batches.
    """
    L, L_max, B = setting.constants.L, setting.constants.L_max, setting.batch_size
    return 2 * Fraction(setting.lr0) * (Fraction(L_max) + (B - 1) * Fraction(L)) / B


def step_below_half(setting: Setting) -> Hypothesis:
    """Check lr0 < 1/(2 L_B)."""
    if not math.isfinite(setting.constants.L_max + setting.constants.L):
        return Hypothesis("2 lr0 L_B < 1", False, smoothness_obstacle(setting))
    h = double_step(setting)
    sign = "<" if h < 1 else ">="
    return Hypothesis("2 lr0 L_B < 1", h < 1, f"2 lr0 L_B = {float(h):.3g} {sign} 1")


class C4FixedSteps(Certificate):
    """C4: the average iterate of a constant step, by the gradient norms; a projection is allowed.

    Proof idea: delta_{t+1} <= delta_t - 2 lr0 <g_t, x_t - x*> + lr0^2 a_t; sum and convexity. It is
    false for steps that depend on the gradients. In expectation for minibatches.

    Notes
    -----
    It holds whatever the step, so that a run that overflows does not violate it. Full batches of a
    smooth objective are left to the bounds GD, which state from which lr0 on nothing is proved.
    """

    key = "C4"
    statement = "F(xbar_T) - F* <= (D_0^2 + lr0^2 sum a_t) / (2 lr0 T)"
    measure = "suboptimality"
    iterate = "average"
    reference = "proved in docs/explanation/theory.md"
    sharpness = "tight"
    rests_on_L = False
    pathwise = True
    any_steps = True
    columns = ("sum_grad_norm_sq",)
    conditions = (rough_steps, convex, minimiser, unbiased)

    def certify(self, setting: Setting, T: Numbers, trace: TraceColumns) -> Numbers:
        """Return (D_0^2 + lr0^2 sum a_t) / (2 lr0 T)."""
        lr0, D_0 = setting.lr0, distance(setting)
        return (D_0 * D_0 / lr0 + lr0 * trace["sum_grad_norm_sq"]) / (2.0 * T)


class SGD1Average(APriori):
    """SGD1: the average iterate with bounded gradients; a projection is allowed.

    Proof idea: E delta_{t+1} <= E delta_t - 2 lr0 E (F(x_t) - F*) + lr0^2 G^2; sum.
    """

    key = "SGD1"
    statement = "E F(xbar_T) - F* <= D_0^2 / (2 lr0 T) + lr0 G^2 / 2"
    measure = "suboptimality"
    iterate = "average"
    exponents = (("lr0", 1.0),)
    reference = "proved in docs/explanation/theory.md"
    sharpness = "tight"
    rests_on_L = False
    pathwise = True
    conditions = (convex, minimiser, unbiased, bounded_gradients)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return D_0^2 / (2 lr0 T) + lr0 G^2 / 2."""
        D_0, G, lr0 = distance(setting), lipschitz(setting), setting.lr0
        return D_0 * D_0 / (2.0 * lr0 * T) + lr0 * G * G / 2.0


class SGD2LastIterate(APriori):
    """SGD2: the last iterate with bounded gradients; a projection is allowed.

    Proof idea: the averages over the last k + 1 iterates are compared with F(x_{T-k}), for k = 1 to
    T. The harmonic number H_T is bounded by ln T + gamma + 1/(2T).
    """

    key = "SGD2"
    statement = "E F(x_T) - F* <= D_0^2 / (2 lr0 (T+1)) + (lr0 G^2/2)(1 + H_T)"
    measure = "suboptimality"
    iterate = "last"
    exponents = (("lr0", 1.0),)
    reference = "proved in docs/explanation/theory.md; cf. Shamir, Zhang (ICML 2013)"
    cite = ("shamir2013",)
    rests_on_L = False
    conditions = (convex, minimiser, unbiased, bounded_gradients)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return D_0^2 / (2 lr0 (T+1)) + (lr0 G^2/2)(1 + H_T)."""
        D_0, G, lr0 = distance(setting), lipschitz(setting), setting.lr0
        harmonic = np.log(T) + np.euler_gamma + 0.5 / T
        return D_0 * D_0 / (2.0 * lr0 * (T + 1.0)) + lr0 * G * G / 2.0 * (1.0 + harmonic)


class SGD3SmoothTerms(APriori):
    """SGD3: the average iterate where every term is convex and smooth.

    Proof idea: E a_t <= 4 L_B (F(x_t) - F*) + 2 noise with L_B = L_max/B + (1 - 1/B) L; sum.
    """

    key = "SGD3"
    statement = "E F(xbar_T) - F* <= (D_0^2/(2 lr0 T) + lr0 noise) / (1 - 2 lr0 L_B)"
    measure = "suboptimality"
    iterate = "average"
    reference = "Garrigos, Gower, arXiv:2301.11235; the minibatch constant is proved in the docs"
    cite = ("garrigos2023",)
    conditions = (
        minibatches,
        unbiased,
        smooth_unconstrained,
        smooth_terms,
        convex,
        minimiser,
        step_below_half,
    )

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return (D_0^2/(2 lr0 T) + lr0 noise) / (1 - 2 lr0 L_B)."""
        D_0, lr0 = distance(setting), setting.lr0
        denominator = float(1 - double_step(setting))
        return (D_0 * D_0 / (2.0 * lr0 * T) + lr0 * noise_at_minimiser(setting)) / denominator


class SGD4Average(APriori):
    """SGD4: the uniform average, smooth or not, in a ball; in expectation for minibatches.

    Proof idea: s_t = sqrt(t+1)/lr0 increases, so that summation by parts leaves D^2 s_{T-1} of the
    distances; sum_(t<T) 1/sqrt(t+1) <= 2 sqrt(T) - 1.
    """

    key = "SGD4"
    statement = "E F(xbar_T) - F* <= [D^2 sqrt(T)/(2 lr0) + lr0 G^2 (sqrt(T) - 1/2)] / T"
    measure = "suboptimality"
    iterate = "average"
    exponents = (("lr0", 1.0),)
    rate = Order("power", -0.5)
    reference = "Zinkevich (ICML 2003), Theorem 1"
    cite = ("zinkevich2003",)
    rests_on_L = False
    pathwise = True
    conditions = (convex, minimiser, unbiased, bounded_gradients, in_ball)

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return [D^2 sqrt(T)/(2 lr0) + lr0 G^2 (sqrt(T) - 1/2)] / T."""
        D, G, lr0, root = iterate_diameter(setting), lipschitz(setting), setting.lr0, np.sqrt(T)
        return (D * D * root / (2.0 * lr0) + lr0 * G * G * (root - 0.5)) / T
