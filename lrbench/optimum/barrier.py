"""The terms of the objective in the interior point method, linearised at the current iterate."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.losses.base import Loss
from lrbench.losses.squared import Squared
from lrbench.optimum.pieces import Pieces

Diagonal = NDArray[np.float64]
"""One number for each term."""


class Terms(Protocol):
    """Terms psi_k(a_k) with slopes u_k, and complementary pairs: multiplier and slack of a bound.

    At the optimum the product of every pair is 0.
    """

    n_pairs: int
    u: PerSample
    """The slopes."""

    def products(self) -> float:
        """Return the sum of the products of the pairs."""
        ...

    def linearise(self, a: PerSample, target: float, *, correct: bool) -> tuple[Diagonal, Diagonal]:
        """Return (D, k) with du = D da + k, the step of the slopes towards products of `target`.

        `correct` adds the second-order term of the last direction (Mehrotra's corrector).
        """
        ...

    def set_direction(self, da: PerSample) -> float:
        """Fix the direction that belongs to `da`; return the longest step that stays inside."""
        ...

    def products_after(self, length: float) -> float:
        """Return what `products` would be after a step of this length."""
        ...

    def advance(self, a: PerSample, length: float) -> None:
        """Take a step of this length, which leads to `a`."""
        ...


MAX_CHANGE = 2.0
"""Change of every score that is always allowed in one step of a loss with exp."""

MAX_ERROR = 0.75
"""How far the slopes may depart from their linearisation in a longer step, relative to the change
that it predicts, both along the step."""


class SmoothTerms:
    """Terms with a continuous derivative, which is the slope; there are no pairs."""

    def __init__(self, loss: Loss, y: PerSample, a: PerSample) -> None:
        self._loss, self._y = loss, y
        self._a = self._D = a
        self.n_pairs = 0
        self.u = loss.derivative(a, y)

    def products(self) -> float:
        """Return 0."""
        return 0.0

    def linearise(self, a: PerSample, target: float, *, correct: bool) -> tuple[Diagonal, Diagonal]:
        """Return phi'' and no shift."""
        self._a, self._D = a, self._loss.second_derivative(a, self._y)
        return self._D, np.zeros_like(a)

    def set_direction(self, da: PerSample) -> float:
        """Return a step up to which the slopes follow their linearisation, at most 1 or so.

        That is judged along the step, as a whole: samples whose losses have become flat may move
        as far as they like.
        """
        change = float(np.abs(da).max(initial=0.0))
        # phi'' of the squared loss is constant: no step is too long for the linearisation.
        if isinstance(self._loss, Squared) or not change:
            return np.inf
        least, length = MAX_CHANGE / change, 1.0
        predicted = float((self._D * da) @ da)
        while length > least:
            slopes = self._loss.derivative(self._a + length * da, self._y)
            error = float((slopes - self.u) @ da) - length * predicted
            if abs(error) <= MAX_ERROR * length * predicted:
                return 2.0 * length if length == 1.0 else length
            length /= 2.0
        return least

    def products_after(self, length: float) -> float:
        """Return 0."""
        return 0.0

    def advance(self, a: PerSample, length: float) -> None:
        """Compute the slopes at the new scores."""
        self.u = self._loss.derivative(a, self._y)


class Pairs:
    """A multiplier and a slack for the upper bound of every term, and for its lower bound.

    Where a bound is infinite, its pair is (0, 1) and never changes.
    """

    def __init__(self, has_upper: NDArray[np.bool_], has_lower: NDArray[np.bool_]) -> None:
        self._has_upper, self._has_lower = has_upper.astype(float), has_lower.astype(float)
        self.n_pairs = int(has_upper.sum() + has_lower.sum())
        ones, zeros = np.ones_like(self._has_upper), np.zeros_like(self._has_upper)
        self.upper_multiplier = self.lower_multiplier = ones
        self.upper_slack = self.lower_slack = ones
        self._d_upper_multiplier = self._d_lower_multiplier = zeros
        self._d_upper_slack = self._d_lower_slack = zeros
        self._upper_deficit = self._lower_deficit = zeros

    def products(self) -> float:
        """Return the sum of the products of the pairs."""
        return float(
            self.upper_multiplier @ self.upper_slack + self.lower_multiplier @ self.lower_slack
        )

    def set_target(self, target: float, *, correct: bool) -> None:
        """Compute by how much every product must change to become `target`."""
        # (x + dx)(s + ds) = target has the term dx ds, which the linearisation drops. Mehrotra's
        # corrector takes it from the predictor.
        second = 1.0 if correct else 0.0
        upper = target - self.upper_multiplier * self.upper_slack
        upper = upper - second * self._d_upper_multiplier * self._d_upper_slack
        lower = target - self.lower_multiplier * self.lower_slack
        lower = lower - second * self._d_lower_multiplier * self._d_lower_slack
        self._upper_deficit, self._lower_deficit = self._has_upper * upper, self._has_lower * lower

    def stiffness(self) -> tuple[Diagonal, Diagonal]:
        """Return (S, s): a step dx of the bounded variable changes its multipliers by S dx + s."""
        slope = self.upper_multiplier / self.upper_slack + self.lower_multiplier / self.lower_slack
        return (
            slope,
            self._upper_deficit / self.upper_slack - self._lower_deficit / self.lower_slack,
        )

    def move_slacks(self, dx: Diagonal) -> float:
        """Fix the direction that belongs to the step `dx`; return the longest step.

        `dx` is the step of the bounded variable: the lower slack grows by it, the upper one falls.
        """
        self._d_upper_slack, self._d_lower_slack = -self._has_upper * dx, self._has_lower * dx
        self._d_upper_multiplier = (
            self._upper_deficit - self.upper_multiplier * self._d_upper_slack
        ) / self.upper_slack
        self._d_lower_multiplier = (
            self._lower_deficit - self.lower_multiplier * self._d_lower_slack
        ) / self.lower_slack
        return min(
            _longest_step(self.upper_multiplier, self._d_upper_multiplier),
            _longest_step(self.upper_slack, self._d_upper_slack),
            _longest_step(self.lower_multiplier, self._d_lower_multiplier),
            _longest_step(self.lower_slack, self._d_lower_slack),
        )

    def products_after(self, length: float) -> float:
        """Return what `products` would be after a step of this length."""
        upper_multiplier = self.upper_multiplier + length * self._d_upper_multiplier
        upper_slack = self.upper_slack + length * self._d_upper_slack
        lower_multiplier = self.lower_multiplier + length * self._d_lower_multiplier
        lower_slack = self.lower_slack + length * self._d_lower_slack
        return float(upper_multiplier @ upper_slack + lower_multiplier @ lower_slack)

    def take_step(self, length: float) -> None:
        """Move every pair by a step of this length."""
        self.upper_multiplier = self.upper_multiplier + length * self._d_upper_multiplier
        self.upper_slack = self.upper_slack + length * self._d_upper_slack
        self.lower_multiplier = self.lower_multiplier + length * self._d_lower_multiplier
        self.lower_slack = self.lower_slack + length * self._d_lower_slack


class PieceTerms(Pairs):
    """Terms made of pieces: the bounded variables are the slopes, l <= u <= h.

    The optimal slopes satisfy a - t - c u = upper multiplier - lower multiplier.
    """

    def __init__(self, loss_pieces: Pieces, a: PerSample, multiplier: float) -> None:
        self._pieces = loss_pieces
        least, most = loss_pieces.least, loss_pieces.most
        has_upper, has_lower = np.isfinite(most), np.isfinite(least)
        super().__init__(has_upper, has_lower)
        # Slopes well inside the bounds: the middle, or a distance of 1 from the only bound.
        low = np.where(has_lower, least, most - 2.0)
        high = np.where(has_upper, most, low + 2.0)
        self.u = np.asarray((low + high) / 2)
        self.upper_slack = np.where(has_upper, most - self.u, 1.0)
        self.lower_slack = np.where(has_lower, self.u - least, 1.0)
        residual = a - loss_pieces.kink - loss_pieces.dual_curvature * self.u
        self.upper_multiplier = np.where(has_upper, np.maximum(residual, 0.0) + multiplier, 0.0)
        self.lower_multiplier = np.where(has_lower, np.maximum(-residual, 0.0) + multiplier, 0.0)
        self._D = self._k = self._du = np.zeros_like(self.u)

    def linearise(self, a: PerSample, target: float, *, correct: bool) -> tuple[Diagonal, Diagonal]:
        """Return (D, k) with du = D da + k."""
        self.set_target(target, correct=correct)
        stiffness, shift = self.stiffness()
        residual = a - self._pieces.kink - self._pieces.dual_curvature * self.u
        residual = residual - self.upper_multiplier + self.lower_multiplier
        self._D = 1.0 / (self._pieces.dual_curvature + stiffness)
        self._k = self._D * (residual - shift)
        return self._D, self._k

    def set_direction(self, da: PerSample) -> float:
        """Fix the direction; return the longest step."""
        self._du = self._D * da + self._k
        return self.move_slacks(self._du)

    def advance(self, a: PerSample, length: float) -> None:
        """Take a step of this length."""
        self.take_step(length)
        # Rounding must not carry a slope out of the domain of the conjugate: the gap would be inf.
        self.u = np.clip(self.u + length * self._du, self._pieces.least, self._pieces.most)


class BoxTerms(Pairs):
    """The bounds of a box: the bounded variables are the coordinates, lower <= w <= upper."""

    def __init__(self, lower: float, upper: float, w: Vector, multiplier: float) -> None:
        ones = np.ones_like(w)
        super().__init__(ones * np.isfinite(upper) > 0, ones * np.isfinite(lower) > 0)
        self.upper_slack = upper - w if np.isfinite(upper) else ones
        self.lower_slack = w - lower if np.isfinite(lower) else ones
        self.upper_multiplier = multiplier * self._has_upper
        self.lower_multiplier = multiplier * self._has_lower
        self.u = self.upper_multiplier - self.lower_multiplier

    def linearise(self, a: Vector, target: float, *, correct: bool) -> tuple[Diagonal, Diagonal]:
        """Return (D, k) with du = D da + k."""
        self.set_target(target, correct=correct)
        return self.stiffness()

    def set_direction(self, da: Vector) -> float:
        """Fix the direction; return the longest step."""
        return self.move_slacks(da)

    def advance(self, a: Vector, length: float) -> None:
        """Take a step of this length."""
        self.take_step(length)
        self.u = self.upper_multiplier - self.lower_multiplier


def _longest_step(x: Diagonal, dx: Diagonal) -> float:
    """Return the longest step t with x + t dx >= 0."""
    falling = dx < 0
    return float(np.min(-x[falling] / dx[falling], initial=np.inf))
