"""The l1 penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lrbench.arrays import Lanes, PerLane, PerSample


@dataclass(frozen=True)
class L1:
    r"""The sum of absolute values, which sets coefficients to zero.

    .. math:: R(w) = \lambda \sum_j |w_j|

    Parameters
    ----------
    weight
        lambda > 0.

    Notes
    -----
    It is not smooth. A solver that uses the prox reaches exact zeros, and one that uses a
    subgradient never does. At w_j = 0 the subgradient is 0.

    References
    ----------
    Tibshirani, *Regression shrinkage and selection via the lasso*, J. R. Stat. Soc. B 58 (1996).
    """

    name: ClassVar[str] = "l1"
    shrinks: ClassVar[bool] = False
    indicator: ClassVar[bool] = False
    curvature: ClassVar[float] = 0.0
    weight: float

    @property
    def smoothness(self) -> float:
        """Infinity, because of the kink at 0; 0 without a weight."""
        return np.inf if self.weight else 0.0

    def lipschitz(self, n_penalised: int) -> float:
        """Return weight sqrt(n_penalised)."""
        return self.weight * float(np.sqrt(n_penalised))

    def value(self, W: Lanes) -> PerLane:
        """Return weight |W|_1, column by column."""
        out: PerLane = np.abs(W).sum(axis=0)
        out *= self.weight
        return out

    def gradient(self, W: Lanes) -> Lanes:
        """Return weight times the sign of W."""
        return self.weight * np.sign(W)

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        """Return W moved towards 0 by lr weight, and 0 where that would change its sign."""
        return soft_threshold(W, lr * self.weight)

    def conjugate(self, V: Lanes) -> PerLane:
        """Return 0 where no |V_j| exceeds the weight, else inf."""
        return np.where(np.any(np.abs(V) > self.weight, axis=0), np.inf, 0.0)


def soft_threshold(W: Lanes, threshold: PerLane | PerSample | float) -> Lanes:
    """Return sign(W) (|W| - threshold)_+."""
    out = np.abs(W)
    out -= threshold
    np.maximum(out, 0.0, out=out)
    return np.copysign(out, W, out=out)
