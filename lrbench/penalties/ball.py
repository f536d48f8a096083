"""The constraint to a ball."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrbench.arrays import Lanes, PerLane, norm_sq
from lrbench.errors import UsageError
from lrbench.penalties.base import OUTSIDE, Penalty


@dataclass(frozen=True)
class BallPenalty(Penalty):
    r"""The constraint that the penalised coefficients lie in a ball around the origin.

    .. math:: R(w) = \begin{cases} 0 & \|w\| \le r \\ \infty & \text{else} \end{cases}

    Parameters
    ----------
    radius
        r > 0.

    Notes
    -----
    It is part of the problem and may exclude the unconstrained minimiser. The ball of ``--radius``
    is another one: its centre is the start, it restricts the intercept too, and it must contain the
    minimiser.
    """

    name = "ball"
    indicator = True
    weight = 0.0
    radius: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.radius < np.inf:
            raise UsageError(
                f"the radius of the ball is {self.radius:g}, not a positive number.",
                "give one such as radius=1.",
            )

    def value(self, W: Lanes) -> PerLane:
        """Return 0 in the ball, with a relative tolerance of 1e-12, and inf outside."""
        inside = np.sqrt(norm_sq(W)) <= self.radius * (1.0 + OUTSIDE)
        return np.where(inside, 0.0, np.inf)

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        """Return the nearest point of the ball; `lr` does not matter."""
        length = np.sqrt(norm_sq(W))
        # The factor is exactly 1 inside, and there is no division by 0 at the origin.
        return W * (self.radius / np.maximum(length, self.radius))

    def conjugate(self, V: Lanes) -> PerLane:
        """Return radius |V|."""
        return self.radius * np.sqrt(norm_sq(V))
