"""Scaling of the columns or the rows of X, by the definitions of `sklearn.preprocessing`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.errors import UsageError
from lrbench.matrix import DataMatrix
from lrbench.registry import did_you_mean

if TYPE_CHECKING:
    from lrbench.matrix import Matrix

BLOCK = 1 << 20
"""Entries of a sparse matrix looked at in one go."""


def check_scaling(how: str) -> None:
    """Raise `UsageError` where there is no scaling `how`."""
    if how not in SCALINGS:
        raise UsageError(f"there is no scaling {how!r}.", did_you_mean(how, SCALINGS))


def scaled(X: Matrix, how: str) -> Matrix:
    """Return `X` scaled; `X` itself where nothing changes.

    Parameters
    ----------
    X
        (n_samples, n_features), never written to.
    how
        ``none``; ``maxabs``: each column over its largest absolute value; ``standard``: each column
        minus its mean over its standard deviation (that of n, not n - 1); ``unit-rows``: each row
        over its Euclidean norm.

    Returns
    -------
    Matrix
        A sparse result shares its indices with `X`.

    Raises
    ------
    UsageError
        For an unknown scaling, or ``standard`` on a sparse matrix.

    Notes
    -----
    A column that is zero (maxabs) or constant (standard) and a row that is zero (unit-rows) are
    divided by 1.
    """
    check_scaling(how)
    return SCALINGS[how](X)


def _none(X: Matrix) -> Matrix:
    return X


def _maxabs(X: Matrix) -> Matrix:
    factors = _largest(X)
    factors[factors == 0] = 1.0
    if (factors == 1).all():
        return X
    if isinstance(X, np.ndarray):
        return X / factors
    data = factors[X.indices]
    return _with_data(X, np.divide(X.data, data, out=data))


def _largest(X: Matrix) -> Vector:
    """Return the largest absolute value of every column."""
    if isinstance(X, np.ndarray):
        dense: Vector = np.maximum(X.max(axis=0), -X.min(axis=0))
        return dense
    largest = np.zeros(X.shape[1])
    for start in range(0, X.nnz, BLOCK):
        part = slice(start, start + BLOCK)
        np.maximum.at(largest, X.indices[part], np.abs(X.data[part]))
    return largest


def _standard(X: Matrix) -> Matrix:
    if not isinstance(X, np.ndarray):
        raise UsageError(
            "the scaling 'standard' cannot be used on a sparse matrix.",
            "a sparse matrix is never centred: use maxabs.",
        )
    n = X.shape[0]
    mean = X.mean(axis=0)
    out: NDArray[np.float64] = X - mean
    rest = out.mean(axis=0)  # the mean's own rounding error
    out -= rest
    variance = np.einsum("ij,ij->j", out, out) / n
    # sklearn's test: a column whose variance is no more than its rounding error is constant.
    eps = np.finfo(np.float64).eps
    deviation = np.sqrt(variance)
    deviation[variance <= n * eps * variance + (n * (mean + rest) * eps) ** 2] = 1.0
    out /= deviation
    return out


def _unit_rows(X: Matrix) -> Matrix:
    norms: PerSample = np.sqrt(DataMatrix(X).row_norms_sq())
    norms[norms == 0] = 1.0
    if (norms == 1).all():
        return X
    if isinstance(X, np.ndarray):
        rows: Matrix = X / norms[:, None]
        return rows
    data = np.repeat(norms, np.diff(X.indptr))
    return _with_data(X, np.divide(X.data, data, out=data))


def _with_data(X: Any, data: Vector) -> Matrix:
    """Return the sparse `X` with other values at the same places."""
    result: Matrix = type(X)((data, X.indices, X.indptr), shape=X.shape)
    result.has_canonical_format = True  # type: ignore[union-attr]
    return result


SCALINGS: dict[str, Callable[[Matrix], Matrix]] = {
    "none": _none,
    "maxabs": _maxabs,
    "standard": _standard,
    "unit-rows": _unit_rows,
}
