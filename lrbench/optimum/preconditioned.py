"""Variables in which the columns are orthonormal, where those of X nearly depend on each other."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Vector
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.basis import ACCURATE, Basis, column_basis
from lrbench.optimum.double_double import HALF, matrix_product, product_error

COLLINEAR = 2.0**7
"""Size of T, for columns of length 1, above which F is minimised in other variables."""


@dataclass(frozen=True, eq=False)
class Preconditioned(LinearObjective):
    """F as a function of v, w = T v, with the columns of X T for data.

    These columns are rounded. Bounds of F are therefore computed for the source: from above with
    the error of the entries, from below with X itself.

    Parameters
    ----------
    source
        F as a function of w, without a penalty.
    basis
        T times `unit`, a power of two, and what is known of it.
    entry_error
        A bound on the errors of the entries beyond half a unit in their last place.
    """

    source: LinearObjective
    basis: Basis
    unit: float
    entry_error: float

    def to_source(self, v: Vector) -> Vector:
        """Return w = T v, rounded once."""
        high, low = matrix_product(self.basis.high, self.unit * v[:, None], np.zeros((len(v), 1)))
        return (high + (low + self.basis.low @ (self.unit * v[:, None])))[:, 0]

    def distance(self, f_error: float, v: Vector) -> float | None:
        """Return a bound on |w - w*| for w = `to_source` (v) with F(w) - inf F <= `f_error`.

        None where F is not strongly convex.
        """
        c = self.loss.curvature
        if not c or len(v) < self.source.n_features:
            return None
        # (1 - rho) |T^{-1} (w - w*)|^2 <= |X (w - w*)|^2 <= 2 n (F(w) - inf F) / c
        in_scores = math.sqrt(2.0 * self.n_samples * f_error / (1.0 - self.basis.rho) / c)
        norm = float(np.linalg.norm(self.basis.high)) * (1.0 + 1e-9)
        return norm * in_scores + 2.0 * HALF * float(np.linalg.norm(self.to_source(v)))

    def of_samples(self, chosen: NDArray[np.intp]) -> Preconditioned:
        """Return the objective of some of the samples."""
        return replace(
            self,
            data=DataMatrix(self.data.X[chosen]),
            y=self.y[chosen],
            source=of_samples(self.source, chosen),
        )


def of_samples(objective: LinearObjective, chosen: NDArray[np.intp]) -> LinearObjective:
    """Return the objective of some of the samples."""
    if isinstance(objective, Preconditioned):
        return objective.of_samples(chosen)
    return LinearObjective(
        data=DataMatrix(objective.data.X[chosen]),
        y=objective.y[chosen],
        loss=objective.loss,
        penalty=objective.penalty,
        intercept=objective.intercept,
    )


def preconditioned(objective: LinearObjective) -> Preconditioned | None:
    """Return the objective in variables with orthonormal columns.

    Returns
    -------
    Preconditioned or None
        None if the columns are far enough from dependent as they are, beside a penalty, and where X
        is too large for products in twice the precision.
    """
    n, d = objective.data.shape
    if not objective.penalty.vanishes or n * d * d > ACCURATE:
        return None
    X = objective.data.X
    basis = column_basis(objective.data)
    if basis is None or not basis.high.size:
        return None
    B = X if isinstance(X, np.ndarray) else np.asarray(X.toarray())
    lengths = np.sqrt(np.square(B).sum(axis=0))
    if np.abs(basis.high * lengths[:, None]).max() <= COLLINEAR:
        return None
    rows, _ = matrix_product(B, basis.high, basis.low)
    error = product_error(d) * float((np.abs(B) @ np.abs(basis.high)).max())
    unit = 2.0 ** round(0.5 * np.log2(n))
    return Preconditioned(
        data=DataMatrix(unit * rows),
        y=objective.y,
        loss=objective.loss,
        penalty=objective.penalty,
        intercept=False,
        source=objective,
        basis=basis,
        unit=unit,
        entry_error=unit * error,
    )
