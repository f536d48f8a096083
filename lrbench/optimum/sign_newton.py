"""Newton's method beside an l1 penalty: on the coefficients that are not 0, with their signs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.gram import Square, WeightedGram, feature_gram
from lrbench.optimum.newton import factorised
from lrbench.optimum.point import EPS, Point
from lrbench.optimum.row_space import DIRECT

MAX_STEPS = 100

HALVINGS = 30

SUFFICIENT = 1e-4
"""Armijo's constant."""

LEAST_DAMPING, MOST_DAMPING, MORE_DAMPING = 1e-12, 1.0, 1e3
"""What is added to the diagonal of the Hessian, relative to it, as columns may be equal; and by
what it is multiplied where the step is too long for F to fall."""

LOOSEST, TIGHTEST = 1e-2, 1e-8
"""Relative accuracy of a step that is found by conjugate gradients, far from the end and near."""

ROUNDING = 1e-6
"""Predicted decrease, relative to F, below which the rounding of F is looked at."""

SETTLED = 1e-6
"""A violation, relative to the weight, that is due to rounding where no step makes F smaller."""

MAX_REDUCTIONS = 10

Hessian = Callable[[Point, NDArray[np.intp], Vector, float, float], Vector]
"""Solves H v = b on some coefficients, to a relative accuracy, with the Hessian H at a point."""


@dataclass(frozen=True, eq=False)
class Signed(Point):
    """A point with the signs that its coefficients have, or would have if they left 0."""

    @cached_property
    def signs(self) -> Vector:
        """-1, 0 or 1; that of the intercept, on which there is no penalty, is 0, (n_features,)."""
        signs = np.where(self.w != 0.0, np.sign(self.w), -np.sign(self.g))
        signs[self.objective.n_penalised :] = 0.0
        return np.asarray(signs)

    @cached_property
    def residual(self) -> Vector:
        """The subgradient of F of least norm, (n_features,)."""
        l1 = self.objective.penalty.l1
        slope = self.g + l1 * self.signs
        # At 0 every subgradient between g - l1 and g + l1 is one of F.
        inside = (self.w == 0.0) & (np.abs(self.g) <= l1)
        inside[self.objective.n_penalised :] = False
        return np.where(inside, 0.0, slope)

    @cached_property
    def violation(self) -> float:
        """The largest entry of the residual."""
        return float(np.abs(self.residual).max(initial=0.0))


def newton_on_signs(
    objective: LinearObjective, start: Vector, tolerance: float, gram: WeightedGram | None = None
) -> tuple[Vector, PerSample, bool]:
    """Return a minimiser beside l1, the slopes of the loss there, and whether it is one.

    Parameters
    ----------
    objective
        F, with a differentiable loss.
    start
        Where to begin, (n_features,).
    tolerance
        The largest entry of the least subgradient at which the method ends; it also ends where
        rounding leaves no step that makes F or that entry smaller.
    gram
        That of X; by default it is made.

    Notes
    -----
    F is smooth where no coefficient changes its sign. A step is Newton's there, on the coefficients
    that are not 0 or that leave 0; one that would change its sign becomes 0. Steps are halved until
    F falls.
    """
    point, hessian = Signed(objective, start), _hessian(objective, gram)
    tolerance = max(tolerance, 4 * EPS * objective.penalty.l1)
    # With a loss of exp the first steps may be long: F is then inf, and they are halved.
    with np.errstate(over="ignore", invalid="ignore"):
        damping, settled = LEAST_DAMPING, False
        for _ in range(MAX_STEPS):
            settled = settled or point.violation <= tolerance
            if settled or damping > MOST_DAMPING:
                break
            rtol = float(np.clip(0.1 * tolerance / point.violation, TIGHTEST, LOOSEST))
            following = _line_search(point, _direction(point, hessian, damping, rtol))
            if following is None:
                damping *= MORE_DAMPING
                continue
            if following is point:
                settled = point.violation <= SETTLED * objective.penalty.l1
                break
            settled = _at_rounding(following)
            point, damping = following, max(damping / MORE_DAMPING, LEAST_DAMPING)
    return point.w, point.u, settled


