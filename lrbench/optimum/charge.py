r"""What a dual point that is not quite feasible costs, where no penalty holds the coefficients.

Without a penalty, inf F >= -mean phi*(u) needs X^T u = 0, which rounding never meets. The rest is

.. math:: \langle u, X w \rangle \le \varepsilon \, \|(X w)_A\|_2, \qquad
    \varepsilon = \|T^\top X_A^\top u_A\|_2 / \sqrt{1 - \rho}, \qquad
    \|T^\top X_A^\top X_A T - I\|_2 \le \rho < 1,

for every w, every invertible T and every set A of samples with u = 0 outside A: it depends on the
scores alone. These are bounded wherever F(w) <= F at the point found. T need not be accurate, for
rho is measured.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.losses.absolute import Absolute
from lrbench.losses.hinge import Hinge
from lrbench.losses.huber import Huber
from lrbench.losses.logistic import Logistic
from lrbench.losses.quantile import Quantile
from lrbench.losses.squared import Squared
from lrbench.losses.squared_hinge import SquaredHinge
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.point import EPS

Array = NDArray[np.float64]

MOST_ENTRIES = 1 << 20
"""Entries of X up to which the charge is computed: its products are summed exactly."""

SPLIT = 2.0**27 + 1.0
"""Veltkamp's constant: it splits a float64 into two halves whose products are exact."""


def charge(objective: LinearObjective, u: PerSample, value: float) -> float | None:
    """Return a bound on mean u_i x_i'w over all w with F(w) <= `value`.

    Parameters
    ----------
    objective
        An objective without a penalty.
    u
        Slopes in the domain of the conjugate, (n_samples,).
    value
        F at a known point, rounded up.

    Returns
    -------
    float or None
        inf if `u` does not prove that no direction separates the classes. None if X is too large
        for this, if its columns may be dependent, or if the scores of the loss are not bounded.
    """
    X = objective.data.X
    n, d = X.shape
    if n * d > MOST_ENTRIES or not math.isfinite(value):
        return None
    rows = np.asarray(X if isinstance(X, np.ndarray) else X.toarray())
    total = n * max(value, 0.0) * (1 + 4 * EPS)
    classes = isinstance(objective.loss, Hinge | SquaredHinge | Logistic)
    weights = np.ones(n)
    if classes:
        size = np.abs(np.where(u != 0.0, u, 1.0))
        weights = np.where(u != 0.0, np.exp2(np.round(np.log2(size))), 0.0)
    T, rho = _basis(rows * weights[:, None])
    if T is None:
        return None
    q = _exact_products(rows, u)
    epsilon = float(np.linalg.norm(np.abs(T.T @ q) + d * EPS * (np.abs(T).T @ np.abs(q))))
    epsilon /= math.sqrt(1.0 - rho)
    if classes:
        margins = math.sqrt(2.0 * n * total) if isinstance(objective.loss, SquaredHinge) else total
        slack = 1.0 - math.sqrt(2.0) * epsilon
        if slack <= 0.0:
            return math.inf
        largest = float(np.abs(u).max())
        bound: float = 2.0 * math.sqrt(2.0) * epsilon * largest * margins / (n * slack)
        return bound
    scores = _scores_norm(objective, total)
    return None if scores is None else epsilon * scores / n


def _scores_norm(objective: LinearObjective, total: float) -> float | None:
    """Return a bound on |X w|_2 wherever the losses sum to at most `total`."""
    loss, y = objective.loss, float(np.linalg.norm(objective.y))
    if isinstance(loss, Squared):
        return y + math.sqrt(2.0 * total)
    if isinstance(loss, Absolute):
        return y + total
    if isinstance(loss, Quantile):
        return y + total / min(loss.level, 1.0 - loss.level)
    if isinstance(loss, Huber):
        return y + math.sqrt(2.0 * total) + 2.0 * total / loss.threshold
    return None


def _basis(B: Array) -> tuple[Array | None, float]:
    """Return an invertible T for which B T has nearly orthonormal columns, and rho.

    None if there is none in float64.
    """
    from scipy.linalg import qr, solve_triangular

    n, d = B.shape
    if n < d:
        return None, 1.0
    size = np.sqrt(np.square(B).sum(axis=0))
    if not (size > 0.0).all():
        return None, 1.0
    R, order = qr(B / size, mode="r", pivoting=True, check_finite=False)
    R = R[:d]
    if not (np.abs(np.diag(R)) > 0.0).all():
        return None, 1.0
    T = np.zeros((d, d))
    T[order] = solve_triangular(R, np.eye(d), check_finite=False)
    T /= size[:, None]
    if not np.isfinite(T).all():
        return None, 1.0
    Y = _product(B, T)
    rho = float(np.linalg.norm(Y.T @ Y - np.eye(d))) + 4 * n * d * EPS
    return (T, rho) if rho < 0.5 else (None, 1.0)


def _product(B: Array, T: Array) -> Array:
    """Return B T, rounded once: the sums are kept in twice the precision."""
    high, low = np.zeros((len(B), T.shape[1])), np.zeros((len(B), T.shape[1]))
    for column, row in zip(B.T, T, strict=True):
        product, error = _two_product(column[:, None], row[None, :])
        total = high + product
        part = total - high
        low += (high - (total - part)) + (product - part) + error
        high = total
    return high + low


def _exact_products(X: Array, u: PerSample) -> Vector:
    """Return X^T u, each entry the exact sum rounded once."""
    product, error = _two_product(X, u[:, None])
    both = np.concatenate([product, error])
    return np.array([math.fsum(column) for column in both.T])


def _two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """Return a b rounded, and the error of that: together they are exact (Dekker)."""
    product = a * b
    high_a, high_b = a * SPLIT, b * SPLIT
    high_a, high_b = high_a - (high_a - a), high_b - (high_b - b)
    low_a, low_b = a - high_a, b - high_b
    error = ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b
    return product, error
