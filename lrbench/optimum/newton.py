"""Newton's method to machine precision for smooth F, its equation H v = -g factorised or by CG."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.gram import Square, WeightedGram, feature_gram
from lrbench.optimum.point import EPS, Point, hessian_product, value

Solve = Callable[[NDArray[np.float64]], NDArray[np.float64]]

MAX_STEPS = 200

HALVINGS = 60

SUFFICIENT = 1e-4
"""Armijo's constant."""

AT_ROUNDING = 256 * EPS
"""Predicted decrease, relative to F, below which F is too inaccurate to accept or reject a step."""

NEGLIGIBLE = 0.01
"""The norm of the gradient, relative to its rounding, at which no other step is tried."""

LOOSEST, TIGHTEST = 0.1, 1e-9
"""Relative accuracy of an inexact step, far from the minimiser and near it."""

KEPT = 1 << 24
"""Entries of X B up to which it is kept in memory: 128 MiB."""


class NewtonStep(Protocol):
    """Solves Newton's equation, with the Hessian H of F at a point."""

    def __call__(self, point: Point, g: Vector, rtol: float) -> Vector:
        """Return v with |H v + g| <= rtol |g|, as far as rounding allows; linear in `g`."""
        ...


def minimise(
    objective: LinearObjective,
    start: Vector,
    step: NewtonStep,
    stop: Callable[[Point], bool] | None = None,
) -> Point:
    """Return the point at which neither F nor its gradient can be made smaller in float64.

    Parameters
    ----------
    start
        Where to begin, (n_features,).
    step
        Solves Newton's equation.
    stop
        Called with the point before every step; True ends the search.

    Notes
    -----
    Steps are halved until F falls (Armijo). Once the predicted decrease is smaller than the
    rounding of F, a step is accepted if it makes the gradient smaller: F is flat to 1e-16 where w
    is known to 1e-8 only.
    """
    point = Point(objective, start)
    g_norm0 = point.g_norm
    for _ in range(MAX_STEPS):
        if point.g_norm == 0.0 or (stop is not None and stop(point)):
            break
        # Inexact Newton: a tolerance proportional to the gradient keeps the fast convergence.
        rtol = float(np.clip(point.g_norm / g_norm0, TIGHTEST, LOOSEST))
        following = _line_search(point, step(point, point.g, rtol))
        if following is None:
            break
        point = following
        # The rounding costs a pass over the data, and counts near the end only.
        near = point.g_norm <= TIGHTEST * g_norm0
        if near and point.g_norm <= NEGLIGIBLE * point.g_rounding:
            break
    return point


def _line_search(point: Point, direction: Vector) -> Point | None:
    """Return the next point; None if no step is accepted."""
    slope = float(point.g @ direction)
    if not slope < 0:  # NaN, too
        return None
    if -slope <= AT_ROUNDING * abs(point.f) + point.f_rounding:
        return _by_gradient(point, direction)
    objective = point.objective
    change = objective.data.X @ direction
    t = 1.0
    for _ in range(HALVINGS):
        w = point.w + t * direction
        if value(objective, point.z + t * change, w) <= point.f + SUFFICIENT * t * slope:
            return Point(objective, w)
        t /= 2
    return _by_gradient(point, direction)


def _by_gradient(point: Point, direction: Vector) -> Point | None:
    """Return the point after the full step if its gradient is smaller by a tenth or more."""
    following = Point(point.objective, point.w + direction)
    return following if following.g_norm <= 0.9 * point.g_norm else None


class FactorisedStep:
    """Newton's step from a dense Hessian, which is summed over dense blocks of rows of X.

    Parameters
    ----------
    objective
        F.
    basis
        B, a basis of the subspace of the steps, (n_features, rank); None stands for all of R^d.
    gram
        That of X, which is used where there is no basis; by default it is made.
    """

    def __init__(
        self,
        objective: LinearObjective,
        basis: NDArray[np.float64] | None,
        gram: WeightedGram | None = None,
    ) -> None:
        self._objective = objective
        self._basis = basis
        self._data, self._inner_basis = objective.data, basis
        self._gram: WeightedGram | None = None
        if basis is None:
            self._gram = gram or WeightedGram(objective.data)
        if basis is not None and objective.n_samples * basis.shape[1] <= KEPT:
            self._data, self._inner_basis = DataMatrix(objective.data.X @ basis), None
            self._gram = WeightedGram(self._data)
        self._ridge = self._penalty_gram()
        self._weights: PerSample | None = None
        self._solve: Solve = np.negative

    def __call__(self, point: Point, g: Vector, rtol: float) -> Vector:
        """Return -B (B^T H B)^{-1} B^T g; the factor is kept while phi'' stays the same."""
        if self._basis is not None and not self._basis.size:
            return np.zeros_like(g)  # X is zero: no step changes a score
        weights = self._objective.loss.second_derivative(point.z, self._objective.y)
        if self._weights is None or not np.array_equal(weights, self._weights):
            H = (
                self._gram(weights)
                if self._gram
                else feature_gram(self._data, weights, self._inner_basis)
            ) / self._objective.n_samples
            self._solve, self._weights = factorised(H + self._ridge), weights
        if self._basis is None:
            return -self._solve(g)
        return -(self._basis @ self._solve(self._basis.T @ g))

    def _penalty_gram(self) -> Square:
        """Return the Hessian of the penalty in the basis."""
        objective = self._objective
        penalised = slice(0, objective.n_penalised)
        if self._basis is not None:
            B = self._basis[penalised]
            return objective.penalty.curvature * (B.T @ B)
        diagonal = np.zeros(objective.n_features)
        diagonal[penalised] = objective.penalty.curvature
        return np.diag(diagonal)


class IterativeStep:
    """Newton's step by conjugate gradients, for data with thousands of samples and of features.

    Without a penalty the step stays in the row space of X, so that the limit is the minimiser
    nearest to the start. With one the diagonal of the Hessian is the preconditioner.

    Parameters
    ----------
    objective
        F.
    budget
        Iterations that all steps together may take. After that every step is zero: the search ends
        at its current point, and the certificate states how good that point is.
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
        # or diverge: a v that does not bring H v nearer to -g is replaced by a zero step.
        with np.errstate(divide="ignore", invalid="ignore"):
            v, _ = cg(H, -g, rtol=rtol, atol=0.0, maxiter=self._left, M=M, callback=self._count)
            closer = np.linalg.norm(H.matvec(v) + g) < np.linalg.norm(g)
        return np.asarray(v) if closer else np.zeros_like(g)

    def _count(self, _: Vector) -> None:
        self._left -= 1


def factorised(H: Square) -> Solve:
    """Return v -> H^{-1} v for a positive definite `H`, else v -> H^+ v."""
    from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

    # The diagonal is scaled to 1 first: which eigenvalues count as zero must not depend on the
    # units of the features.
    diagonal = np.diag(H)
    scale = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    unit = H / scale[:, None] / scale
    try:
        factor = cho_factor(unit, lower=True, check_finite=False)
        return lambda v: cho_solve(factor, v / scale, check_finite=False) / scale
    except LinAlgError:
        eigenvalues, V = eigh(unit, check_finite=False)
        nonzero = eigenvalues > len(H) * EPS * eigenvalues[-1]
        V, eigenvalues = V[:, nonzero], eigenvalues[nonzero]
        return lambda v: (V @ ((V.T @ (v / scale)) / eigenvalues)) / scale
