"""Whether a minimiser exists: separable classes, and counts of zero that draw scores to -inf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.point import Point
from lrbench.optimum.row_space import DIRECT, null_space

EPS = float(np.finfo(float).eps)

FAR = 40.0
"""A margin at which the derivative of the hinge losses is 0, and that of logistic is not."""

INTERIOR = 1e-10
"""Least |u_i| of a dual point that proves, despite rounding, that no direction separates."""

CLEARLY_INTERIOR = 1e-6
"""Least |u_i| that fixes x_i'd to 0 in the linear program."""

INFEASIBLE = 1e-12
"""Largest |X^T u| of a dual point, relative to the sum of |u_i| |x_i|: rounding only."""

TIME_LIMIT = 60.0
"""Seconds that the linear program may take."""


@dataclass(frozen=True, eq=False)
class Separation:
    """A direction along which no loss grows, and the samples whose loss falls to its infimum."""

    direction: Vector
    """(n_features,)."""
    separated: NDArray[np.bool_]
    """Samples strictly on their own side of the direction, (n_samples,)."""


def never_flat(objective: LinearObjective) -> bool:
    """Return whether the loss keeps falling, however large the margin (logistic; not hinge)."""
    if objective.loss.task != "binary":
        return False
    label = np.ones(1)
    return bool(objective.loss.derivative(FAR * label, label)[0] != 0)


def one_class(objective: LinearObjective) -> bool:
    """Return whether the intercept alone separates the data."""
    return objective.intercept and bool(np.all(objective.y == objective.y[0]))


def separates(point: Point) -> bool:
    """Return whether every score lies strictly on the side of its label, beyond rounding."""
    margins = point.objective.y * point.z
    # The first comparison is cheap, and enough for almost every point.
    if not margins.min() > 1e3 * EPS * np.abs(point.z).max():
        return False
    return bool((margins > point.score_rounding).all())


def feasible(objective: LinearObjective, u: PerSample) -> bool:
    """Return whether X^T u = 0 up to rounding, as a dual point requires."""
    size = float(np.abs(u) @ np.sqrt(objective.data.row_norms_sq()))
    return bool(np.linalg.norm(objective.data.X.T @ u) <= INFEASIBLE * size)


def overlap_proved(objective: LinearObjective, u: PerSample) -> bool:
    """Return whether the dual point `u` proves that no direction d separates.

    If y_i x_i'd >= 0 for all i, the products u_i x_i'd all have the same sign, because u_i has that
    of -y_i. Their sum is d'X^T u = 0, so that x_i'd = 0 wherever u_i is not 0.
    """
    return bool(np.abs(u).min() > INTERIOR) and feasible(objective, u)


def recedes(objective: LinearObjective) -> bool:
    """Return whether counts of zero leave the Poisson loss without a minimiser.

    This is the case if some direction d has x_i'd = 0 for every positive count and x_i'd <= 0 for
    every count of zero, with at least one x_i'd < 0. A linear program decides it.
    """
    if objective.loss.task != "count" or objective.penalty.curvature > 0:
        return False
    zero = objective.y == 0
    if not zero.any():
        return False
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, eye_array, hstack

    X, k = csr_array(objective.data.X), int(zero.sum())
    d = objective.n_features
    program = linprog(
        np.r_[np.zeros(d), -np.ones(k)],
        A_ub=hstack([X[zero], eye_array(k)]),
        b_ub=np.zeros(k),
        A_eq=None if zero.all() else hstack([X[~zero], csr_array((len(zero) - k, k))]),
        b_eq=None if zero.all() else np.zeros(len(zero) - k),
        bounds=[(None, None)] * d + [(0, 1)] * k,
        method="highs",
    )
    # d may be multiplied by any factor: if some s_i can be positive, it can be 1.
    return program.status == 0 and program.fun is not None and bool(program.fun < -0.5)


def separation(objective: LinearObjective, u: PerSample) -> Separation | None:
    """Return the direction that separates most samples; None if no direction separates any.

    It solves a linear program: maximise sum s_i subject to y_i x_i'd >= s_i and 0 <= s_i <= 1. At a
    solution every s_i is 1 or 0, because directions may be added and multiplied by any factor.

    Parameters
    ----------
    u
        A dual point, X^T u = 0, (n_samples,). Where it is well inside the domain, x_i'd = 0 for
        every separating direction d, so that few unknowns remain.

    Raises
    ------
    TimeoutError
        The linear program was not solved within `TIME_LIMIT`.

    References
    ----------
    Albert and Anderson, On the existence of maximum likelihood estimates in logistic regression
    models, Biometrika 71, 1984. The program: Konis, Linear programming algorithms for detecting
    separated data in binary logistic regression models, thesis, Oxford, 2007.
    """
    n, d = objective.data.shape
    undecided = np.abs(u) < CLEARLY_INTERIOR
    basis = None
    if d <= min(n, DIRECT) and not undecided.all() and feasible(objective, u):
        basis = null_space(DataMatrix(objective.data.X[np.flatnonzero(~undecided)]))
    else:
        undecided = np.ones(n, dtype=np.bool_)
    if basis is not None and basis.shape[1] == 0:
        return None
    X = objective.data.X[np.flatnonzero(undecided)]
    direction, s = _program(X if basis is None else X @ basis, objective.y[undecided])
    separated = np.zeros(n, dtype=np.bool_)
    separated[undecided] = s > 0.5  # halfway between 0 and 1, far from the program's tolerance
    if not separated.any():
        return None
    direction = direction if basis is None else basis @ direction
    return Separation(_cleaned(objective, direction, ~separated), separated)


def _program(X: Any, y: PerSample) -> tuple[Vector, PerSample]:
    """Solve the program of `separation`; return d and s."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, diags_array, eye_array, hstack

    n, d = X.shape
    program: Any = linprog(  # type: ignore[call-overload]
        np.concatenate([np.zeros(d), -np.ones(n)]),
        A_ub=hstack([diags_array(-y) @ csr_array(X), eye_array(n)], format="csr"),
        b_ub=np.zeros(n),
        bounds=np.vstack([np.tile([-np.inf, np.inf], (d, 1)), np.tile([0.0, 1.0], (n, 1))]),
        method="highs",
        options={"time_limit": TIME_LIMIT},
    )
    if program.status != 0:
        raise TimeoutError(program.message)
    return np.asarray(program.x[:d]), np.asarray(program.x[d:])


def _cleaned(objective: LinearObjective, direction: Vector, rest: NDArray[np.bool_]) -> Vector:
    """Return `direction` without its part in the row space of `rest`.

    The linear program keeps x_i'd = 0 only to its tolerance. Far along the direction the losses of
    the samples `rest` would grow.
    """
    from scipy.sparse.linalg import lsmr

    if not rest.any():
        return direction
    X = objective.data.X[np.flatnonzero(rest)]
    return direction - np.asarray(lsmr(X, X @ direction, atol=1e-15, btol=1e-15)[0])
