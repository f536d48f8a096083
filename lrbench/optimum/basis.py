"""A matrix T for which the columns of B T are nearly orthonormal, and how nearly they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Mask, PerSample, Vector
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.optimum.double_double import matrix_product, product_error, two_product, two_sum
from lrbench.optimum.gram import feature_gram

Array = NDArray[np.float64]

EPS = float(np.finfo(float).eps)

NEAR = 1e-10
"""Pivots of the Gram matrix of unit columns below which a column may depend on the others."""

LARGEST_RHO = 0.5
"""The largest deviation from orthonormal columns that is accepted."""

ACCURATE = 1 << 25
"""n_samples n_features^2 up to which a basis is computed in twice the precision."""

DEPENDENT = 1e-25
"""What is left of a column beside the others, relative to its size, below which it is taken as a
combination of them: products in twice the precision know no smaller numbers."""

SPLIT_OFF = 1e-7
"""Diagonal entries of R below which a column is projected once more and factorised later."""

ORTHONORMAL = 1e-3
"""The deviation from orthonormal columns with which the rounds end."""

ROUNDS = 8

LARGEST_INTEGER = 1 << 10
"""The largest coefficient with which columns are shown to be dependent."""

CLOSE = 1e-6
"""Distance to an integer that is put down to rounding: the sums show whether it was."""


@dataclass(frozen=True, eq=False)
class Basis:
    """T with range(B T) = range(B) for a matrix B of n_samples rows.

    Parameters
    ----------
    high, low
        T is their sum, (n_features, rank).
    rho
        A bound on the norm of (B T)^T B T - I, below 1.
    presumed
        How many columns of B agree with a combination of the others to 25 digits and were therefore
        taken as dependent. Of the others that are left out that was shown in exact arithmetic.
    """

    high: Array
    low: Array
    rho: float
    presumed: int = 0


def column_basis(data: DataMatrix, weights: PerSample | None = None) -> Basis | None:
    """Return a basis for the columns of diag(weights) X; None if none can be computed.

    Parameters
    ----------
    weights
        Powers of two, and 0 for the samples that are left out, (n_samples,); None stands for ones.

    Notes
    -----
    T is the inverse of the Cholesky factor of the Gram matrix where that is accurate enough, which
    the rounding of the Gram matrix decides. Else QR factorisations of B T, with T and the product
    in twice the precision, are repeated until its columns are orthonormal: each of them multiplies
    the condition number that can be handled by 1e7.
    """
    basis = _from_gram(data, weights)
    n, d = data.shape
    if basis is not None or n * d * d > ACCURATE:
        return basis
    X = data.X
    rows = np.arange(n) if weights is None else np.flatnonzero(weights)
    B = np.asarray(X[rows] if isinstance(X, np.ndarray) else X[rows].toarray())
    return _from_rounds(B if weights is None else B * weights[rows, None])


def _from_gram(data: DataMatrix, weights: PerSample | None) -> Basis | None:
    from scipy.linalg.lapack import dpstrf

    n, d = data.shape
    G = feature_gram(data, None if weights is None else weights * weights)
    diagonal = np.diag(G)
    if not np.isfinite(diagonal).all():
        return None
    unit = np.where(diagonal > 0.0, np.exp2(np.round(0.5 * np.log2(diagonal + (diagonal == 0)))), 1)
    G = G / unit[:, None] / unit
    factor, order, rank, _ = dpstrf(G, tol=NEAR)
    rank, order = (int(rank) if diagonal.any() else 0), order - 1
    kept, left_out = order[:rank], order[rank:]
    R = np.triu(factor[:rank, :rank])
    inverse = _inverse(R)
    error = np.linalg.norm(inverse.T @ G[np.ix_(kept, kept)] @ inverse - np.eye(rank))
    # Rounding changes an entry of the Gram matrix by n eps times the product of two column norms,
    # and the product with T on both sides likewise.
    size = np.sqrt(np.diag(G)[kept])
    error += (n + 4 * d + 16) * EPS * float(np.linalg.norm(np.abs(inverse).T @ size)) ** 2
    if not error < LARGEST_RHO:
        return None
    high = np.zeros((d, rank))
    high[kept] = inverse / unit[kept, None]
    coefficients = np.zeros((d, len(left_out)))
    coefficients[kept] = -(inverse @ (inverse.T @ G[np.ix_(kept, left_out)]))
    coefficients *= unit[left_out] / unit[:, None]
    coefficients[left_out, np.arange(len(left_out))] = 1.0
    dependent = _all_dependent(data.X, None if weights is None else weights > 0.0, coefficients)
    return Basis(high, np.zeros_like(high), float(error)) if dependent else None


def _all_dependent(X: Any, rows: Mask | None, coefficients: Array) -> bool:
    """Return whether X C = 0 on some rows, for integers C near multiples of the coefficients."""
    if not coefficients.size:
        return True
    C = np.array([_integers(c) for c in coefficients.T]).T
    if not C.any(axis=0).all():
        return False
    # Sums of products of small integers are exact in any order.
    if isinstance(X, np.ndarray):
        largest, integral = np.abs(X).max(axis=0), (np.rint(X) == X).all(axis=0)
    else:
        largest, integral = abs(X).max(axis=0).toarray().ravel(), np.ones(X.shape[1], dtype=bool)
        integral[X.indices[np.rint(X.data) != X.data]] = False
    small = largest @ np.abs(C) < 2.0**53
    at_once = small & ~(C[~integral] != 0.0).any(axis=0)
    residual = np.asarray(X @ np.where(integral[:, None], C[:, at_once], 0.0))
    if (residual if rows is None else residual[rows]).any():
        return False
    columns: Any = X if isinstance(X, np.ndarray) else X.tocsc()
    for c in C[:, ~at_once].T:
        used = np.flatnonzero(c)
        B: Any = columns[:, used]
        B = B if isinstance(B, np.ndarray) else B.toarray()
        if not _vanishes(B if rows is None else B[rows], c[used]):
            return False
    return True


def _from_rounds(B: Array) -> Basis | None:
    n, d = B.shape
    largest = np.abs(B).max(axis=0, initial=0.0)
    origin = np.flatnonzero(largest > 0.0)
    unit = np.exp2(-np.frexp(largest[origin])[1].astype(np.float64))
    U = B[:, origin] * unit
    high = np.eye(len(origin))
    low = np.zeros_like(high)
    presumed = rank = 0
    for _ in range(ROUNDS):
        rows, rest = matrix_product(U, high, low)
        if rank == high.shape[1]:
            rounding = product_error(d) * np.linalg.norm(np.abs(U) @ np.abs(high), axis=0)
            rho = _deviation(rows, rest, rounding)
            if rho < ORTHONORMAL:
                T = np.zeros((2, d, rank))
                T[0, origin], T[1, origin] = high * unit[:, None], low * unit[:, None]
                return Basis(T[0], T[1], rho, presumed)
        norm = np.linalg.norm(rows, axis=0)
        kept = norm > DEPENDENT * np.abs(high).max(axis=0, initial=0.0)
        kept[:rank] = True
        presumed += sum(not _combination(U, high[:, k]) for k in np.flatnonzero(~kept))
        scale = np.exp2(-np.round(np.log2(norm[kept])))
        scale[:rank] = 1.0
        step, rank = _step(rows[:, kept] * scale, rank)
        if rank == n:  # the columns span R^n: those that are left lie in it
            step = step[:, :n]
        high, low = _times(high[:, kept] * scale, low[:, kept] * scale, step)
        if not np.isfinite(high).all():
            break
    return None


def _inverse(R: Any) -> Array:
    """Return the inverse of an upper triangular matrix, which may be empty."""
    from scipy.linalg import solve_triangular

    if not R.size:  # which older versions of SciPy refuse
        return np.zeros((0, 0))
    inverse: Array = solve_triangular(R, np.eye(len(R)), check_finite=False)
    return inverse


def _step(Y: Array, rank: int) -> tuple[Array, int]:
    """Return the matrix that makes the first columns of Y orthonormal, and how many these are.

    The first `rank` columns, which are nearly orthonormal, stay before the others. What is left of
    these, of length 1 to 2, is factorised with pivoting, and projected only where little is left.
    """
    from scipy.linalg import qr

    Q, R = qr(Y[:, :rank], mode="economic", check_finite=False)
    inverse = _inverse(R[:rank])
    shares = Q.T @ Y[:, rank:]
    R, order = qr(Y[:, rank:] - Q @ shares, mode="r", pivoting=True, check_finite=False)
    added = int(np.count_nonzero(np.abs(np.diag(R)) > SPLIT_OFF))
    block = np.eye(len(order))
    block[:added, :added] = _inverse(R[:added, :added])
    block[:added, added:] = -block[:added, :added] @ R[:added, added:]
    step = np.zeros((Y.shape[1], Y.shape[1]))
    step[:rank, :rank] = inverse
    step[:rank, rank:] = -inverse @ shares[:, order] @ block
    step[rank + order, rank:] = block
    return step, rank + added


def _times(high: Array, low: Array, step: Array) -> tuple[Array, Array]:
    """Return (high + low) step in twice the precision."""
    product, rest = matrix_product(high, step, np.zeros_like(step))
    return two_sum(product, rest + low @ step)


def _deviation(rows: Array, rest: Array, rounding: Vector) -> float:
    """Return a bound on |Y^T Y - I| for Y = rows + rest up to `rounding` in every column."""
    n, r = rows.shape
    norms = np.linalg.norm(rows, axis=0)
    off = float(np.linalg.norm(rows.T @ rows - np.eye(r)))
    off += (n + 4) * EPS * float(norms @ norms)
    change = float(np.linalg.norm(np.linalg.norm(rest, axis=0) + rounding))
    bound: float = off + 2.0 * float(np.linalg.norm(norms)) * change + change * change
    return bound


def _combination(B: Array, c: Vector) -> bool:
    """Return whether B c = 0 for integers near a multiple of `c`."""
    integers = _integers(c)
    return bool(integers.any()) and _vanishes(B, integers)


def _integers(c: Vector) -> Vector:
    """Return integers near a multiple of `c`, or zeros if there are no small ones."""
    multiples = np.arange(1, LARGEST_INTEGER)[:, None] * (c / np.abs(c).max())
    integers = np.round(multiples)
    close = np.flatnonzero(np.abs(multiples - integers).max(axis=1) < CLOSE)
    return np.asarray(integers[close[0]]) if len(close) else np.zeros_like(c)


def _vanishes(B: Array, c: Vector) -> bool:
    """Return whether B c = 0, by sums without any rounding."""
    total = np.zeros(len(B))
    for k in np.flatnonzero(c):
        product, product_rest = two_product(B[:, k], c[k])
        total, sum_rest = two_sum(total, product)
        if product_rest.any() or sum_rest.any():
            return False
    return not total.any()
