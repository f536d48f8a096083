"""The squared loss."""

from __future__ import annotations

import math

import numpy as np

from lrbench.arrays import PerSample, Scores
from lrbench.kernels.codes import LossCode
from lrbench.losses.base import Loss, column


class Squared(Loss):
    r"""The squared loss of least squares.

    .. math:: \varphi(z, y) = \tfrac12 (z - y)^2

    Notes
    -----
    Its derivative is unbounded, so that bounds which need G hold only inside a ball.
    """

    name = "squared"
    task = "regression"
    code = LossCode.SQUARED
    smoothness = 1.0
    curvature = 1.0

    def value(self, Z: Scores, y: PerSample) -> Scores:
        """Return (Z - y)^2 / 2."""
        R = Z - column(y, Z)
        R *= R
        R *= 0.5
        return R

    def derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return Z - y."""
        return Z - column(y, Z)

    def second_derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return ones."""
        return np.ones_like(Z)

    def conjugate(self, u: PerSample, y: PerSample) -> PerSample:
        """Return u^2 / 2 + u y."""
        return 0.5 * u * u + u * y

    def score_norm(self, y: PerSample, excess: float) -> float:
        """Return |y|_2 + sqrt(2 excess)."""
        return float(np.linalg.norm(y)) + math.sqrt(2.0 * excess)
