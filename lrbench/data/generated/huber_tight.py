"""A single sample on which gradient descent attains the bound of a theorem."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector

MAX_ITERATIONS = 10**12


@dataclass(frozen=True)
class HuberTight:
    r"""One sample, x = 1 and y = 2 T h + 1, for the Huber loss of threshold 1: L = 1.

    .. math:: F(w) = \varphi_1(w - y)

    Parameters
    ----------
    iterations
        T, the number of steps after which the bound is attained.
    h
        The learning rate times L, in (0, 1].

    Notes
    -----
    From w_0 = 0 the distance D_0 is y, and all gradients are -1 until the distance is 1. After T
    steps of length h it is T h + 1, so that F(w_T) = T h + 1/2, which is

    .. math:: \frac{L D_0^2}{2 (2 T h + 1)}

    exactly. This is the bound of Drori and Teboulle, which is not attained at other T.

    References
    ----------
    Drori, Teboulle, Performance of first-order methods for smooth convex minimization: a novel
    approach, Math. Programming 145, 2014, Theorem 3.2.
    """

    iterations: int = 100
    h: float = 1.0

    def check(self) -> str | None:
        """Return what is wrong with the parameters, or None if they are valid."""
        if not 1 <= self.iterations <= MAX_ITERATIONS:
            return f"iterations must be between 1 and {MAX_ITERATIONS:.0e}"
        return None if 0 < self.h <= 1 and math.isfinite(self.h) else "h must be in (0, 1]"

    def make(self) -> tuple[NDArray[np.float64], PerSample, Vector]:
        """Return X, y and the minimiser."""
        y = np.array([2.0 * self.iterations * self.h + 1.0])
        return np.ones((1, 1)), y, y.copy()