def _at_rounding(point: Signed) -> bool:
    """Return whether slopes of the point prove F but for its rounding.

    Scaled down until no product exceeds the weight, they lose about the violation times |w|_1.
    """
    loss = point.violation * float(np.abs(point.w).sum())
    return loss <= ROUNDING * abs(point.f) and loss <= point.f_rounding


def _direction(point: Signed, hessian: Hessian, damping: float, rtol: float) -> Vector:
    """Return Newton's step on the coefficients that are not 0 or leave 0 in their direction.

    One that would leave 0 in the other direction stays, and the others are solved for again: what
    is left is a direction along which F falls.
    """
    moving = np.flatnonzero((point.residual != 0.0) | (point.w != 0.0))
    for _ in range(MAX_REDUCTIONS):
        step = np.zeros_like(point.w)
        step[moving] = hessian(point, moving, -point.residual[moving], damping, rtol)
        wrong = (point.w == 0.0) & (step * point.signs < 0.0)
        if not wrong.any():
            break
        moving = moving[~wrong[moving]]
        step[wrong] = 0.0
    return step


def _line_search(point: Signed, step: Vector) -> Signed | None:
    """Return the next point; None if the step is too long, `point` if rounding leaves none."""
    t, pen = 1.0, slice(0, point.objective.n_penalised)
    for k in range(HALVINGS):
        w = point.w + t * step
        w[pen][w[pen] * point.signs[pen] < 0.0] = 0.0
        following = Signed(point.objective, w)
        expected = float(point.residual @ (w - point.w))
        falls = following.f <= point.f + SUFFICIENT * expected
        rounding = -expected <= ROUNDING * abs(point.f) and -expected <= point.f_rounding
        if (falls and not rounding) or (k == 0 and following.violation <= 0.5 * point.violation):
            return following
        if rounding:
            return point
        t /= 2
    return None


def _hessian(objective: LinearObjective, gram: WeightedGram | None) -> Hessian:
    """Return the solver of H v = b on some coefficients, with the Hessian H at a point."""
    X: Any = objective.data.X
    n, p = objective.n_samples, objective.n_penalised
    whole = gram or WeightedGram(objective.data)
    # A direction may ask at one point for less and less coefficients.
    last: tuple[Point, NDArray[np.intp], Square] | None = None

    def on(moving: NDArray[np.intp], point: Point, weights: PerSample) -> Square:
        nonlocal last
        if last is None or last[0] is not point:
            if whole.kept:
                G = whole(weights)[np.ix_(moving, moving)]
            else:
                G = feature_gram(DataMatrix(X[:, moving]), weights)
            last = point, moving, G
        at = np.searchsorted(last[1], moving)
        return last[2][np.ix_(at, at)]

    def solve(
        point: Point, moving: NDArray[np.intp], b: Vector, damping: float, rtol: float
    ) -> Vector:
        weights = objective.loss.second_derivative(point.z, objective.y)
        ridge = np.where(moving < p, objective.penalty.curvature, 0.0)
        if len(moving) > DIRECT:
            return _by_cg(X[:, moving], weights, n, ridge, b, damping, rtol)
        H = on(moving, point, weights) / n
        diagonal = np.diag(H) + ridge
        np.fill_diagonal(H, diagonal + damping * diagonal.max(initial=0.0))
        return factorised(H)(b)

    return solve


def _by_cg(
    A: Any, weights: PerSample, n: int, ridge: Vector, b: Vector, damping: float, rtol: float
) -> Vector:
    from scipy.sparse.linalg import LinearOperator, cg

    squares = A.power(2) if not isinstance(A, np.ndarray) else np.square(A)
    diagonal = np.asarray(squares.T @ weights) / n + ridge
    ridge = ridge + damping * diagonal.max(initial=0.0)
    diagonal += damping * diagonal.max(initial=0.0)
    H = LinearOperator(
        (b.size, b.size),
        matvec=lambda v: A.T @ (weights * (A @ v.ravel())) / n + ridge * v.ravel(),
        dtype=np.float64,
    )
    M = LinearOperator(H.shape, matvec=lambda v: v.ravel() / diagonal, dtype=np.float64)
    v, _ = cg(H, b, rtol=rtol, maxiter=1000, M=M)
    return np.asarray(v)
