"""The absolute loss."""

from __future__ import annotations

import numpy as np

from lrbench.arrays import PerSample, Scores
from lrbench.kernels.codes import LossCode
from lrbench.losses.base import Loss, column
from lrbench.losses.pieces import Pieces, one_kink


class Absolute(Loss):
    r"""The absolute loss of least absolute deviations.

    .. math:: \varphi(z, y) = |z - y|

    Notes
    -----
    It is not smooth: no theorem that rests on L applies, and a constant step need not converge. At
    the kink z = y the subgradient is 0.
    """

    name = "absolute"
    task = "regression"
    code = LossCode.ABSOLUTE
    lipschitz = 1.0

    def value(self, Z: Scores, y: PerSample) -> Scores:
        """Return |Z - y|."""
        out = Z - column(y, Z)
        return np.abs(out, out=out)

    def derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return the sign of Z - y."""
        out = Z - column(y, Z)
        return np.sign(out, out=out)

    def second_derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return zeros."""
        return np.zeros_like(Z)

    def conjugate(self, u: PerSample, y: PerSample) -> PerSample:
        """Return u y where |u| <= 1, else inf."""
        return np.where(np.abs(u) > 1.0, np.inf, u * y)

    def pieces(self, y: PerSample) -> Pieces:
        """Return the kinks at y between the slopes -1 and 1."""
        return one_kink(y, -1.0, 1.0)

    def score_norm(self, y: PerSample, excess: float) -> float:
        """Return |y|_2 + excess, because no |r|_2 exceeds |r|_1."""
        return float(np.linalg.norm(y)) + excess
