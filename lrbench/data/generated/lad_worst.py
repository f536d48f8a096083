"""Diagonal data on which least absolute deviations show the order -1/2."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.config.learning_rates import log_spaced


@dataclass(frozen=True)
class LadWorst:
    r"""A separable sum of absolute values whose slopes are log-spaced over several decades.

    .. math:: F(w) = \sum_{j=1}^d c_j |w_j - 1|, \qquad \sum_j c_j^2 = 1

    for the absolute loss, where the c_j are log-spaced, c_1 = `smallest` c_d, X = d diag(c) and
    y = X 1.

    Notes
    -----
    No subgradient of F is longer than 1, and at w = 0 its length is 1. The minimiser is w = 1 and
    the minimum 0. On the way to the coordinates with small slopes the uniform average of WNGrad at
    lr0 = 1 falls like T to the power -0.54, close to the order -1/2 of the theorems for nonsmooth
    objectives, from T = 1e3 to 1e5.
    """

    n_features: int = 100
    smallest: float = 1e-4

    def check(self) -> str | None:
        """Return what is wrong with the parameters, or None if they are valid."""
        if not 2 <= self.n_features <= 5000:
            return "n_features must be between 2 and 5000"
        return None if 1e-100 <= self.smallest <= 1 else "smallest must be between 1e-100 and 1"

    def make(self) -> tuple[NDArray[np.float64], PerSample, Vector]:
        """Return X, y and the minimiser."""
        slopes = log_spaced(self.smallest, 1.0, self.n_features)
        length = math.sqrt(math.fsum(slopes * slopes))  # fsum: the same bits on every processor
        rows = slopes * (self.n_features / length)
        return np.diag(rows), rows, np.ones(self.n_features)
