"""The terms of the objective as an interior point method sees them, linearised about its path."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.losses.base import Loss
from lrbench.losses.squared import Squared
from lrbench.optimum.pieces import Pieces

Diagonal = NDArray[np.float64]
"""One number a term."""


class Terms(Protocol):
    """Terms psi_k(a_k) with slopes u_k, and pairs of numbers whose products go to zero."""

    n_pairs: int
    u: PerSample
    """The slopes."""

    def products(self) -> float:
        """Return the sum of the products of the pairs."""
        ...

    def linearise(
        self, at: PerSample, target: float, *, correct: bool
    ) -> tuple[Diagonal, Diagonal]:
        """Return (D, k) with du = D da + k the step of the slopes towards products of `target`.

        `correct` adds the second-order term of the last direction (Mehrotra's corrector).
        """
        ...

    def move(self, da: PerSample) -> float:
        """Fix the direction that belongs to `da`; return the longest step that stays inside."""
        ...

    def products_after(self, length: float) -> float:
        """Return what `products` would be after a step of this length."""
        ...

    def advance(self, at: PerSample, length: float) -> None:
        """Take the step; `at` is where it leads."""
        ...


LONGEST = 2.0
"""Change of a score in one step: beyond it the curvature of exp says nothing."""


class SmoothTerms:
    """Terms with a continuous derivative: the slope is the derivative, there are no pairs."""

    def __init__(self, loss: Loss, y: PerSample, at: PerSample) -> None:
        self._loss, self._y = loss, y
        self.n_pairs = 0
        self.u = loss.derivative(at, y)

    def products(self) -> float:
        """Return 0."""
        return 0.0

    def linearise(
        self, at: PerSample, target: float, *, correct: bool
    ) -> tuple[Diagonal, Diagonal]:
        """Return phi'' and no shift."""
        return self._loss.second_derivative(at, self._y), np.zeros_like(at)

    def move(self, da: PerSample) -> float:
        """Return the step up to which phi'' changes by a known factor (logistic, Poisson)."""
        change = float(np.abs(da).max(initial=0.0))
        return np.inf if isinstance(self._loss, Squared) or not change else LONGEST / change

    def products_after(self, length: float) -> float:
        """Return 0."""
        return 0.0

    def advance(self, at: PerSample, length: float) -> None:
        """Read the slopes off the new scores."""
        self.u = self._loss.derivative(at, self._y)


class Pairs:
    """Two pairs a term: `over` with `above` on one side, `under` with `below` on the other.

    Where a side is missing (an infinite bound) its pair is (0, 1) and never moves.
    """

    def __init__(self, upper: NDArray[np.bool_], lower: NDArray[np.bool_]) -> None:
        self._upper, self._lower = upper.astype(float), lower.astype(float)
        self.n_pairs = int(upper.sum() + lower.sum())
        self.over = self.under = self.above = self.below = np.ones_like(self._upper)
        self._d_over = self._d_under = self._d_above = self._d_below = np.zeros_like(self._upper)
        self._missing_over = self._missing_under = self._d_over

    def products(self) -> float:
        """Return the sum of the products of the pairs."""
        return float(self.over @ self.above + self.under @ self.below)

    def aim(self, target: float, *, correct: bool) -> None:
        """Set what is missing of every product."""
        second = 1.0 if correct else 0.0
        over = target - self.over * self.above - second * self._d_over * self._d_above
        under = target - self.under * self.below - second * self._d_under * self._d_below
        self._missing_over, self._missing_under = self._upper * over, self._lower * under

    def stiffness(self) -> tuple[Diagonal, Diagonal]:
        """Return how the sum of multipliers answers to a step of `below`, and its shift."""
        slope = self.over / self.above + self.under / self.below
        return slope, self._missing_over / self.above - self._missing_under / self.below

    def turn(self, d_below: Diagonal) -> float:
        """Fix the direction in which `below` grows and `above` falls; return the longest step."""
        self._d_above, self._d_below = -self._upper * d_below, self._lower * d_below
        self._d_over = (self._missing_over - self.over * self._d_above) / self.above
        self._d_under = (self._missing_under - self.under * self._d_below) / self.below
        moves = [
            (self.over, self._d_over),
            (self.above, self._d_above),
            (self.under, self._d_under),
            (self.below, self._d_below),
        ]
        return min(_longest(x, dx) for x, dx in moves)

    def products_after(self, length: float) -> float:
        """Return what `products` would be after a step of this length."""
        over, above = self.over + length * self._d_over, self.above + length * self._d_above
        under, below = self.under + length * self._d_under, self.below + length * self._d_below
        return float(over @ above + under @ below)

    def go(self, length: float) -> None:
        """Take the step."""
        self.over = self.over + length * self._d_over
        self.above = self.above + length * self._d_above
        self.under = self.under + length * self._d_under
        self.below = self.below + length * self._d_below


class PieceTerms(Pairs):
    """Terms made of pieces: a - t - c u = over - under, over (h - u) and under (u - l) go to 0."""

    def __init__(self, parts: Pieces, at: PerSample, slack: float) -> None:
        self._parts = parts
        upper, lower = np.isfinite(parts.most), np.isfinite(parts.least)
        super().__init__(upper, lower)
        self.u = _inside(parts)
        self.above = np.where(upper, parts.most - self.u, 1.0)
        self.below = np.where(lower, self.u - parts.least, 1.0)
        residual = at - parts.kink - parts.bend * self.u
        self.over = np.where(upper, np.maximum(residual, 0.0) + slack, 0.0)
        self.under = np.where(lower, np.maximum(-residual, 0.0) + slack, 0.0)
        self._D = self._k = self._du = np.zeros_like(self.u)

    def linearise(
        self, at: PerSample, target: float, *, correct: bool
    ) -> tuple[Diagonal, Diagonal]:
        """Return (D, k) with du = D da + k."""
        self.aim(target, correct=correct)
        stiffness, shift = self.stiffness()
        residual = at - self._parts.kink - self._parts.bend * self.u - self.over + self.under
        self._D = 1.0 / (self._parts.bend + stiffness)
        self._k = self._D * (residual - shift)
        return self._D, self._k

    def move(self, da: PerSample) -> float:
        """Fix the direction; return the longest step."""
        self._du = self._D * da + self._k
        return self.turn(self._du)

    def advance(self, at: PerSample, length: float) -> None:
        """Take the step."""
        self.go(length)
        self.u = np.clip(self.u + length * self._du, self._parts.least, self._parts.most)


class BoxTerms(Pairs):
    """Bounds on the coordinates: over (upper - w) and under (w - lower) go to 0."""

    def __init__(self, lower: float, upper: float, at: Vector, slack: float) -> None:
        ones = np.ones_like(at)
        super().__init__(ones * np.isfinite(upper) > 0, ones * np.isfinite(lower) > 0)
        self.above = upper - at if np.isfinite(upper) else ones
        self.below = at - lower if np.isfinite(lower) else ones
        self.over, self.under = slack * self._upper, slack * self._lower
        self.u = self.over - self.under

    def linearise(self, at: Vector, target: float, *, correct: bool) -> tuple[Diagonal, Diagonal]:
        """Return (D, k) with du = D da + k."""
        self.aim(target, correct=correct)
        return self.stiffness()

    def move(self, da: Vector) -> float:
        """Fix the direction; return the longest step."""
        return self.turn(da)

    def advance(self, at: Vector, length: float) -> None:
        """Take the step."""
        self.go(length)
        self.u = self.over - self.under


def _inside(parts: Pieces) -> PerSample:
    """Return slopes well inside the bounds: the middle, or one away from the only bound."""
    least = np.where(np.isfinite(parts.least), parts.least, parts.most - 2.0)
    most = np.where(np.isfinite(parts.most), parts.most, least + 2.0)
    return np.asarray((least + most) / 2)


def _longest(x: Diagonal, dx: Diagonal) -> float:
    """Return the longest step t with x + t dx >= 0."""
    falling = dx < 0
    return float(np.min(-x[falling] / dx[falling], initial=np.inf))
