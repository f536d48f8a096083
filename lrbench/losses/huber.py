"""The Huber loss."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lrbench.arrays import PerSample, Scores
from lrbench.errors import UsageError
from lrbench.kernels.codes import LossCode
from lrbench.losses.base import Loss, column
from lrbench.losses.pieces import Pieces, one_kink


@dataclass(frozen=True)
class Huber(Loss):
    r"""The Huber loss: quadratic for small residuals, linear for large ones.

    .. math:: \varphi(z, y) = \begin{cases} \tfrac12 r^2 & |r| \le \tau \\
              \tau |r| - \tfrac12 \tau^2 & |r| > \tau \end{cases} \qquad r = z - y

    Parameters
    ----------
    threshold
        tau > 0, in the unit of the targets.

    Notes
    -----
    It is smooth with constant 1 and Lipschitz with constant tau, so that both L and G exist without
    a ball. Its second derivative jumps at |r| = tau, where it is taken to be 1.

    References
    ----------
    Huber, *Robust estimation of a location parameter*, Ann. Math. Statist. 35 (1964).
    """

    name = "huber"
    task = "regression"
    code = LossCode.HUBER
    smoothness = 1.0
    threshold: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold < np.inf:
            raise UsageError(
                f"the threshold of the huber loss is {self.threshold:g}, not a positive number.",
                "give one in the unit of the targets, such as threshold=1.",
            )

    @property
    def parameter(self) -> float:
        """The threshold."""
        return self.threshold

    @property
    def lipschitz(self) -> float:
        """The threshold."""
        return self.threshold

    def value(self, Z: Scores, y: PerSample) -> Scores:
        """Return c (r - c / 2) with r = Z - y and c = r clipped to [-threshold, threshold]."""
        R = Z - column(y, Z)
        C = np.clip(R, -self.threshold, self.threshold)
        R -= 0.5 * C
        R *= C
        return R

    def derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return Z - y clipped to [-threshold, threshold]."""
        R = Z - column(y, Z)
        return np.clip(R, -self.threshold, self.threshold, out=R)

    def second_derivative(self, Z: Scores, y: PerSample) -> Scores:
        """Return 1 where |Z - y| <= threshold, else 0."""
        return np.where(np.abs(Z - column(y, Z)) <= self.threshold, 1.0, 0.0)

    def conjugate(self, u: PerSample, y: PerSample) -> PerSample:
        """Return u^2 / 2 + u y where |u| <= threshold, else inf."""
        return np.where(np.abs(u) > self.threshold, np.inf, 0.5 * u * u + u * y)

    def pieces(self, y: PerSample) -> Pieces:
        """Return the parabolas around y between the slopes -threshold and threshold."""
        return one_kink(y, -self.threshold, self.threshold, dual_curvature=1.0)

    def score_norm(self, y: PerSample, excess: float) -> float:
        """Return |y|_2 + sqrt(2 excess) + 2 excess / threshold.

        Beyond the threshold the loss is at least threshold |r| / 2.
        """
        small = math.sqrt(2.0 * excess)
        return float(np.linalg.norm(y)) + small + 2.0 * excess / self.threshold
