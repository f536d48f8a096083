"""Exact changes of variable that bring the columns of X near 0 and to size 1.

Reference solvers and rounding depend on the unit and on the offset of a column, but the minimum of
F does not. A column is therefore divided by a power of two where no penalty is on its coefficient,
and one of its own entries is subtracted from it where a free intercept can take the offset. Both
are exact in float64: the objective in the new variables is F itself, not a function near it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lrbench.arrays import Vector
from lrbench.cache.content_hash import matrix_of
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.objective import LinearObjective

if TYPE_CHECKING:
    from lrbench.arrays import Matrix

FAR = 2.0
"""A column is centred if its entries have one sign and the largest is at most this times the
smallest in size: the differences of such numbers are exact (Sterbenz's lemma)."""

USUAL = 2.0**10
"""Columns whose largest entry is between 1 / USUAL and USUAL keep their unit."""

EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class Variables:
    """The change between w and the coefficients v of the centred and scaled columns.

    Column j of the new data is (x_j - shift_j) / scale_j. Hence w_j = v_j / scale_j, and the
    intercept of w is that of v minus the sum of shift_j w_j.

    Parameters
    ----------
    scale
        Powers of two, (n_features,).
    shift
        Entries of the columns, (n_features,); 0 for a column that is not centred.
    """

    scale: Vector
    shift: Vector

    def from_original(self, w: Vector) -> Vector:
        """Return the v of a w, rounded to float64."""
        v = w * self.scale
        if self.shift.any():
            v[-1] += self.shift @ w
        return v

    def to_original(self, v: Vector) -> Vector:
        """Return the w of a v, rounded to float64."""
        w = v / self.scale
        if self.shift.any():
            w[-1] -= self.shift @ w
        return w

    def distance(self, error: float, v: Vector) -> float:
        """Return a bound on |w - w*| from |v - v*| <= `error`, for w = `to_original` (v).

        The change is linear; its norm is at most its Frobenius norm. Rounding adds to it.
        """
        inverse = 1.0 / self.scale
        norm = float(np.sqrt(np.sum(inverse**2) + np.sum((self.shift * inverse) ** 2)))
        w = np.abs(v * inverse)
        rounding = (len(v) + 4) * EPS * float(np.linalg.norm(w) + np.abs(self.shift) @ w)
        return norm * error + rounding


def in_usual_variables(objective: LinearObjective) -> tuple[LinearObjective, Variables] | None:
    """Return the objective on columns near 0 and of size about 1, and the change of variables.

    Returns
    -------
    tuple or None
        None if every column has a usual offset and unit, as after any scaling.

    Notes
    -----
    A penalty is on w itself, so that the columns under it keep their unit. They may be centred all
    the same, because that changes the intercept only, on which there is no penalty.
    """
    X = objective.data.X
    shift = np.zeros(objective.n_features)
    scale = np.ones(objective.n_features)
    if objective.intercept:
        shift = _shifts(X)
    centred = _minus(X, shift) if shift.any() else X
    if objective.penalty.vanishes:
        scale = _units(centred)
    if centred is X and (scale == 1.0).all():
        return None
    data = DataMatrix(_over(centred, scale))
    return replace(objective, data=data), Variables(scale, shift)


def _shifts(X: Matrix) -> Vector:
    """Return the middle entry of every column whose entries are far from 0, and 0 for the others.

    The last column, of ones, is that of the intercept and stays.
    """
    n_samples, n_features = X.shape
    shift = np.zeros(n_features)
    least, most = _ranges(X)
    far = ((least > 0) & (most <= FAR * least)) | ((most < 0) & (least >= FAR * most))
    far[-1] = False
    for j in np.flatnonzero(far & (least < most)):
        # A column that is far from 0 has no zeros, so that all of its entries are stored.
        column = X[:, j] if isinstance(X, np.ndarray) else X.data[X.indices == j]
        shift[j] = np.partition(column, n_samples // 2)[n_samples // 2]
    return shift


def _ranges(X: Matrix) -> tuple[Vector, Vector]:
    """Return the least and the largest entry of every column, with zeros that are not stored."""
    if isinstance(X, np.ndarray):
        return X.min(axis=0), X.max(axis=0)
    least, most = X.min(axis=0), X.max(axis=0)
    return least.toarray().ravel(), most.toarray().ravel()


def _units(X: Matrix) -> Vector:
    """Return for every column the power of two next to its largest entry; 1 for usual columns."""
    least, most = _ranges(X)
    size = np.maximum(most, -least)
    unusual = (size > USUAL) | ((size < 1.0 / USUAL) & (size > 0.0))
    exponent = np.round(np.log2(np.where(unusual, size, 1.0)))
    scale: Vector = np.exp2(exponent)
    # An entry that becomes subnormal would be rounded: such a column keeps its unit.
    exact = np.ones_like(size, dtype=np.bool_)
    for j in np.flatnonzero(unusual):
        column = X[:, j] if isinstance(X, np.ndarray) else X.data[X.indices == j]
        exact[j] = np.array_equal(column / scale[j] * scale[j], column)
    return np.where(exact, scale, 1.0)


def _minus(X: Matrix, shift: Vector) -> Matrix:
    if isinstance(X, np.ndarray):
        return X - shift
    return _with_data(X, X.data - shift[X.indices])


def _over(X: Matrix, scale: Vector) -> Matrix:
    if (scale == 1.0).all():
        return X
    if isinstance(X, np.ndarray):
        return X / scale
    return _with_data(X, X.data / scale[X.indices])


def _with_data(X: Any, data: Vector) -> Matrix:
    return matrix_of({"data": data, "indices": X.indices, "indptr": X.indptr}, X.shape)
