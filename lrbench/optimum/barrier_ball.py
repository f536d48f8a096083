"""The constraint |w| <= radius in the interior point method."""

from __future__ import annotations

import numpy as np

from lrbench.arrays import Vector
from lrbench.optimum.barrier import Diagonal


class BallTerms:
    """One pair: a multiplier and the slack (radius^2 - |w|^2) / 2. The slopes are multiplier w.

    The step of the slopes is that of `linearise` plus `rank_one_weight` (w'dw) w.

    Parameters
    ----------
    radius
        The radius of the ball around 0.
    w
        A point inside.
    multiplier
        The initial multiplier.
    """

    n_pairs = 1

    def __init__(self, radius: float, w: Vector, multiplier: float) -> None:
        self._radius_sq = radius * radius
        self._w = w
        # A variable of its own that equals the true slack only in the limit. Otherwise a step along
        # the tangent, which leaves the ball at once, would have to be short.
        self._slack = self._true_slack()
        self._multiplier = multiplier
        self._deficit = self._d_multiplier = self._d_slack = 0.0
        self.u = multiplier * w

    @property
    def rank_one_weight(self) -> float:
        """The factor of w w' in the Hessian of the barrier."""
        return self._multiplier / self._slack

    def products(self) -> float:
        """Return the product of the pair."""
        return self._multiplier * self._slack

    def linearise(self, a: Vector, target: float, *, correct: bool) -> tuple[Diagonal, Diagonal]:
        """Return (D, k) with du = D da + k, without the rank-one part."""
        second = self._d_multiplier * self._d_slack if correct else 0.0
        self._deficit = target - self.products() - second
        shift = (self._deficit - self._multiplier * self._slack_error()) / self._slack
        return np.full_like(a, self._multiplier), shift * a

    def set_direction(self, da: Vector) -> float:
        """Fix the direction; return the longest step that keeps both numbers positive."""
        self._d_slack = self._slack_error() - float(self._w @ da)
        self._d_multiplier = (self._deficit - self._multiplier * self._d_slack) / self._slack
        pair = ((self._slack, self._d_slack), (self._multiplier, self._d_multiplier))
        return min((-x / dx for x, dx in pair if dx < 0), default=np.inf)

    def products_after(self, length: float) -> float:
        """Return what the product would be after a step of this length."""
        slack = self._slack + length * self._d_slack
        return (self._multiplier + length * self._d_multiplier) * slack

    def advance(self, a: Vector, length: float) -> None:
        """Take a step of this length."""
        self._slack += length * self._d_slack
        self._multiplier += length * self._d_multiplier
        self._w = a
        self.u = self._multiplier * a

    def _true_slack(self) -> float:
        return 0.5 * (self._radius_sq - float(self._w @ self._w))

    def _slack_error(self) -> float:
        """Return the true slack less the variable."""
        return self._true_slack() - self._slack
