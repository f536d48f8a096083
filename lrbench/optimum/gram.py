"""Dense Gram matrices and the R factor of X, computed one dense block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample
from lrbench.cache.content_hash import matrix_of
from lrbench.objective.linear.matrix import DataMatrix, row_range

Square = NDArray[np.float64]
"""A square dense matrix."""

BLOCK_ELEMENTS = 1 << 20
"""Entries of one dense row block: 8 MiB."""

LEAST_ROWS = 1024
"""Rows of a block, at least: the cost of its product must exceed that of adding the results."""

KEPT_PAIRS = 1 << 24
"""Products of two entries of a row that are kept, at most: 192 MiB."""

KEPT_FEATURES = 3000
"""Features up to which products are kept: indices of the Gram matrix fit into 32 bits."""

DEARER = 32
"""The cost of a product of two entries of a sparse row, relative to one in a dense product."""


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
    if basis is None and _few_pairs(data):
        # With the square root on both sides the product is symmetric to the last bit.
        A: Any = data.X if weights is None else _scaled_rows(data.X, np.sqrt(weights))
        return np.asarray((A.T @ A).toarray())
    size = data.shape[1] if basis is None else basis.shape[1]
    H = np.zeros((size, size))
    for rows, X in dense_blocks(data):
        B = X if basis is None else X @ basis
        if weights is not None:
            # With the square root on both sides B.T @ B is symmetric to the last bit.
            B = B * np.sqrt(weights[rows])[:, None]
        H += B.T @ B
    return H


class WeightedGram:
    """X^T diag(weights) X for many weights.

    The products of two entries of the same sparse row are kept, so that they are added up only.
    They are made when they are first used.

    Parameters
    ----------
    data
        X.
    """

    def __init__(self, data: DataMatrix) -> None:
        self.data = data

    @cached_property
    def kept(self) -> bool:
        """Whether products are kept."""
        data = self.data
        n_pairs = int(_pairs_of_rows(data.X).sum()) if _few_pairs(data) else 0
        return 0 < n_pairs <= KEPT_PAIRS and data.shape[1] <= KEPT_FEATURES

    @cached_property
    def _products(self) -> tuple[NDArray[np.intp], Any]:
        return _row_products(self.data.X)

    def __call__(self, weights: PerSample) -> Square:
        """Return X^T diag(weights) X, weights non-negative, (n_samples,)."""
        if not self.kept:
            return feature_gram(self.data, weights)
        rows, products = self._products
        d = self.data.shape[1]
        upper = np.asarray(products.T @ weights[rows]).reshape(d, d)
        diagonal = np.diag(upper).copy()
        H: Square = upper + upper.T
        np.fill_diagonal(H, diagonal)
        return H


def _few_pairs(data: DataMatrix) -> bool:
    """Return whether rows are so sparse that products of their entries cost less than dense ones.

    `feature_gram` and `WeightedGram` then go by the entries of X, else by dense blocks of rows.
    """
    if not data.sparse:
        return False
    n, d = data.shape
    return DEARER * int(_pairs_of_rows(data.X).sum()) <= n * d * d


def _pairs_of_rows(X: Any) -> NDArray[np.int64]:
    """Return k (k + 1) / 2 for every row with k entries, (n_samples,)."""
    counts: NDArray[np.int64] = np.diff(X.indptr).astype(np.int64)
    return counts * (counts + 1) // 2


def _scaled_rows(X: Any, factors: PerSample) -> Any:
    data = X.data * np.repeat(factors, np.diff(X.indptr))
    return matrix_of({"data": data, "indices": X.indices, "indptr": X.indptr}, X.shape)


def _row_products(X: Any) -> tuple[NDArray[np.intp], Any]:
    """Return the products x_ij x_ik, j <= k, of the rows of `X`, and the order of the rows.

    They are in CSR form, (n_rows, n_features^2); that of the columns j and k is in column
    j n_features + k. Rows with as many entries follow each other, and empty rows are left out.
    """
    d, counts = X.shape[1], np.diff(X.indptr)
    order, columns, products, lengths = [], [], [], []
    for k in np.unique(counts[counts > 0]):
        rows = np.flatnonzero(counts == k)
        entries = X.indptr[rows][:, None] + np.arange(k, dtype=X.indptr.dtype)
        indices, values = X.indices[entries], X.data[entries]
        first, second = np.triu_indices(k)
        column = np.take(indices * np.int32(d), first, axis=1)
        column += np.take(indices, second, axis=1)
        product = np.take(values, first, axis=1)
        product *= np.take(values, second, axis=1)
        order.append(rows)
        columns.append(column.ravel())
        products.append(product.ravel())
        lengths.append(np.full(len(rows), len(first)))
    arrays = {
        "data": np.concatenate(products),
        "indices": np.concatenate(columns).astype(np.int32, copy=False),
        "indptr": np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int32),
    }
    rows = np.concatenate(order)
    return rows, matrix_of(arrays, (len(rows), d * d))


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
