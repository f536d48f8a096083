"""Logistic regression without a penalty on separable data: the infimum is not attained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.row_space import DIRECT, null_space

EPS = float(np.finfo(float).eps)

FAR = 40.0
"""A margin at which a loss with a minimiser on separable data has derivative 0."""

INTERIOR = 1e-10
"""Least |u_i| of a dual point that proves, despite rounding, that no direction separates."""

CLEARLY_INTERIOR = 1e-6
"""Least |u_i| that fixes x_i'd to 0 in the linear program."""

INFEASIBLE = 1e-12
"""Largest X^T u of a dual point, relative to the sum of |u_i| |x_i|."""

TIME_LIMIT = 60.0
"""Seconds for the linear program."""


@dataclass(frozen=True)
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
    one = np.ones(1)
    return bool(objective.loss.derivative(FAR * one, one)[0] != 0)


def one_class(objective: LinearObjective) -> bool:
    """Return whether the intercept alone separates the data."""
    return objective.intercept and bool(np.all(objective.y == objective.y[0]))


def separates(objective: LinearObjective, z: PerSample) -> bool:
    """Return whether every score lies strictly on the side of its label, beyond rounding."""
    margins = objective.y * z
    return bool(margins.min() > 1e3 * EPS * np.abs(z).max())


def feasible(objective: LinearObjective, u: PerSample) -> bool:
    """Return whether X^T u = 0 up to rounding: whether `u` is a dual point at all."""
    size = float(np.abs(u) @ np.sqrt(objective.data.row_norms_sq()))
    return bool(np.linalg.norm(objective.data.X.T @ u) <= INFEASIBLE * size)


def overlap_proved(objective: LinearObjective, u: PerSample) -> bool:
    """Return whether the dual point `u` is so far inside the domain that no direction separates.

    Where y_i x_i'd >= 0 for all i, the products u_i x_i'd all have one sign and sum to zero: each
    x_i'd is 0 unless u_i is.
    """
    return bool(np.abs(u).min() > INTERIOR) and feasible(objective, u)


def recedes(objective: LinearObjective) -> bool:
    """Return whether counts of zero leave the Poisson loss without a minimiser.

    It is so where some direction d has x_i'd = 0 for every positive count and x_i'd <= 0 for every
    count of zero, not all of them 0: a linear program finds it.
    """
    if objective.loss.task != "count" or objective.penalty.curvature > 0:
        return False
    none = objective.y == 0
    if not none.any():
        return False
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, eye_array, hstack

    X, k = csr_array(objective.data.X), int(none.sum())
    d = objective.n_features
    found = linprog(
        np.r_[np.zeros(d), -np.ones(k)],
        A_ub=hstack([X[none], eye_array(k)]),
        b_ub=np.zeros(k),
        A_eq=None if none.all() else hstack([X[~none], csr_array((len(none) - k, k))]),
        b_eq=None if none.all() else np.zeros(len(none) - k),
        bounds=[(None, None)] * d + [(0, 1)] * k,
        method="highs",
    )
    # What can be positive can be 1.
    return found.status == 0 and found.fun is not None and bool(found.fun < -0.5)


def separation(objective: LinearObjective, u: PerSample) -> Separation | None:
    """Return the direction that separates most samples, None where the data overlap throughout.

    It solves the linear program: maximise sum s_i subject to y_i x_i'd >= s_i, 0 <= s_i <= 1. At a
    solution s_i is 1 or 0: directions add up, and lengthen.

    Parameters
    ----------
    u
        A dual point, X^T u = 0, (n_samples,). Samples at which it is well inside the domain have
        x_i'd = 0 in every such direction: that leaves few unknowns.

    Raises
    ------
    TimeoutError
        The linear program was not solved.

    References
    ----------
    Albert and Anderson, On the existence of maximum likelihood estimates in logistic regression
    models, Biometrika 71, 1984. The program: Konis, Linear programming algorithms for detecting
    separated data in binary logistic regression models, thesis, Oxford, 2007.
    """
    n, d = objective.data.shape
    open_ = np.abs(u) < CLEARLY_INTERIOR
    space = None
    if d <= min(n, DIRECT) and not open_.all() and feasible(objective, u):
        space = null_space(DataMatrix(objective.data.X[np.flatnonzero(~open_)]))
    else:
        open_ = np.ones(n, dtype=np.bool_)
    if space is not None and space.shape[1] == 0:
        return None
    X = objective.data.X[np.flatnonzero(open_)]
    direction, s = _program(X if space is None else X @ space, objective.y[open_])
    separated = np.zeros(n, dtype=np.bool_)
    separated[open_] = s > 0.5
    if not separated.any():
        return None
    direction = direction if space is None else space @ direction
    return Separation(_cleaned(objective, direction, ~separated), separated)


def _program(X: Any, y: PerSample) -> tuple[Vector, PerSample]:
    """Return d and s."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, diags_array, eye_array, hstack

    n, d = X.shape
    found: Any = linprog(  # type: ignore[call-overload]
        np.concatenate([np.zeros(d), -np.ones(n)]),
        A_ub=hstack([diags_array(-y) @ csr_array(X), eye_array(n)], format="csr"),
        b_ub=np.zeros(n),
        bounds=np.vstack([np.tile([-np.inf, np.inf], (d, 1)), np.tile([0.0, 1.0], (n, 1))]),
        method="highs",
        options={"time_limit": TIME_LIMIT},
    )
    if found.status != 0:
        raise TimeoutError(found.message)
    return np.asarray(found.x[:d]), np.asarray(found.x[d:])


def rest_of(objective: LinearObjective, separated: NDArray[np.bool_]) -> LinearObjective:
    """Return the objective of the samples that overlap."""
    rest = np.flatnonzero(~separated)
    return LinearObjective(
        data=DataMatrix(objective.data.X[rest]),
        y=objective.y[rest],
        loss=objective.loss,
        penalty=objective.penalty,
        intercept=objective.intercept,
    )


def _cleaned(objective: LinearObjective, direction: Vector, rest: NDArray[np.bool_]) -> Vector:
    """Remove what the program's tolerance left of the direction in the rows `rest`."""
    from scipy.sparse.linalg import lsmr

    if not rest.any():
        return direction
    X = objective.data.X[np.flatnonzero(rest)]
    return direction - np.asarray(lsmr(X, X @ direction, atol=1e-15, btol=1e-15)[0])
