"""The Poisson loss."""

from __future__ import annotations

import math

import numpy as np

from lrbench.arrays import PerSample, Scores
from lrbench.kernels.codes import LossCode
from lrbench.losses.base import Loss, column


class Poisson(Loss):
    r"""The negative log-likelihood of Poisson counts with the log link.

    .. math:: \varphi(z, y) = e^z - yz

    The term log y! of the likelihood is left out, because it does not depend on z.

    Notes
    -----
    It is convex and infinitely differentiable, but neither its derivative nor its second derivative
    e^z is bounded: there is no L and no G. Theorems that rest on L do not apply, those that rest on
    G apply only inside a ball, and the certificates that use neither (C2, C3b) apply always. No
    constant learning rate is safe from every start: a step that is too long makes e^z overflow, and
    the lane is reported as diverged.
    """

    name = "poisson"
    task = "count"
    code = LossCode.POISSON
    differentiable = True

    def value(self, Z: Scores, y: PerSample) -> Scores:
        """Return exp(Z) - y Z; inf beyond a score of 709."""
        out = _exp(Z)
        out -= Z * column(y, Z)
        return out

    def value_and_magnitude(self, Z: Scores, y: PerSample) -> tuple[Scores, Scores]:
        """Return the value and exp(Z) + |y Z|: near z = log y its two terms may cancel."""
        return self.value(Z, y), _exp(Z) + np.abs(Z * column(y, Z))

    def derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return exp(Z) - y."""
        out = _exp(Z)
        out -= column(y, Z)
        return out

    def second_derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return exp(Z)."""
        return _exp(Z)

    def conjugate(self, u: PerSample, y: PerSample) -> PerSample:
        """Return p log p - p with p = u + y >= 0; inf for p < 0."""
        p = u + y
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(p > 0.0, p * np.log(p) - p, 0.0)
        return np.where(p < 0.0, np.inf, value)

    def slopes(self, y: PerSample) -> tuple[PerSample, PerSample]:
        """Return -y and inf."""
        return -y, np.full_like(y, np.inf)

    def product_bound(self, u: PerSample, y: PerSample, excess: float) -> float:
        """Return the sum of |u_i| times bounds on |z_i|, or on (z_i)_+ where y_i = 0.

        The loss exceeds its infimum by y (e^s - 1 - s) with s = z - log y; for y = 0, by e^z.
        """
        at = np.where(y > 0.0, y, 1.0)
        from_middle = np.maximum(np.sqrt(2.0 * excess / at), 1.0 + excess / at)
        at_zero = max(0.0, math.log(excess)) if excess > 0.0 else 0.0
        bounds = np.where(y > 0.0, np.abs(np.log(at)) + from_middle, at_zero)
        return float(np.abs(u) @ bounds)


def _exp(Z: Scores) -> Scores:
    with np.errstate(over="ignore"):
        out: Scores = np.exp(Z)
    return out
