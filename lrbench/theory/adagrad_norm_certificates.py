"""Certificates for AdaGrad-Norm, computed from the run itself: C3a and C3b."""

from __future__ import annotations

from collections.abc import Sequence

from lrbench.theory.adagrad_norm import b_start, eta_of
from lrbench.theory.base import Certificate, Columns, Hypothesis, Numbers, Setting
from lrbench.theory.conditions import convex, full_batches, minimiser, unbiased


class C3aSmallestGradient(Certificate):
    """C3a: a consistency check: the least of the numbers is at most their mean.

    Where F is not smooth, or constrained, g_t is the subgradient used: it need not become small.
    """

    key = "C3a"
    statement = "min_(t<T) |g_t|^2 <= (b_T^2 - b_0^2) / T = sum a_t / T"
    measure = "grad_norm_sq"
    consistency = True
    iterate = "min"
    reference = "proved in docs/explanation/theory.md"
    sharpness = "tight"
    rests_on_L = False
    columns = ("sum_grad_norm_sq",)

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return full batches: no property of F is needed."""
        return (full_batches(setting),)

    def certify(self, setting: Setting, T: Numbers, trace: Columns) -> Numbers:
        """Return sum a_t / T."""
        del setting
        return trace["sum_grad_norm_sq"] / T


class C3bAverage(Certificate):
    """C3b: the average iterate, by the farthest distance from x*; a projection is allowed.

    Proof idea: as C2, with a_t/b_{t+1} <= 2 (b_{t+1} - b_t). In expectation for minibatches. The
    growth b_T - b_0 is computed as sum a_t / (b_T + b_0), which does not cancel.
    """

    key = "C3b"
    statement = "F(xbar_T) - F* <= (D_T^2 b_T / (2 eta) + eta (b_T - b_0)) / T"
    measure = "suboptimality"
    iterate = "average"
    reference = "proved in docs/explanation/theory.md"
    rests_on_L = False
    columns = ("distance_max", "b", "sum_grad_norm_sq")

    def hypotheses(self, setting: Setting) -> Sequence[Hypothesis]:
        """Return convexity, a minimiser, and unbiased gradients."""
        return (convex(setting), minimiser(setting), unbiased(setting))

    def certify(self, setting: Setting, T: Numbers, trace: Columns) -> Numbers:
        """Return (D_T^2 b_T / (2 eta) + eta (b_T - b_0)) / T."""
        eta, b, far = eta_of(setting), trace["b"], trace["distance_max"]
        growth = trace["sum_grad_norm_sq"] / (b + b_start(setting))
        return (far * far * b / (2.0 * eta) + eta * growth) / T
