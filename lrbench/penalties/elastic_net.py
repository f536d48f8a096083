"""The elastic net penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lrbench.arrays import Lanes, PerLane, norm_sq
from lrbench.errors import UsageError
from lrbench.penalties.l1 import soft_threshold


@dataclass(frozen=True)
class ElasticNet:
    r"""The l1 and the l2 penalty together, in scikit-learn's parameters.

    .. math:: R(w) = \lambda \bigl(\rho \|w\|_1 + \tfrac{1 - \rho}{2} \|w\|^2\bigr)

    Parameters
    ----------
    weight
        lambda > 0.
    l1_ratio
        rho in (0, 1): the fraction of l1.

    References
    ----------
    Zou and Hastie, *Regularization and variable selection via the elastic net*, J. R. Stat. Soc. B
    67 (2005).
    """

    name: ClassVar[str] = "elastic-net"
    shrinks: ClassVar[bool] = False
    indicator: ClassVar[bool] = False
    weight: float
    l1_ratio: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 < self.l1_ratio < 1.0:
            raise UsageError(
                f"the l1_ratio of the elastic-net is {self.l1_ratio:g}, not between 0 and 1.",
                "give one such as l1_ratio=0.5, or choose l1 or l2.",
            )

    @property
    def l1(self) -> float:
        """The factor of |w|_1: weight l1_ratio."""
        return self.weight * self.l1_ratio

    @property
    def curvature(self) -> float:
        """The factor of |w|^2 / 2: weight (1 - l1_ratio)."""
        return self.weight * (1.0 - self.l1_ratio)

    @property
    def smoothness(self) -> float:
        """Infinity, because of the kink at 0; 0 without a weight."""
        return np.inf if self.weight else 0.0

    def lipschitz(self, n_penalised: int) -> float:
        """Return inf, because the gradient grows with w; 0 if there is nothing to penalise."""
        return np.inf if self.weight and n_penalised else 0.0

    def value(self, W: Lanes) -> PerLane:
        """Return l1 |W|_1 + curvature |W|^2 / 2, column by column."""
        out: PerLane = self.l1 * np.abs(W).sum(axis=0)
        out += 0.5 * self.curvature * norm_sq(W)
        return out

    def gradient(self, W: Lanes) -> Lanes:
        """Return l1 sign(W) + curvature W."""
        return self.l1 * np.sign(W) + self.curvature * W

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        """Return the prox of the l1 part, divided by 1 + lr curvature."""
        return soft_threshold(W, lr * self.l1) / (1.0 + lr * self.curvature)

    def conjugate(self, V: Lanes) -> PerLane:
        """Return the sum of (|V_j| - l1)_+^2 / (2 curvature); for weight 0 that of no penalty."""
        if not self.weight:
            return np.where(np.any(V != 0.0, axis=0), np.inf, 0.0)
        return norm_sq(soft_threshold(V, self.l1)) / (2.0 * self.curvature)
