"""Scaling of the columns or the rows of X, by the definitions of `sklearn.preprocessing`."""

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
    from lrbench.objective.linear.matrix import Matrix

BLOCK = 1 << 20
"""Entries of a sparse matrix looked at in one go."""

Affine: TypeAlias = tuple[Vector | None, Vector | None]


def check_scaling(how: str) -> None:
    """Raise `UsageError` where there is no scaling `how`."""
    if how not in SCALINGS:
        raise UsageError(f"there is no scaling {quoted(how)}.", did_you_mean(how, SCALINGS))


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
    DataError
        For numbers too large to be squared in float64, unless by ``maxabs``.

    Notes
    -----
    A column that is zero (maxabs) or constant (standard) and a row that is zero (unit-rows) are
    divided by 1.
    """
    return fit_scaling(X, how)[0]


def affine(X: Matrix, how: str) -> Affine:
    """Return the centre and the divisor with which ``scaled(X, how)`` is (X - centre) / divisor.

    Parameters
    ----------
    X, how
        As for `scaled`.

    Returns
    -------
    centre, divisor
        Each (n_features,), or None where nothing is subtracted or no column is divided: maxabs has
        no centre, none and unit-rows have neither.

    Raises
    ------
    UsageError, DataError
        As for `scaled`.

    Notes
    -----
    Equal to rounding, and at the cost of `scaled`.
    """
    return fit_scaling(X, how)[1]


def scaled_like(X: Matrix, how: str, fitted: Affine) -> Matrix:
    """Return `X` scaled as other samples of the same features were.

    Parameters
    ----------
    X
        (n_samples, n_features), dense where they were; never written to.
    how
        As for `scaled`.
    fitted
        The centre and the divisor of the other samples, from `affine`.

    Raises
    ------
    DataError
        For numbers too large to be squared in float64 afterwards.
    """
    centre, divisor = fitted
    if how == "unit-rows":
        return scaled(X, how)
    with np.errstate(over="ignore"):
        if divisor is None:
            out = X
        elif isinstance(X, np.ndarray):
            out = (X if centre is None else X - centre) / divisor
        else:
            out = _with_data(X, X.data / divisor[X.indices])
    _check_size(out)
    return out


def fit_scaling(X: Matrix, how: str) -> tuple[Matrix, Affine]:
    """Return what `scaled` and `affine` return, at the cost of one of them."""
    check_scaling(how)
    if how != "maxabs":
        _check_size(X)
    return SCALINGS[how](X)


def _check_size(X: Matrix) -> None:
    """Raise `DataError` for numbers that cannot be squared."""
    values = X if isinstance(X, np.ndarray) else X.data
    if not values.size or max(values.max(), -values.min()) <= LARGEST:
        return
    place = int(np.abs(values).argmax())
    if isinstance(X, np.ndarray):
        row, column = divmod(place, X.shape[1])
    else:
        row, column = int(np.searchsorted(X.indptr, place, side="right")) - 1, X.indices[place]
    raise DataError(
        f"the value {values.flat[place]:g} of sample {row + 1}, feature {column + 1} is too large"
        " to be squared.",
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
    """Return the largest absolute value of every column."""
    if isinstance(X, np.ndarray):
        dense: Vector = np.maximum(X.max(axis=0), -X.min(axis=0))
        return dense
    largest = np.zeros(X.shape[1])
    for start in range(0, X.nnz, BLOCK):
        part = slice(start, start + BLOCK)
        np.maximum.at(largest, X.indices[part], np.abs(X.data[part]))
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
    rest = out.mean(axis=0)  # the mean's own rounding error
    out -= rest
    variance = np.einsum("ij,ij->j", out, out) / n
    # sklearn's test: a column whose variance is no more than its rounding error is constant.
    eps = np.finfo(np.float64).eps
    deviation = np.sqrt(variance)
    deviation[variance <= n * eps * variance + (n * (mean + rest) * eps) ** 2] = 1.0
    out /= deviation
    return out, (mean + rest, deviation)


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
    """Return the sparse `X` with other values at the same places."""
    result: Matrix = type(X)((data, X.indices, X.indptr), shape=X.shape)
    result.has_canonical_format = True  # type: ignore[union-attr]
    return result


SCALINGS: dict[str, Callable[[Matrix], tuple[Matrix, Affine]]] = {
    "none": _none,
    "maxabs": _maxabs,
    "standard": _standard,
    "unit-rows": _unit_rows,
}
