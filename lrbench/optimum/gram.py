"""Dense Gram matrices and the R factor of X, computed one dense block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample
from lrbench.objective.linear.matrix import DataMatrix, row_range

Square = NDArray[np.float64]
"""A square dense matrix."""

BLOCK_ELEMENTS = 1 << 20
"""Entries of one dense row block: 8 MiB."""

LEAST_ROWS = 1024
"""Rows of a block, at least: the cost of its product must exceed that of adding the results."""


def dense_blocks(
    data: DataMatrix, least_rows: int = LEAST_ROWS
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield (rows, X[rows] as a dense array) from top to bottom."""
    n_samples, n_features = data.shape
    size = max(least_rows, BLOCK_ELEMENTS // max(1, n_features))
    for start in range(0, n_samples, size):
        rows = slice(start, min(start + size, n_samples))
        block = row_range(data.X, rows)
        yield rows, block if isinstance(block, np.ndarray) else block.toarray()


def feature_gram(
    data: DataMatrix,
    weights: PerSample | None = None,
    basis: NDArray[np.float64] | None = None,
) -> Square:
    """Return B^T X^T diag(weights) X B.

    Parameters
    ----------
    weights
        Non-negative, (n_samples,); None stands for ones.
    basis
        B, (n_features, rank); None stands for the identity.
    """
    size = data.shape[1] if basis is None else basis.shape[1]
    H = np.zeros((size, size))
    for rows, X in dense_blocks(data):
        A = X if basis is None else X @ basis
        if weights is not None:
            # With the square root on both sides A.T @ A is symmetric to the last bit.
            A = A * np.sqrt(weights[rows])[:, None]
        H += A.T @ A
    return H


def sample_gram(data: DataMatrix) -> Square:
    """Return X X^T, (n_samples, n_samples)."""
    product = data.X @ data.X.T
    return product if isinstance(product, np.ndarray) else np.asarray(product.toarray())


def triangle(data: DataMatrix) -> NDArray[np.float64]:
    """Return R of the QR factorisation of X, (min(n_samples, n_features), n_features).

    Its singular values and right singular vectors are those of X. They are as accurate as if they
    were computed from X, which those of the Gram matrix are not: it squares the condition number.
    """
    from scipy.linalg import qr

    R: NDArray[np.float64] = np.zeros((0, data.shape[1]))
    # R is factorised anew with every block: blocks of 4 n_features rows or more keep that cheap.
    for _, X in dense_blocks(data, least_rows=max(LEAST_ROWS, 4 * data.shape[1])):
        (stacked,) = qr(np.vstack([R, X]), mode="r", overwrite_a=True, check_finite=False)
        R = np.asarray(stacked[: data.shape[1]], dtype=np.float64)
    return R
