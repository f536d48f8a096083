"""The squared hinge loss."""

from __future__ import annotations

import math

import numpy as np

from lrbench.arrays import PerSample, Scores
from lrbench.kernels.codes import LossCode
from lrbench.losses.base import Loss, column
from lrbench.losses.pieces import Pieces, margin_kink


class SquaredHinge(Loss):
    r"""The squared hinge loss, labels -1 and +1.

    .. math:: \varphi(z, y) = \tfrac12 (1 - yz)_+^2

    Notes
    -----
    It is smooth, but its second derivative jumps at yz = 1. Its derivative is unbounded, so that
    bounds which need G hold only inside a ball. Other libraries leave out the factor 1/2.
    """

    name = "squared-hinge"
    task = "binary"
    code = LossCode.SQUARED_HINGE
    margin = True
    smoothness = 1.0

    def value(self, Z: Scores, y: PerSample) -> Scores:
        """Return (1 - y Z)_+^2 / 2."""
        out = 1.0 - Z * column(y, Z)
        np.maximum(out, 0.0, out=out)
        out *= out
        out *= 0.5
        return out

    def derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return -y (1 - y Z)_+."""
        target = column(y, Z)
        out = 1.0 - Z * target
        np.maximum(out, 0.0, out=out)
        out *= -target
        return out

    def second_derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return 1 where y Z < 1, else 0."""
        return np.where(Z * column(y, Z) < 1.0, 1.0, 0.0)

    def conjugate(self, u: PerSample, y: PerSample) -> PerSample:
        """Return p + p^2 / 2 with p = u y <= 0; inf for p > 0."""
        p = u * y
        return np.where(p > 0.0, np.inf, p + 0.5 * p * p)

    def pieces(self, y: PerSample) -> Pieces:
        """Return the parabolas that end at yz = 1, whose slopes are at most 0 times y."""
        return margin_kink(y, math.inf, dual_curvature=1.0)

    def product_bound(self, u: PerSample, y: PerSample, excess: float) -> float:
        """Return max |u_i| sqrt(2 n excess), because the loss is at least (-yz)_+^2 / 2."""
        return float(np.abs(u).max()) * math.sqrt(2.0 * len(y) * excess)
