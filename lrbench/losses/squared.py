"""The squared loss."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lrbench.arrays import PerSample, Scores
from lrbench.losses.base import TargetKind, column


class Squared:
    r"""The squared loss of least squares.

    .. math:: \varphi(z, y) = \tfrac12 (z - y)^2

    Notes
    -----
    Its derivative is unbounded, so that bounds which need G hold only inside a ball.
    """

    name: ClassVar[str] = "squared"
    task: ClassVar[TargetKind] = "regression"
    smoothness: ClassVar[float] = 1.0
    lipschitz: ClassVar[float] = np.inf

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
