"""The absolute loss."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lrbench.arrays import PerSample, Scores
from lrbench.losses.base import TargetKind, column


class Absolute:
    r"""The absolute loss of least absolute deviations.

    .. math:: \varphi(z, y) = |z - y|

    Notes
    -----
    It is not smooth: no theorem that rests on L applies, and a constant step need not converge. At
    the kink z = y the subgradient is 0.
    """

    name: ClassVar[str] = "absolute"
    task: ClassVar[TargetKind] = "regression"
    smoothness: ClassVar[float] = np.inf
    lipschitz: ClassVar[float] = 1.0

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
