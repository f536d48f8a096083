"""The subspace in which the direct solver looks for a minimiser."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Vector
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.gram import triangle

DIRECT = 3000
"""min(n_samples, n_features) up to which the Hessian is factorised."""

DENSE = 1 << 25
"""Entries of X up to which wide data are converted to a dense array: 256 MiB."""

ILL_CONDITIONED = 1e-6
"""Ratio of singular values below which Newton's method works in the singular basis."""


@dataclass(frozen=True, eq=False)
class Singular:
    """The singular values of X."""

    values: NDArray[np.float64]
    """Descending, (min(n_samples, n_features),)."""
    rank: int
    """The rank of X, counted after its columns (or its rows, if they are fewer) have been scaled to
    unit length: it must not depend on the units of the features."""


@dataclass(frozen=True, eq=False)
class RowSpace:
    """An orthonormal basis of a subspace that holds a minimiser.

    Without a penalty F is constant along null(X). Steps then stay in the row space of X, so that
    Newton's method converges to the minimiser nearest to w_0. With l2 the minimiser is unique, and
    the subspace only saves time on wide data.
    """

    basis: NDArray[np.float64] | None
    """(n_features, rank), orthonormal columns; None stands for all of R^d."""
    singular: Singular | None
    """The singular values of X; None if they were not computed."""

    def start(self, w0: Vector, penalised: bool) -> Vector:
        """Return where Newton's method starts: the part of w_0 in null(X), or 0 with a penalty."""
        if penalised or self.basis is None:
            return np.zeros_like(w0)
        return w0 - self.basis @ (self.basis.T @ w0)


def direct(objective: LinearObjective) -> bool:
    """Return whether the Hessian is small enough to be factorised, in a basis if X is wide."""
    n, d = objective.data.shape
    return d <= min(n, DIRECT) or (n < d and n <= DIRECT and n * d <= DENSE)


def row_space(objective: LinearObjective) -> RowSpace:
    """Return the subspace for the direct solver (`direct` must hold)."""
    if objective.penalty.curvature > 0:
        return RowSpace(_penalised_basis(objective), None)
    return _unpenalised(objective)


def rank(singular: NDArray[np.float64], shape: tuple[int, int]) -> int:
    """Return how many singular values exceed eps max(n_samples, n_features) times the largest."""
    threshold = np.finfo(float).eps * max(shape) * singular.max(initial=0.0)
    return int(np.count_nonzero(singular > threshold))


def null_space(data: DataMatrix) -> NDArray[np.float64]:
    """Return an orthonormal basis of null(X), (n_features, n_features - rank)."""
    from scipy.linalg import svd

    _, s, VT = svd(triangle(data), check_finite=False)
    return np.ascontiguousarray(VT[rank(s, data.shape) :].T)


def _penalised_basis(objective: LinearObjective) -> NDArray[np.float64] | None:
    """Return a basis of the row space of the penalised columns and of the intercept's axis."""
    from scipy.linalg import block_diag, qr

    n, d = objective.data.shape
    if n >= d:
        return None
    X = _dense(objective)[:, : objective.n_penalised]
    Q = qr(X.T, mode="economic", check_finite=False)[0]
    return np.asarray(block_diag(Q, np.ones((1, 1))) if objective.intercept else Q)


def _unpenalised(objective: LinearObjective) -> RowSpace:
    from scipy.linalg import qr, svd, svdvals

    n, d = objective.data.shape
    if n < d:
        X = _dense(objective)
        # Scaling a row changes no row space, and it makes the rank blind to the size of a sample.
        _, s, VT = svd(X / _lengths(X, 1)[:, None], full_matrices=False, check_finite=False)
        r = rank(s, (n, d))
        basis = np.ascontiguousarray(VT[:r].T)
        values = np.zeros(n)
        if r:
            values[:r] = svdvals(X @ basis)
        return RowSpace(basis, Singular(values, r))
    R = triangle(objective.data)
    units = _lengths(R, 0)
    _, s, VT = svd(R / units, full_matrices=False, check_finite=False)
    r = rank(s, (n, d))
    singular = Singular(np.asarray(svdvals(R)), r)
    if r == d and s[-1] > ILL_CONDITIONED * s[0]:
        return RowSpace(None, singular)
    # R = (U S V^T) diag(units): its row space is spanned by the columns of diag(units) V.
    Q = qr(VT[:r].T * units[:, None], mode="economic", check_finite=False)[0]
    return RowSpace(np.asarray(Q), singular)


def _lengths(X: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    lengths = np.sqrt(np.square(X).sum(axis=axis))
    return np.asarray(np.where(lengths > 0, lengths, 1.0), dtype=np.float64)


def _dense(objective: LinearObjective) -> NDArray[np.float64]:
    X = objective.data.X
    return X if isinstance(X, np.ndarray) else np.asarray(X.toarray())
