"""Scaling of X, by the definitions of `sklearn.preprocessing`, and the column of an intercept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.config.registry import did_you_mean
from lrbench.data.dataset import LARGEST
from lrbench.errors import DataError, UsageError, quoted
from lrbench.objective.linear.matrix import DataMatrix

if TYPE_CHECKING:
    from lrbench.arrays import Matrix

BLOCK = 1 << 20
"""The number of entries of a sparse matrix that are read at a time."""

Affine: TypeAlias = tuple[Vector | None, Vector | None]
"""The centre and the divisor of the columns: see `affine`."""


def check_scaling(scaling: Any) -> None:
    """Raise `UsageError` for an unknown scaling."""
    if not isinstance(scaling, str) or scaling not in SCALINGS:
        raise UsageError(
            f"there is no scaling {quoted(scaling)}.",
            did_you_mean(str(scaling), SCALINGS, "scaling"),
        )


def scaled(X: Matrix, scaling: str) -> Matrix:
    """Return `X` scaled, or `X` itself if the scaling does not change it.

    Parameters
    ----------
    X
        (n_samples, n_features); it is never modified.
    scaling
        ``none``; ``maxabs``: each column is divided by its largest absolute value; ``standard``:
        each column is centred and divided by its standard deviation (with n, not n - 1);
        ``unit-rows``: each row is divided by its Euclidean norm.

    Returns
    -------
    Matrix
        (n_samples, n_features); a sparse one shares its indices with `X`.

    Raises
    ------
    UsageError
        For an unknown scaling, or ``standard`` with a sparse matrix.
    DataError
        For numbers too large to be squared in float64, except with ``maxabs``.

    Notes
    -----
    A column that is zero (maxabs) or constant (standard) and a row that is zero (unit-rows) are
    divided by 1.
    """
    return fit_scaling(X, scaling)[0]


def affine(X: Matrix, scaling: str) -> Affine:
    """Return the centre and the divisor such that ``scaled`` returns (X - centre) / divisor.

    Parameters
    ----------
    X, scaling
        As for `scaled`.

    Returns
    -------
    centre, divisor
        Each (n_features,), or None: maxabs has no centre, none and unit-rows have neither.

    Raises
    ------
    UsageError, DataError
        As for `scaled`.

    Notes
    -----
    The two agree to rounding. The cost is that of `scaled`.
    """
    return fit_scaling(X, scaling)[1]


def scaled_like(X: Matrix, scaling: str, fitted: Affine) -> Matrix:
    """Return `X` scaled in the same way as the training data.

    Parameters
    ----------
    X
        (n_samples, n_features), dense if the training data are dense; it is never modified.
    scaling
        As for `scaled`.
    fitted
        The centre and the divisor of the training data, from `affine`.

    Raises
    ------
    DataError
        If the scaled numbers are too large to be squared in float64.
    """
    centre, divisor = fitted
    if scaling == "unit-rows":
        return scaled(X, scaling)
    with np.errstate(over="ignore"):  # what overflows is refused below, with its place
        if divisor is None:
            X_scaled = X
        elif isinstance(X, np.ndarray):
            X_scaled = (X if centre is None else X - centre) / divisor
        else:
            X_scaled = _with_data(X, X.data / divisor[X.indices])
    _check_size(X_scaled)
    return X_scaled


def fit_scaling(X: Matrix, scaling: str) -> tuple[Matrix, Affine]:
    """Return the results of `scaled` and `affine` at the cost of one of them."""
    check_scaling(scaling)
    # maxabs squares nothing, and makes large numbers usable.
    if scaling != "maxabs":
        _check_size(X)
    return SCALINGS[scaling](X)


def _check_size(X: Matrix) -> None:
    """Raise `DataError` for numbers that are too large to be squared in float64."""
    values = X if isinstance(X, np.ndarray) else X.data
    # max and min need no copy of X, as abs would.
    if not values.size or max(values.max(), -values.min()) <= LARGEST:
        return
    position = int(np.abs(values).argmax())
    if isinstance(X, np.ndarray):
        row, column = divmod(position, X.shape[1])
    else:
        row = int(np.searchsorted(X.indptr, position, side="right")) - 1
        column = int(X.indices[position])
    raise DataError(
        f"the value {values.flat[position]:g} of sample {row + 1}, feature {column + 1} is too"
        " large to be squared.",
        "give --scale maxabs, or write that feature in a larger unit.",
    )


def _none(X: Matrix) -> tuple[Matrix, Affine]:
    return X, (None, None)


def _maxabs(X: Matrix) -> tuple[Matrix, Affine]:
    divisor = _largest(X)
    divisor[divisor == 0] = 1.0
    if (divisor == 1).all():
        return X, (None, divisor)
    if isinstance(X, np.ndarray):
        return X / divisor, (None, divisor)
    data = divisor[X.indices]
    return _with_data(X, np.divide(X.data, data, out=data)), (None, divisor)


def _largest(X: Matrix) -> Vector:
    """Return the largest absolute value of every column, (n_features,)."""
    if isinstance(X, np.ndarray):
        dense: Vector = np.maximum(X.max(axis=0), -X.min(axis=0))
        return dense
    largest = np.zeros(X.shape[1])
    for start in range(0, X.nnz, BLOCK):
        block = slice(start, start + BLOCK)
        np.maximum.at(largest, X.indices[block], np.abs(X.data[block]))
    return largest


def _standard(X: Matrix) -> tuple[Matrix, Affine]:
    if not isinstance(X, np.ndarray):
        raise UsageError(
            "the scaling 'standard' cannot be used on a sparse matrix.",
            "a sparse matrix is never centred: use maxabs.",
        )
    n = X.shape[0]
    mean = X.mean(axis=0)
    out: NDArray[np.float64] = X - mean
    correction = out.mean(axis=0)  # the rounding error of the mean
    out -= correction
    variance = np.einsum("ij,ij->j", out, out) / n
    # As in scikit-learn, a column is constant if its variance is at most its rounding error.
    eps = np.finfo(np.float64).eps
    deviation = np.sqrt(variance)
    deviation[variance <= n * eps * variance + (n * (mean + correction) * eps) ** 2] = 1.0
    out /= deviation
    return out, (mean + correction, deviation)


def _unit_rows(X: Matrix) -> tuple[Matrix, Affine]:
    norms: PerSample = np.sqrt(DataMatrix(X).row_norms_sq())
    norms[norms == 0] = 1.0
    if (norms == 1).all():
        return X, (None, None)
    if isinstance(X, np.ndarray):
        return X / norms[:, None], (None, None)
    data = np.repeat(norms, np.diff(X.indptr))
    return _with_data(X, np.divide(X.data, data, out=data)), (None, None)


def _with_data(X: Any, data: Vector) -> Matrix:
    """Return the sparse `X` with other values of its entries."""
    rescaled: Matrix = type(X)((data, X.indices, X.indptr), shape=X.shape)
    rescaled.has_canonical_format = True  # type: ignore[union-attr]
    return rescaled


def with_intercept(X: Matrix) -> Matrix:
    """Return `X` with a column of ones appended last, (n_samples, n_features + 1)."""
    n, d = X.shape
    if isinstance(X, np.ndarray):
        out = np.empty((n, d + 1))
        out[:, :d] = X
        out[:, d] = 1.0
        return out
    row_ends = X.indptr[1:]
    fits = max(int(X.nnz) + n, d + 1) <= np.iinfo(np.int32).max
    index_type = np.int32 if fits else np.int64
    indptr = X.indptr.astype(index_type) + np.arange(n + 1, dtype=index_type)
    # At the end of each row, so that the indices of a row still ascend.
    indices = np.insert(X.indices.astype(index_type, copy=False), row_ends, d)
    widened = type(X)((np.insert(X.data, row_ends, 1.0), indices, indptr), shape=(n, d + 1))
    widened.has_canonical_format = True
    return widened


SCALINGS: dict[str, Callable[[Matrix], tuple[Matrix, Affine]]] = {
    "none": _none,
    "maxabs": _maxabs,
    "standard": _standard,
    "unit-rows": _unit_rows,
}
