"""Nesterov's worst-case quadratic for first-order methods, as least squares."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lrbench.arrays import PerSample, Vector

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MAX_FEATURES = 10**6


@dataclass(frozen=True)
class Nesterov:
    r"""Nesterov's worst-case quadratic in d = n_features unknowns, up to the constant L/8.

    .. math:: F(w) = \frac L8 \Big((w_1 - 1)^2 + \sum_{i=1}^{d-1} (w_{i+1} - w_i)^2 + w_d^2\Big)
        = \frac L4 \Big(\tfrac12 w^T A w - w_1\Big) + \frac L8

    where A is tridiagonal with 2 on the diagonal and -1 beside it. This is (1/2n) |X w - y|^2 for
    the n = d + 1 differences, each multiplied by sqrt(n L / 4); X is sparse and
    X^T X / n = (L/4) A.

    Notes
    -----
    The minimiser is w_i = 1 - i / (d + 1), where every difference is -1 / (d + 1). Therefore f_star
    is L / (8 (d + 1)), not 0. The eigenvalues of (L/4) A are (L/4) (2 - 2 cos(k pi / (d + 1))), all
    below L. From w_0 = 0 each gradient reaches one more coordinate, so that after T <= d steps
    along gradients w lies in the span of the first T coordinates, where

    .. math:: F(w) - f_* \ge \frac L8 \Big(\frac1{T+1} - \frac1{d+1}\Big).

    At T = (d - 1) / 2 this is at least 3 L |w_0 - w_*|^2 / (32 (T + 1)^2), which has the order of
    accelerated methods. For other T the theorem applies to another d, namely 2 T + 1.

    References
    ----------
    Nesterov, Introductory lectures on convex optimization, 2004, section 2.1.2, theorem 2.1.7.
    """

    n_features: int = 1001
    L: float = 1.0

    def check(self) -> str | None:
        """Return what is wrong with the parameters, or None if they are valid."""
        if not 1 <= self.n_features <= MAX_FEATURES:
            return f"n_features must be between 1 and {MAX_FEATURES}"
        return None if 1e-100 <= self.L <= 1e100 else "L must be between 1e-100 and 1e100"

    def make(self) -> tuple[csr_array, PerSample, Vector]:
        """Return X, y and the minimiser."""
        from scipy.sparse import csr_array

        d = self.n_features
        size = math.sqrt((d + 1) * self.L / 4)
        # Rows 1 and d + 1 have one entry, all others two.
        row_ends = np.minimum(2 * np.arange(1, d + 2, dtype=np.int32) - 1, 2 * d)
        indptr = np.concatenate([[0], row_ends]).astype(np.int32)
        indices = np.repeat(np.arange(d, dtype=np.int32), 2)
        X = csr_array((np.tile([size, -size], d), indices, indptr), shape=(d + 1, d))
        X.has_canonical_format = True
        y = np.zeros(d + 1)
        y[0] = size
        return X, y, 1.0 - np.arange(1, d + 1) / (d + 1)
