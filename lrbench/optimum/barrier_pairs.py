"""Kinks and bounds in the interior point method: complementary pairs of multipliers and slacks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.losses.pieces import OfKinks, Pieces
from lrbench.optimum.barrier import Diagonal


class Pairs:
    """A multiplier and a slack for the upper bound of every variable, and for its lower bound.

    Where a bound is infinite, its pair is (0, 1) and never changes. The variables may have any
    shape.
    """

    rank_one_weight = 0.0

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
            np.vdot(self.upper_multiplier, self.upper_slack)
            + np.vdot(self.lower_multiplier, self.lower_slack)
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
        return float(
            np.vdot(upper_multiplier, upper_slack) + np.vdot(lower_multiplier, lower_slack)
        )

    def take_step(self, length: float) -> None:
        """Move every pair by a step of this length."""
        self.upper_multiplier = self.upper_multiplier + length * self._d_upper_multiplier
        self.upper_slack = self.upper_slack + length * self._d_upper_slack
        self.lower_multiplier = self.lower_multiplier + length * self._d_lower_multiplier
        self.lower_slack = self.lower_slack + length * self._d_lower_slack


class PieceTerms(Pairs):
    """Terms made of pieces: the bounded variables are the slopes of each kink, l <= u <= h.

    The optimal slopes satisfy a - t - c u = upper multiplier - lower multiplier. Those of a term
    add up.
    """

    def __init__(self, pieces: Pieces, a: PerSample, multiplier: float) -> None:
        self._pieces = pieces
        least, most = pieces.least, pieces.most
        has_upper, has_lower = np.isfinite(most), np.isfinite(least)
        super().__init__(has_upper, has_lower)
        # Slopes well inside the bounds: the middle, or a distance of 1 from the only bound.
        low = np.where(has_lower, least, most - 2.0)
        high = np.where(has_upper, most, low + 2.0)
        self._slopes = (low + high) / 2
        self.u = self._slopes.sum(axis=0)
        self.upper_slack = np.where(has_upper, most - self._slopes, 1.0)
        self.lower_slack = np.where(has_lower, self._slopes - least, 1.0)
        residual = self._residual(a)
        self.upper_multiplier = np.where(has_upper, np.maximum(residual, 0.0) + multiplier, 0.0)
        self.lower_multiplier = np.where(has_lower, np.maximum(-residual, 0.0) + multiplier, 0.0)
        self._D = self._k = self._du = np.zeros_like(self._slopes)

    def _residual(self, a: PerSample) -> OfKinks:
        return a - self._pieces.kink - self._pieces.dual_curvature * self._slopes

    def linearise(self, a: PerSample, target: float, *, correct: bool) -> tuple[Diagonal, Diagonal]:
        """Return (D, k) with du = D da + k."""
        self.set_target(target, correct=correct)
        stiffness, shift = self.stiffness()
        residual = self._residual(a) - self.upper_multiplier + self.lower_multiplier
        self._D = 1.0 / (self._pieces.dual_curvature + stiffness)
        self._k = self._D * (residual - shift)
        return self._D.sum(axis=0), self._k.sum(axis=0)

    def set_direction(self, da: PerSample) -> float:
        """Fix the direction; return the longest step."""
        self._du = self._D * da + self._k
        return self.move_slacks(self._du)

    def advance(self, a: PerSample, length: float) -> None:
        """Take a step of this length."""
        self.take_step(length)
        # Rounding must not carry a slope out of the domain of the conjugate: the gap would be inf.
        slopes = self._slopes + length * self._du
        self._slopes = np.clip(slopes, self._pieces.least, self._pieces.most)
        self.u = self._slopes.sum(axis=0)


class BoxTerms(Pairs):
    """The bounds of a box: the bounded variables are the coordinates, lower <= w <= upper."""

    def __init__(self, lower: Vector, upper: Vector, w: Vector, multiplier: float) -> None:
        has_upper, has_lower = np.isfinite(upper), np.isfinite(lower)
        super().__init__(has_upper, has_lower)
        self.upper_slack = np.where(has_upper, upper - w, 1.0)
        self.lower_slack = np.where(has_lower, w - lower, 1.0)
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
