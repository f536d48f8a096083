"""An upper bound on the largest eigenvalue of X^T X where it is too large to be factorised."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrbench.objective.linear.matrix import DataMatrix

STEPS = 300
"""Lanczos steps: the bound is 0.3 % above the Ritz value where the smaller side is 1e4."""

MEMORY = 1 << 25
"""Entries of the Lanczos basis: 256 MiB."""

FAILURE = 1e-12
"""The probability, over the random start, that the bound is not a bound."""


def lanczos_bound(data: DataMatrix, steps: int = STEPS, seed: int = 0) -> float:
    r"""Return an upper bound on the largest eigenvalue of X^T X, valid with probability 1 - 1e-12.

    .. math:: P(\lambda_{\max} > \theta_k / (1 - \epsilon)) \le
        1.648 \sqrt{m} \, e^{-\sqrt{\epsilon} (2k - 1)}

    for the largest Ritz value theta_k after k steps from a start that is uniform on the sphere of
    dimension m = min(n_samples, n_features). inf where the steps are too few for any bound.

    Notes
    -----
    A Ritz value plus its residual would bound some eigenvalue, not the largest one.

    References
    ----------
    Kuczynski and Wozniakowski, Estimating the largest eigenvalue by the power and Lanczos
    algorithms with a random start, SIAM J. Matrix Anal. Appl. 13(4), 1992, Theorem 4.2 (b).
    """
    size = min(data.shape)
    steps = min(steps, size, max(2, MEMORY // size))
    root = math.log(1.648 * math.sqrt(size) / FAILURE) / (2 * steps - 1)
    theta = _largest_ritz_value(data, steps, seed)
    return math.inf if root >= 1 else theta / (1 - root * root)


def norm_bound(data: DataMatrix) -> float:
    """Return min(|X|_F^2, |X|_1 |X|_inf), both above the largest eigenvalue of X^T X."""
    X: Any = abs(data.X)
    rows = np.asarray(X.sum(axis=1)).max(initial=0.0)
    columns = np.asarray(X.sum(axis=0)).max(initial=0.0)
    return min(float(data.row_norms_sq().sum()), float(rows * columns))


def _largest_ritz_value(data: DataMatrix, steps: int, seed: int) -> float:
    from scipy.linalg import eigvalsh_tridiagonal

    X = data.X
    wide = data.shape[0] < data.shape[1]
    q = np.random.default_rng(seed).standard_normal(min(data.shape))
    Q = np.empty((steps, q.size))
    alpha, beta = np.zeros(steps), np.zeros(steps)
    for k in range(steps):
        q /= np.linalg.norm(q)
        Q[k] = q
        q = X @ (X.T @ q) if wide else X.T @ (X @ q)
        alpha[k] = Q[k] @ q
        for _ in range(2):
            q -= Q[: k + 1].T @ (Q[: k + 1] @ q)
        beta[k] = np.linalg.norm(q)
        if beta[k] <= np.finfo(float).eps * alpha[: k + 1].max():
            steps = k + 1
            break
    return float(eigvalsh_tridiagonal(alpha[:steps], beta[: steps - 1])[-1])
