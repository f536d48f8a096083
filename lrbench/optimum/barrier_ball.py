"""The constraint |w| <= radius as an interior point method sees it."""

from __future__ import annotations

import numpy as np

from lrbench.arrays import Vector
from lrbench.optimum.barrier import Diagonal


class BallTerms:
    """One pair: the multiplier and the room (radius^2 - |w|^2) / 2; slopes multiplier times w.

    The room is a variable of its own, so that a step along the tangent is not cut short; it is the
    true one in the limit. The step of the slopes is that of `linearise` plus `bow` (w'dw) w.

    Parameters
    ----------
    radius
        Of the ball around 0.
    at
        w, inside.
    multiplier
        To begin with.
    """

    n_pairs = 1

    def __init__(self, radius: float, at: Vector, multiplier: float) -> None:
        self._radius_sq = radius * radius
        self._w = at
        self._room = self._true_room()
        self._multiplier = multiplier
        self._missing = self._d_multiplier = self._d_room = 0.0
        self.u = multiplier * at

    @property
    def bow(self) -> float:
        """The weight of the rank-one part."""
        return self._multiplier / self._room

    def products(self) -> float:
        """Return the product of the pair."""
        return self._multiplier * self._room

    def linearise(self, at: Vector, target: float, *, correct: bool) -> tuple[Diagonal, Diagonal]:
        """Return (D, k) with du = D da + k, without the rank-one part."""
        second = self._d_multiplier * self._d_room if correct else 0.0
        self._missing = target - self.products() - second
        pull = (self._missing - self._multiplier * self._astray()) / self._room
        return np.full_like(at, self._multiplier), pull * at

    def move(self, da: Vector) -> float:
        """Fix the direction; return the longest step that keeps both positive."""
        self._d_room = self._astray() - float(self._w @ da)
        self._d_multiplier = (self._missing - self._multiplier * self._d_room) / self._room
        pairs = ((self._room, self._d_room), (self._multiplier, self._d_multiplier))
        return min((-x / dx for x, dx in pairs if dx < 0), default=np.inf)

    def products_after(self, length: float) -> float:
        """Return what the product would be after a step of this length."""
        room = self._room + length * self._d_room
        return (self._multiplier + length * self._d_multiplier) * room

    def advance(self, at: Vector, length: float) -> None:
        """Take the step."""
        self._room += length * self._d_room
        self._multiplier += length * self._d_multiplier
        self._w = at
        self.u = self._multiplier * at

    def _true_room(self) -> float:
        return 0.5 * (self._radius_sq - float(self._w @ self._w))

    def _astray(self) -> float:
        """Return the true room less the one that is a variable."""
        return self._true_room() - self._room
