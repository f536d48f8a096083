"""The hinge loss."""

from __future__ import annotations

import numpy as np

from lrbench.arrays import PerSample, Scores
from lrbench.kernels.codes import LossCode
from lrbench.losses.base import Loss, column
from lrbench.losses.pieces import Pieces, margin_kink


class Hinge(Loss):
    r"""The hinge loss of support vector machines, labels -1 and +1.

    .. math:: \varphi(z, y) = (1 - yz)_+

    Notes
    -----
    It is not smooth: no theorem that rests on L applies, and a constant step need not converge. At
    the kink yz = 1 the subgradient is 0.
    """

    name = "hinge"
    task = "binary"
    code = LossCode.HINGE
    margin = True
    lipschitz = 1.0

    def value(self, Z: Scores, y: PerSample) -> Scores:
        """Return (1 - y Z)_+."""
        out = 1.0 - Z * column(y, Z)
        return np.maximum(out, 0.0, out=out)

    def derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return -y where y Z < 1, else 0."""
        target = column(y, Z)
        return np.where(Z * target < 1.0, -target, 0.0)

    def second_derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return zeros."""
        return np.zeros_like(Z)

    def conjugate(self, u: PerSample, y: PerSample) -> PerSample:
        """Return u y where it lies in [-1, 0], else inf."""
        p = u * y
        return np.where((p < -1.0) | (p > 0.0), np.inf, p)

    def pieces(self, y: PerSample) -> Pieces:
        """Return the kinks at yz = 1 between the slopes -y and 0."""
        return margin_kink(y, 1.0)

    def product_bound(self, u: PerSample, y: PerSample, excess: float) -> float:
        """Return max |u_i| times the excess, because the loss is at least (-yz)_+."""
        return float(np.abs(u).max()) * excess
