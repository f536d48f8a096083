"""Minima beside an l1 penalty, found on few columns and proved on all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample, Vector
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.coordinates import by_coordinates
from lrbench.optimum.fenchel import Gap, gap_at, proved
from lrbench.optimum.gram import WeightedGram
from lrbench.optimum.interior import interior_point
from lrbench.optimum.row_space import DIRECT
from lrbench.optimum.sign_newton import newton_on_signs

MAX_ROUNDS = 60

PATIENCE = 2
"""Rounds without a smaller gap, and without another column, after which the method ends."""

ALL = 512
"""The number of columns up to which all of them are in the working set from the first round."""

SHARP = 1e-13
"""A gap, relative to F, that is small enough."""

NEAR = 0.95
"""The share of the weight of l1 from which |q_j| on a column may join the working set."""

FEW = 10
"""Columns that may join the first working set."""

SOLVED = 0.01
"""How far a round is solved, relative to the largest violation on all columns."""

Inner = Callable[
    [LinearObjective, Vector, float, WeightedGram | None], tuple[Vector, PerSample, bool]
]
"""Minimises an objective from a start, to a tolerance of its subgradient, with the Gram matrices of
its columns if there are any: returns w, slopes, and whether it converged."""


def minimise_sparse(objective: LinearObjective, gram: WeightedGram | None = None) -> Gap | None:
    r"""Return the smallest gap found, with its primal and dual point, beside an l1 penalty.

    Only columns of a *working set* have coefficients: the support, and those whose
    q_j = x_j'u / n is largest. The minimum on them is found by Newton's method where the loss is
    smooth, else, and where that does not converge, by the interior point method. Slopes that prove
    a minimum on all columns have \|q_j\| at most the weight of l1 on every one; a column that has
    not joins the working set. Coordinate descent brings a quadratic loss near its minimum where
    Newton's equation has thousands of unknowns.

    Parameters
    ----------
    gram
        That of X, for a working set of all columns; by default it is made.

    Returns
    -------
    Gap or None
        None if the working set grew beyond what the interior point method can solve.

    Notes
    -----
    The gap is computed from w and u alone on all columns, so that the certificate does not depend
    on how the working set was chosen.

    References
    ----------
    Massias, Gramfort and Salmon, Celer: a fast solver for the lasso with dual extrapolation, ICML
    2018, for working sets. Lee, Sun and Saunders, Proximal Newton-type methods for minimizing
    composite functions, SIAM J. Optim. 24(3), 2014, for Newton's method.
    """
    smooth = objective.loss.differentiable
    inner: Inner = newton_on_signs if smooth else _by_interior_point
    columns: Any = objective.data.X
    if not isinstance(columns, np.ndarray):
        columns = columns.tocsc()
    n_penalised, weight = objective.n_penalised, objective.penalty.l1
    free, everything = np.arange(n_penalised, objective.n_features), np.arange(n_penalised)
    w, best, without_gain, grown = np.zeros(objective.n_features), None, 0, True
    chosen, tolerance = everything if objective.n_features <= ALL else everything[:0], 0.0
    descended = False
    for _ in range(MAX_ROUNDS):
        if not smooth and len(chosen) > DIRECT:
            return None
        if objective.loss.quadratic and len(chosen) > DIRECT and not descended:
            w, descended = by_coordinates(objective, w), True
            u = objective.loss.derivative(np.asarray(objective.data.X @ w), objective.y)
            chosen = _working_set(*_products(objective, w, u), weight)
        used = np.append(chosen, free)
        start, w = w[used], np.zeros_like(w)
        if used.size == w.size:
            w, u, converged = inner(objective, start, tolerance, gram)
        elif used.size:
            part = replace(objective, data=_columns(columns, used))
            w[used], u, converged = inner(part, start, tolerance, None)
        else:
            u = objective.loss.derivative(np.zeros(objective.n_samples), objective.y)
            converged = True
        if not converged and len(chosen) <= DIRECT:
            # A loss of parabolas and lines has no curvature on the lines.
            inner = _by_interior_point
            continue
        current = gap_at(objective, w, u)
        # While the working set grows the gap may rise.
        gains = best is None or current.error < best.error or grown
        without_gain = 0 if gains else without_gain + 1
        best = current if best is None or current.error < best.error else best
        enough = max(SHARP * abs(best.value), 2 * best.rounding)
        if best.error <= enough or without_gain >= PATIENCE or len(chosen) == n_penalised:
            break
        q, support = _products(objective, w, u)
        tolerance = SOLVED * max(float(q.max(initial=0.0)) - weight, 0.0)
        chosen, last = _working_set(q, support, weight), chosen
        grown = len(np.setdiff1d(chosen, last, assume_unique=True)) > 0
    assert best is not None
    return proved(objective, best.w, best.u)


def _products(
    objective: LinearObjective, w: Vector, u: PerSample
) -> tuple[Vector, NDArray[np.intp]]:
    """Return |q_j| on the penalised columns, 0 on the support, and the support."""
    q = np.abs(np.asarray(objective.data.X.T @ u))[: objective.n_penalised] / objective.n_samples
    support = np.flatnonzero(w[: objective.n_penalised])
    q[support] = 0.0
    return q, support


def _working_set(q: Vector, support: NDArray[np.intp], weight: float) -> NDArray[np.intp]:
    """Return the support and other columns with the largest |q_j|, near or above the weight."""
    more = np.flatnonzero(q > NEAR * weight)
    most = max(FEW, 2 * len(support))
    if len(more) > most:
        more = more[np.argpartition(-q[more], most)[:most]]
    return np.union1d(support, more)


def _columns(X: Any, chosen: NDArray[np.intp]) -> DataMatrix:
    """Return some columns of `X`, an array or in CSC form."""
    if isinstance(X, np.ndarray):
        return DataMatrix(np.ascontiguousarray(X[:, chosen]))
    return DataMatrix(X[:, chosen].tocsr())


def _by_interior_point(
    objective: LinearObjective, start: Vector, tolerance: float, gram: WeightedGram | None
) -> tuple[Vector, PerSample, bool]:
    gap = interior_point(objective, gram)
    return gap.w, gap.u, True
