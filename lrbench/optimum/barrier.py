"""The terms of the objective in the interior point method, linearised at the current iterate."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample
from lrbench.losses.base import Loss

Diagonal = NDArray[np.float64]
"""One number for each term."""


class Terms(Protocol):
    """Terms psi_k(a_k) with slopes u_k, and complementary pairs: multiplier and slack of a bound.

    At the optimum the product of every pair is 0.
    """

    n_pairs: int
    u: PerSample
    """The slopes."""

    @property
    def rank_one_weight(self) -> float:
        """What `linearise` leaves out: du has a further part `rank_one_weight` (a'da) a."""
        ...

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

    n_pairs = 0
    rank_one_weight = 0.0

    def __init__(self, loss: Loss, y: PerSample, a: PerSample) -> None:
        self._loss, self._y = loss, y
        self._a = self._D = a
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
        # Where phi'' is constant no step is too long for the linearisation.
        if self._loss.quadratic or not change:
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
