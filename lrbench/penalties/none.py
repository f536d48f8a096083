"""No penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lrbench.arrays import Lanes, PerLane


@dataclass(frozen=True)
class NoPenalty:
    """The penalty that is zero everywhere."""

    name: ClassVar[str] = "none"
    shrinks: ClassVar[bool] = True
    indicator: ClassVar[bool] = False
    curvature: ClassVar[float] = 0.0
    smoothness: ClassVar[float] = 0.0
    weight: float = 0.0

    def lipschitz(self, n_penalised: int) -> float:
        """Return 0."""
        return 0.0

    def value(self, W: Lanes) -> PerLane:
        """Return zeros."""
        return np.zeros(W.shape[1])

    def gradient(self, W: Lanes) -> Lanes:
        """Return zeros."""
        return np.zeros_like(W)

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        """Return `W` itself, not a copy."""
        return W

    def conjugate(self, V: Lanes) -> PerLane:
        """Return 0 where V = 0, else inf."""
        return np.where(np.any(V != 0.0, axis=0), np.inf, 0.0)
