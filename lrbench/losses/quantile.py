"""The quantile (pinball) loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrbench.arrays import PerSample, Scores
from lrbench.errors import UsageError
from lrbench.kernels.codes import LossCode
from lrbench.losses.base import Loss, column
from lrbench.losses.pieces import Pieces, one_kink


@dataclass(frozen=True)
class Quantile(Loss):
    r"""The quantile loss, also called pinball or check loss.

    .. math:: \varphi(z, y) = \tau (y - z)_+ + (1 - \tau) (z - y)_+

    Parameters
    ----------
    level
        tau in (0, 1): the best constant fit is the tau-quantile of the targets. With 1/2 the loss
        is half the absolute loss.

    Notes
    -----
    It is not smooth: no theorem that rests on L applies. At the kink z = y the subgradient is 0.

    References
    ----------
    Koenker and Bassett, *Regression quantiles*, Econometrica 46 (1978).
    """

    name = "quantile"
    task = "regression"
    code = LossCode.QUANTILE
    level: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 < self.level < 1.0:
            raise UsageError(
                f"the level of the quantile loss is {self.level:g}, not between 0 and 1.",
                "give one such as level=0.9.",
            )

    @property
    def parameter(self) -> float:
        """The level."""
        return self.level

    @property
    def lipschitz(self) -> float:
        """The larger of tau and 1 - tau."""
        return max(self.level, 1.0 - self.level)

    def value(self, Z: Scores, y: PerSample) -> Scores:
        """Return tau (y - Z)_+ + (1 - tau) (Z - y)_+."""
        R = Z - column(y, Z)
        return np.maximum((1.0 - self.level) * R, -self.level * R)

    def derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return -tau below y, 1 - tau above, 0 at y."""
        R = Z - column(y, Z)
        return (1.0 - self.level) * (R > 0.0) - self.level * (R < 0.0)

    def second_derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return zeros."""
        return np.zeros_like(Z)

    def conjugate(self, u: PerSample, y: PerSample) -> PerSample:
        """Return u y where -tau <= u <= 1 - tau, else inf."""
        return np.where((u < -self.level) | (u > 1.0 - self.level), np.inf, u * y)

    def pieces(self, y: PerSample) -> Pieces:
        """Return the kinks at y between the slopes -tau and 1 - tau."""
        return one_kink(y, -self.level, 1.0 - self.level)

    def score_norm(self, y: PerSample, excess: float) -> float:
        """Return |y|_2 + excess / min(tau, 1 - tau), because no |r|_2 exceeds |r|_1."""
        return float(np.linalg.norm(y)) + excess / min(self.level, 1.0 - self.level)
