"""The constraint to a box."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lrbench.arrays import Lanes, PerLane, Vector
from lrbench.errors import UsageError
from lrbench.penalties.base import OUTSIDE, Penalty


@dataclass(frozen=True)
class Box(Penalty):
    r"""The constraint that every penalised coefficient lies between two bounds.

    .. math:: R(w) = \begin{cases} 0 & l \le w_j \le u \text{ for all } j \\ \infty & \text{else}
              \end{cases}

    Parameters
    ----------
    lower, upper
        l < u, at most one of them infinite: ``lower=0, upper=inf`` asks for non-negative
        coefficients.

    Notes
    -----
    It adds nothing to the gradient. Every solver's step is followed by the projection onto the box;
    if the step is not a multiple of the gradient, no known theorem covers the combination.
    """

    name = "box"
    indicator = True
    weight = 0.0
    lower: float = -1.0
    upper: float = 1.0

    def __post_init__(self) -> None:
        if not self.lower < self.upper or (math.isinf(self.lower) and math.isinf(self.upper)):
            raise UsageError(
                f"there is no box from {self.lower:g} to {self.upper:g}.",
                "give lower < upper, one of them finite, such as lower=-1,upper=1.",
            )

    def bounds(self, n_penalised: int) -> tuple[Vector, Vector]:
        """Return `lower` and `upper` for every coordinate."""
        return np.full(n_penalised, self.lower), np.full(n_penalised, self.upper)

    def diameter(self, n_penalised: int) -> float:
        """Return (upper - lower) sqrt(n_penalised), because the sides are equal."""
        return (self.upper - self.lower) * math.sqrt(n_penalised)

    def value(self, W: Lanes) -> PerLane:
        """Return 0 in the box, with a relative tolerance of 1e-12, and inf outside."""
        slack = OUTSIDE * max(abs(v) for v in (self.lower, self.upper) if math.isfinite(v))
        inside = (self.lower - slack <= W) & (self.upper + slack >= W)
        return np.where(inside.all(axis=0), 0.0, np.inf)

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        """Return W clipped to the bounds; `lr` does not matter."""
        return np.clip(W, self.lower, self.upper)

    def conjugate(self, V: Lanes) -> PerLane:
        """Return the sum of max(lower V_j, upper V_j), where 0 times inf is 0."""
        # `where` leaves the 0 of `out` in place: 0 times an infinite bound would be NaN.
        terms = np.multiply(V, np.where(V > 0.0, self.upper, self.lower), where=V != 0.0, out=V * 0)
        support: PerLane = terms.sum(axis=0)
        return support
