"""The column of ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lrbench.objective.linear.matrix import Matrix


def with_intercept(X: Matrix) -> Matrix:
    """Return `X` with a column of ones appended last, (n_samples, n_features + 1)."""
    n, d = X.shape
    if isinstance(X, np.ndarray):
        out = np.empty((n, d + 1))
        out[:, :d] = X
        out[:, d] = 1.0
        return out
    ends = X.indptr[1:]
    fits = max(int(X.nnz) + n, d + 1) <= np.iinfo(np.int32).max
    kind = np.int32 if fits else np.int64
    indptr = X.indptr.astype(kind) + np.arange(n + 1, dtype=kind)
    indices = np.insert(X.indices.astype(kind, copy=False), ends, d)
    result = type(X)((np.insert(X.data, ends, 1.0), indices, indptr), shape=(n, d + 1))
    result.has_canonical_format = True
    return result
