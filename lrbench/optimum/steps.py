"""Newton's equation H v = -g, factorised or by conjugate gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.gram import Square, feature_gram
from lrbench.optimum.point import Point, hessian_product

Solve = Callable[[NDArray[np.float64]], NDArray[np.float64]]

EPS = float(np.finfo(float).eps)

KEPT = 1 << 24
"""Entries of X B up to which it is kept: 128 MiB."""


class NewtonStep(Protocol):
    """Solves with the Hessian of F at a point."""

    def __call__(self, point: Point, g: Vector, rtol: float) -> Vector:
        """Return v with |H v + g| <= rtol |g|, as far as rounding allows; linear in `g`."""
        ...


class FactorisedStep:
    """Newton's step from a dense Hessian, its rows of X densified a block at a time.

    Parameters
    ----------
    objective
        F.
    basis
        The subspace of the steps, (n_features, rank); None is all of R^d.
    """

    def __init__(self, objective: LinearObjective, basis: NDArray[np.float64] | None) -> None:
        self._objective = objective
        self._basis = basis
        self._data, self._inner_basis = objective.data, basis
        if basis is not None and objective.n_samples * basis.shape[1] <= KEPT:
            self._data, self._inner_basis = DataMatrix(objective.data.X @ basis), None
        self._ridge = self._penalty_gram()
        self._weights: PerSample | None = None
        self._solve: Solve = np.negative

    def __call__(self, point: Point, g: Vector, rtol: float) -> Vector:
        """Return -B (B^T H B)^{-1} B^T g; the factor is kept while phi'' stays the same."""
        if self._basis is not None and not self._basis.size:
            return np.zeros_like(g)  # X is zero: no step changes a score
        weights = self._objective.loss.second_derivative(point.z, self._objective.y)
        if self._weights is None or not np.array_equal(weights, self._weights):
            H = feature_gram(self._data, weights, self._inner_basis) / self._objective.n_samples
            self._solve, self._weights = factorised(H + self._ridge), weights
        if self._basis is None:
            return -self._solve(g)
        return -(self._basis @ self._solve(self._basis.T @ g))

    def _penalty_gram(self) -> Square:
        objective = self._objective
        penalised = slice(0, objective.n_penalised)
        if self._basis is not None:
            B = self._basis[penalised]
            return objective.penalty.curvature * (B.T @ B)
        diagonal = np.zeros(objective.n_features)
        diagonal[penalised] = objective.penalty.curvature
        return np.diag(diagonal)


class IterativeStep:
    """Newton's step by conjugate gradients: for data with thousands of samples and of features.

    Without a penalty the step stays in the row space of X, so that the limit is the minimiser
    nearest to the start; with one the diagonal of the Hessian preconditions it.

    Parameters
    ----------
    objective
        F.

    Notes
    -----
    All steps together may take `budget` iterations; after that they are zero, the search ends where
    it is and the certificate says how good that is.
    """

    BUDGET = 10_000

    def __init__(self, objective: LinearObjective, budget: int = BUDGET) -> None:
        self._objective = objective
        self._left = budget
        X = objective.data.X
        self._squares = None
        if objective.penalty.curvature > 0:
            self._squares = np.square(X) if isinstance(X, np.ndarray) else X.power(2)

    def __call__(self, point: Point, g: Vector, rtol: float) -> Vector:
        """Return an inexact solution of H v = -g."""
        from scipy.sparse.linalg import LinearOperator, cg

        if self._left <= 0:
            return np.zeros_like(g)
        objective = self._objective
        weights = objective.loss.second_derivative(point.z, objective.y)
        shape = (g.size, g.size)
        H = LinearOperator(
            shape, matvec=lambda v: hessian_product(objective, weights, v.ravel()), dtype=np.float64
        )
        M = None
        if self._squares is not None:
            diagonal = self._squares.T @ weights / objective.n_samples
            diagonal[: objective.n_penalised] += objective.penalty.curvature
            diagonal[diagonal <= 0] = 1.0
            M = LinearOperator(shape, matvec=lambda v: v.ravel() / diagonal, dtype=np.float64)
        # Rounding can leave a residual in null(H), along which the next iterations divide by zero
        # or run away: what does not bring H v nearer to -g is no step.
        with np.errstate(divide="ignore", invalid="ignore"):
            v, _ = cg(H, -g, rtol=rtol, atol=0.0, maxiter=self._left, M=M, callback=self._count)
            closer = np.linalg.norm(H.matvec(v) + g) < np.linalg.norm(g)
        return np.asarray(v) if closer else np.zeros_like(g)

    def _count(self, _: Vector) -> None:
        self._left -= 1


def factorised(H: Square) -> Solve:
    """Return v -> H^{-1} v for a positive definite `H`, else v -> H^+ v.

    Unit diagonal first: which eigenvalues count as zero is then blind to the units of the features.
    """
    from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

    diagonal = np.diag(H)
    scale = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    unit = H / scale[:, None] / scale
    try:
        factor = cho_factor(unit, lower=True, check_finite=False)
        return lambda v: cho_solve(factor, v / scale, check_finite=False) / scale
    except LinAlgError:
        values, V = eigh(unit, check_finite=False)
        keep = values > len(H) * EPS * values[-1]
        V, values = V[:, keep], values[keep]
        return lambda v: (V @ ((V.T @ (v / scale)) / values)) / scale
