"""Certificates for AdaGrad-Norm, computed from the trace of the run: C3a and C3b."""

from __future__ import annotations

from lrbench.theory.adagrad_norm import b_start, eta_of
from lrbench.theory.base import Certificate, Numbers, Setting, TraceColumns
from lrbench.theory.conditions import convex, full_batches, minimiser, unbiased


class C3aSmallestGradient(Certificate):
    """C3a: the smallest gradient, a consistency check: the least of the a_t is at most their mean.

    It needs no property of F. Where F is not smooth, or constrained, g_t is the subgradient that
    was used, which need not become small.
    """

    key = "C3a"
    statement = "min_(t<T) |g_t|^2 <= (b_T^2 - b_0^2) / T = sum a_t / T"
    measure = "grad_norm_sq"
    consistency = True
    iterate = "min"
    reference = "proved in docs/explanation/theory.md"
    sharpness = "tight"
    rests_on_L = False
    any_steps = True
    columns = ("sum_grad_norm_sq",)
    conditions = (full_batches,)

    def certify(self, setting: Setting, T: Numbers, trace: TraceColumns) -> Numbers:
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
    pathwise = True
    any_steps = True
    columns = ("distance_max", "b", "sum_grad_norm_sq")
    conditions = (convex, minimiser, unbiased)

    def certify(self, setting: Setting, T: Numbers, trace: TraceColumns) -> Numbers:
        """Return (D_T^2 b_T / (2 eta) + eta (b_T - b_0)) / T."""
        eta, b, D_T = eta_of(setting), trace["b"], trace["distance_max"]
        growth = trace["sum_grad_norm_sq"] / (b + b_start(setting))
        return (D_T * D_T * b / (2.0 * eta) + eta * growth) / T
