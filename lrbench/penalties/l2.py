"""The l2 penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lrbench.arrays import Lanes, PerLane, norm_sq


@dataclass(frozen=True)
class L2:
    r"""The squared Euclidean norm.

    .. math:: R(w) = \tfrac{\lambda}{2} \|w\|^2

    Parameters
    ----------
    weight
        lambda > 0. It makes the objective strongly convex only if every coordinate is penalised,
        that is, without an intercept.
    """

    name: ClassVar[str] = "l2"
    shrinks: ClassVar[bool] = True
    indicator: ClassVar[bool] = False
    weight: float

    @property
    def curvature(self) -> float:
        """The weight lambda."""
        return self.weight

    @property
    def smoothness(self) -> float:
        """The weight lambda."""
        return self.weight

    def lipschitz(self, n_penalised: int) -> float:
        """Return inf, because the gradient grows with w; 0 if there is nothing to penalise."""
        return np.inf if self.weight and n_penalised else 0.0

    def value(self, W: Lanes) -> PerLane:
        """Return weight |W|^2 / 2, column by column."""
        return 0.5 * self.weight * norm_sq(W)

    def gradient(self, W: Lanes) -> Lanes:
        """Return weight W."""
        return self.weight * W

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        """Return W / (1 + lr weight)."""
        return W / (1.0 + lr * self.weight)

    def conjugate(self, V: Lanes) -> PerLane:
        """Return |V|^2 / (2 weight); for weight 0 that of no penalty."""
        if not self.weight:
            return np.where(np.any(V != 0.0, axis=0), np.inf, 0.0)
        return norm_sq(V) / (2.0 * self.weight)
