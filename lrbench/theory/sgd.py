"""The (stochastic) subgradient method with a constant step: SGD1 to SGD3."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lrbench.theory.base import APriori, Hypothesis, Numbers, Setting
from lrbench.theory.conditions import (
    bounded_gradients,
    convex,
    minibatches,
    minimiser,
    smooth_terms,
    smooth_unconstrained,
    smoothness_obstacle,
    unbiased,
)
from lrbench.theory.rounded import distance, lipschitz, noise_at_minimiser


class SGD1Average(APriori):
    """SGD1: the average iterate with bounded gradients; a projection is allowed.

    Proof idea: E delta_{t+1} <= E delta_t - 2 lr0 E (F(x_t) - F*) + lr0^2 G^2; sum.
    """

    key = "SGD1"
    statement = "E F(xbar_T) - F* <= D_0^2 / (2 lr0 T) + lr0 G^2 / 2"
    measure = "suboptimality"
    iterate = "average"
    reference = "proved in docs/explanation/theory.md"
    sharpness = "tight"
    rests_on_L = False

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return a minimiser, bounded and unbiased gradients."""
        return (
            convex(setting),
            minimiser(setting),
            unbiased(setting),
            bounded_gradients(setting),
        )

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return D_0^2 / (2 lr0 T) + lr0 G^2 / 2."""
        D_0, G, lr0 = distance(setting), lipschitz(setting), setting.lr0
        return D_0 * D_0 / (2.0 * lr0 * T) + lr0 * G * G / 2.0


class SGD2LastIterate(APriori):
    """SGD2: the last iterate with bounded gradients; a projection is allowed.

    Proof idea: averages over the last k + 1 iterates, with x_{T-k} as the comparator. The harmonic
    number H_T is bounded by ln T + gamma + 1/(2T).
    """

    key = "SGD2"
    statement = "E F(x_T) - F* <= D_0^2 / (2 lr0 (T+1)) + (lr0 G^2/2)(1 + H_T)"
    measure = "suboptimality"
    iterate = "last"
    reference = "proved in docs/explanation/theory.md; cf. Shamir, Zhang (ICML 2013)"
    cite = ("shamir2013",)
    rests_on_L = False

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return a minimiser, bounded and unbiased gradients."""
        return (
            convex(setting),
            minimiser(setting),
            unbiased(setting),
            bounded_gradients(setting),
        )

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

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return SU, smooth terms, independent minibatches, and lr0 < 1/(2 L_B)."""
        return (
            minibatches(setting),
            unbiased(setting),
            smooth_unconstrained(setting),
            smooth_terms(setting),
            convex(setting),
            minimiser(setting),
            _short(setting),
        )

    def formula(self, setting: Setting, T: Numbers) -> Numbers:
        """Return (D_0^2/(2 lr0 T) + lr0 noise) / (1 - 2 lr0 L_B)."""
        D_0, lr0 = distance(setting), setting.lr0
        left = 1.0 - 2.0 * lr0 * batch_smoothness(setting)
        return (D_0 * D_0 / (2.0 * lr0 * T) + lr0 * noise_at_minimiser(setting)) / left


def batch_smoothness(setting: Setting) -> float:
    """Return L_B = L_max/B + (1 - 1/B) L."""
    share = 1.0 / setting.batch_size
    return share * setting.constants.L_max + (1.0 - share) * setting.constants.L


def _short(setting: Setting) -> Hypothesis:
    if not math.isfinite(setting.constants.L_max):
        return Hypothesis("2 lr0 L_B < 1", False, smoothness_obstacle(setting))
    h = 2.0 * setting.lr0 * batch_smoothness(setting)
    sign = "<" if h < 1.0 else ">="
    return Hypothesis("2 lr0 L_B < 1", h < 1.0, f"2 lr0 L_B = {h:.3g} {sign} 1")
