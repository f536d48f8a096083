"""Certificates for DoG and DoWG, on their own weighted averages."""

from __future__ import annotations

import numpy as np

from lrbench.theory.base import Certificate, Numbers, Setting, TraceColumns
from lrbench.theory.conditions import ROUNDED, convex, full_batches, minimiser


class _WeightedAverage(Certificate):
    """What both certificates share: the numerator, and the weights of the average.

    With d_t = |x_t - x*|, r_t the largest distance from x_0 until x_t, weights p_t = r_t (DoWG:
    r_t^2) and steps c p_t / q_t with q_t non-decreasing, 2 p_t <g_t, x_t - x*> <=
    (q_t/c)(d_t^2 - d_{t+1}^2) + c p_t^2 |g_t|^2 / q_t. Summation by parts leaves
    (q_{T-1}/c)(max d_t^2 - d_T^2) <= 4 r_T max d_t q_{T-1}/c of the first terms, and the others
    are at most 2 c r_T^2 q_{T-1}.

    Notes
    -----
    A step may be so short that rounding loses it: an iterate is known to 4 eps |x_t|, and this
    changes each d_t^2 - d_{t+1}^2 by at most 8 eps |x_t| max d_t. As r_T >= r_eps (1 + |x_0|), no
    iterate is longer than r_T (1 + 1/r_eps).
    """

    measure = "suboptimality"
    iterate = "output"
    rests_on_L = False
    any_steps = True
    conditions = (full_batches, convex, minimiser)

    def over_weights(
        self, setting: Setting, T: Numbers, trace: TraceColumns, q: Numbers
    ) -> Numbers:
        """Return r_T (2 d_T / c + c r_T) q / (the sum of the weights), with d_T rounded up."""
        r, r_eps = trace["r_bar"], float(setting.params.get("r_eps", 1e-6))
        c = float(setting.params.get("c", 1.0))
        d = np.maximum(trace["distance_max"], trace["distance"])
        d = d + (setting.constants.distance_error or 0.0)
        d = d * (1.0 + T * ROUNDED * (1.0 + 1.0 / r_eps))
        return r * (2.0 * d / c + c * r) * q / trace["weight"]


class DoGAverage(_WeightedAverage):
    """DOG: the average with weights r_t, by the distances of the run.

    The steps are c r_t / sqrt(G_t) with G_t = sum_(i<=t) |g_i|^2. A projection is allowed, and F
    need not be smooth.
    """

    key = "DOG"
    statement = "F(x_r) - F* <= r_T (2 d_T/c + c r_T) sqrt(sum a_t) / sum_(t<T) r_t"
    reference = "Ivgi, Hinder, Carmon (2023), section 3; proved in docs/explanation/theory.md"
    cite = ("ivgi2023",)
    columns = ("r_bar", "weight", "distance", "distance_max", "sum_grad_norm_sq")

    def certify(self, setting: Setting, T: Numbers, trace: TraceColumns) -> Numbers:
        """Return the bound; d_T is the largest distance from x* until x_T."""
        return self.over_weights(setting, T, trace, np.sqrt(trace["sum_grad_norm_sq"]))


class DoWGAverage(_WeightedAverage):
    """DOWG: the average with weights r_t^2, by the distances of the run.

    The steps are c r_t^2 / sqrt(v_t) with v_t = sum_(i<=t) r_i^2 |g_i|^2. A projection is
    allowed, and F need not be smooth.
    """

    key = "DOWG"
    statement = "F(x_r) - F* <= r_T (2 d_T/c + c r_T) sqrt(v_(T-1)) / sum_(t<T) r_t^2"
    reference = "Khaled, Mishchenko, Jin (2023), section 3; proved in docs/explanation/theory.md"
    cite = ("khaled2023",)
    columns = ("r_bar", "weight", "root", "distance", "distance_max")

    def certify(self, setting: Setting, T: Numbers, trace: TraceColumns) -> Numbers:
        """Return the bound; d_T is the largest distance from x* until x_T."""
        return self.over_weights(setting, T, trace, trace["root"])
