"""Upper bounds on the largest eigenvalue of X^T X where both sides of X are long."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrbench.objective.linear.matrix import DataMatrix
from lrbench.optimum.point import EPS

POWERS = 100
"""Steps of the power method for bounds on the eigenvalue of data without negative entries."""

CLOSE = 1.001
"""The ratio of the bounds on the largest eigenvalue at which they are close enough."""
LEAST = 1e-100
"""The least entry of the vector, which must be positive, relative to the largest."""

STEPS = 200
"""Lanczos steps: the bound is 0.7 % above the Ritz value if the smaller side of X is 1e4."""

MEMORY = 1 << 25
"""Entries of the Lanczos basis: 256 MiB."""

FAILURE = 1e-12
"""The probability, over the random start, that the Lanczos bound is too small."""


def lanczos_bound(data: DataMatrix, steps: int = STEPS, seed: int = 0) -> float:
    r"""Return an upper bound on the largest eigenvalue of X^T X, valid with probability 1 - 1e-12.

    .. math:: P(\lambda_{\max} > \theta_k / (1 - \epsilon)) \le
        1.648 \sqrt{m} \, e^{-\sqrt{\epsilon} (2k - 1)}

    for the largest Ritz value theta_k after k steps from a start that is uniform on the sphere of
    dimension m = min(n_samples, n_features). It is inf if the steps are too few for any bound.

    Notes
    -----
    A Ritz value plus its residual would bound some eigenvalue, but not necessarily the largest.

    References
    ----------
    Kuczynski and Wozniakowski, Estimating the largest eigenvalue by the power and Lanczos
    algorithms with a random start, SIAM J. Matrix Anal. Appl. 13(4), 1992, Theorem 4.2 (b).
    """
    size = min(data.shape)
    steps = min(steps, size, max(2, MEMORY // size))
    root_epsilon = math.log(1.648 * math.sqrt(size) / FAILURE) / (2 * steps - 1)
    theta = _largest_ritz_value(data, steps, seed)
    return math.inf if root_epsilon >= 1 else theta / (1 - root_epsilon * root_epsilon)


def weighted_norm_bound(data: DataMatrix) -> tuple[float, float]:
    r"""Return bounds on the largest eigenvalue of X^T X from above and from below.

    .. math:: \lambda_{\max}(A) \le \max_j (A v)_j / v_j
        \quad\text{for every positive } v, \text{ if no entry of } A \text{ is negative}

    (Collatz and Wielandt), for A = X^T X, or X X^T if that is smaller. Steps of the power method
    bring both bounds together. They are inf and 0 where X has a negative entry.

    References
    ----------
    Horn and Johnson, Matrix Analysis, 2nd edition, Cambridge, 2012, Theorem 8.1.26.
    """
    X: Any = data.X
    if X.min() < 0.0:
        return math.inf, 0.0
    n, d = data.shape
    first, second = (X.T, X) if n < d else (X, X.T)
    v = np.ones(min(n, d))
    upper, lower = math.inf, 0.0
    # Any positive v will do, however it was rounded.
    for _ in range(POWERS):
        product = second @ (first @ v)
        upper = min(upper, float(np.max(product / v)))
        lower = float(product @ v / (v @ v))
        if upper <= CLOSE * lower:
            break
        v = np.maximum(product / product.max(), LEAST)
    # Sums of terms that are not negative are exact to eps a term.
    return upper * (1.0 + (n + d + 4) * EPS), lower


def norm_bound(data: DataMatrix) -> float:
    """Return min(|X|_F^2, |X|_1 |X|_inf), both above the largest eigenvalue of X^T X."""
    X: Any = abs(data.X)
    row_sum = np.asarray(X.sum(axis=1)).max(initial=0.0)
    column_sum = np.asarray(X.sum(axis=0)).max(initial=0.0)
    return min(float(data.row_norms_sq().sum()), float(row_sum * column_sum))


def _largest_ritz_value(data: DataMatrix, steps: int, seed: int) -> float:
    from scipy.linalg import eigvalsh_tridiagonal

    X = data.X
    wide = data.shape[0] < data.shape[1]
    # A normal vector has a uniform direction, which the theorem requires of the start.
    q = np.random.default_rng(seed).standard_normal(min(data.shape))
    Q = np.empty((steps, q.size))
    alpha, beta = np.zeros(steps), np.zeros(steps)
    for k in range(steps):
        q /= np.linalg.norm(q)
        Q[k] = q
        q = X @ (X.T @ q) if wide else X.T @ (X @ q)
        alpha[k] = Q[k] @ q
        # Of the last two vectors nearly all of q cancels. What rounding leaves of them is taken
        # away with the rest of Q, else Lanczos' method repeats eigenvalues.
        q -= alpha[k] * Q[k]
        if k:
            q -= beta[k - 1] * Q[k - 1]
        q -= Q[: k + 1].T @ (Q[: k + 1] @ q)
        beta[k] = np.linalg.norm(q)
        if beta[k] <= np.finfo(float).eps * alpha[: k + 1].max():
            steps = k + 1  # an invariant subspace: q is only rounding
            break
    return float(eigvalsh_tridiagonal(alpha[:steps], beta[: steps - 1])[-1])
