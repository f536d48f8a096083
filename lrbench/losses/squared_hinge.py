"""The squared hinge loss."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lrbench.arrays import PerSample, Scores
from lrbench.losses.base import TargetKind, column


class SquaredHinge:
    r"""The squared hinge loss, labels -1 and +1.

    .. math:: \varphi(z, y) = \tfrac12 (1 - yz)_+^2

    Notes
    -----
    It is smooth, but its second derivative jumps at yz = 1. Its derivative is unbounded, so that
    bounds which need G hold only inside a ball. Other libraries leave out the factor 1/2.
    """

    name: ClassVar[str] = "squared-hinge"
    task: ClassVar[TargetKind] = "binary"
    margin: ClassVar[bool] = True
    smoothness: ClassVar[float] = 1.0
    lipschitz: ClassVar[float] = np.inf

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
