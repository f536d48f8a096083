"""Products and sums in twice the precision of float64, with bounds on what rounding leaves."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.objective.linear.matrix import row_range

if TYPE_CHECKING:
    from lrbench.arrays import Matrix

Array = NDArray[np.float64]

BLOCK_ELEMENTS = 1 << 14
"""Entries of a row block: 128 KiB, so that intermediate arrays stay in a core's cache."""

SPLIT = 2.0**27 + 1.0
"""Veltkamp's constant: it splits a float64 into two halves whose products are exact."""

HALF = 2.0**-53
"""The largest relative error of one rounding."""


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Return a + b rounded, and the error of that: together they are exact (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """Return a b rounded, and the error of that: together they are exact (Dekker)."""
    product = a * b
    high_a, high_b = a * SPLIT, b * SPLIT
    high_a, high_b = high_a - (high_a - a), high_b - (high_b - b)
    low_a, low_b = a - high_a, b - high_b
    error = ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b
    return product, error


def matrix_product(A: Array, high: Array, low: Array) -> tuple[Array, Array]:
    """Return A (high + low) as the unevaluated sum of two arrays.

    Notes
    -----
    With k terms its error is at most `product_error` (k) times |A| |high|: every product and every
    partial sum is exact together with its error, and only the sum of the errors is rounded (Ogita,
    Rump and Oishi, Accurate sum and dot product, SIAM J. Sci. Comput. 26(6), 2005, Theorem 4.5).
    """
    total = np.zeros((len(A), high.shape[1]))
    rest = np.zeros_like(total)
    for column, high_row, low_row in zip(A.T, high, low, strict=True):
        product, product_rest = two_product(column[:, None], high_row[None, :])
        total, sum_rest = two_sum(total, product)
        rest += product_rest + sum_rest + column[:, None] * low_row[None, :]
    return two_sum(total, rest)


def product_error(n_terms: int) -> float:
    """Return the factor of |A| |T| in the error of `matrix_product`."""
    return (n_terms + 2) ** 2 * 2.0**-104


def transposed_product(X: Matrix, u: PerSample) -> tuple[Vector, Vector]:
    r"""Return X^T u, every entry rounded once, and a bound on the errors.

    Notes
    -----
    A term p is split into the part above a power of two, (sigma + p) - sigma, and the rest, where
    sigma is so large that all such parts of a column have an exact sum in any order. Two levels and
    a plain sum of what is left keep some 100 bits below the largest term of the column (Rump, Ogita
    and Oishi, Accurate floating-point summation, SIAM J. Sci. Comput. 31(1), 2008, section 3).
    """
    n_samples, n_features = X.shape
    count = 2.0 ** math.ceil(math.log2(max(2, n_samples)))
    largest = _largest(X) * np.abs(u).max(initial=0.0)
    first = np.where(largest > 0.0, np.ldexp(2.0 * count, np.frexp(largest)[1]), 0.0)
    # What is left of the products and their errors are 2 n terms, each below HALF times `first`.
    second = 4.0 * count * HALF * first
    parts = np.zeros((3, n_features))
    size = max(1, BLOCK_ELEMENTS * n_samples // max(1, _stored(X)))
    for start in range(0, n_samples, size):
        rows = slice(start, min(start + size, n_samples))
        block = row_range(X, rows)
        if isinstance(block, np.ndarray):
            parts += _levels(block, u[rows, None], first, second, lambda p: p.sum(axis=0))
        else:
            column = block.indices
            slopes = np.repeat(u[rows], np.diff(block.indptr))
            sums = partial(np.bincount, column, minlength=n_features)
            parts += _levels(block.data, slopes, first[column], second[column], sums)
    total = np.array([math.fsum(values) for values in parts.T])
    return total, HALF * np.abs(total) + 4.0 * (count * HALF) ** 2 * second


def _levels(
    entries: Array, slopes: Array, first: Array, second: Array, sums: Callable[[Array], Any]
) -> Array:
    """Return the sums of two levels of the products, which are exact, and that of the rest."""
    product, rest = two_product(entries, slopes)
    high = (first + product) - first
    product = product - high
    product_high = (second + product) - second
    rest_high = (second + rest) - second
    left = (product - product_high) + (rest - rest_high)
    return np.stack([sums(high), sums(product_high + rest_high), sums(left)])


def _largest(X: Matrix) -> Vector:
    """Return the largest |entry| of every column."""
    if isinstance(X, np.ndarray):
        return np.asarray(np.maximum(X.max(axis=0), -X.min(axis=0)))
    return np.asarray(np.maximum(X.max(axis=0).toarray(), -X.min(axis=0).toarray())).ravel()


def _stored(X: Matrix) -> int:
    return X.size if isinstance(X, np.ndarray) else int(X.nnz)
