"""Slopes that prove a minimum in a box that is open on one side.

There q = X^T u / n must not be negative on any coordinate of a box without an upper bound, or not
positive on any of one without a lower bound, however little: w has no bound on that side. The
slopes that a reference solver returns violate this by rounding. They are moved towards slopes that
satisfy it with room to spare, which a linear program finds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lrbench.arrays import PerSample, Vector
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.fenchel import Gap, proved
from lrbench.optimum.separation import TIME_LIMIT

TOLERANCES = (0.0, 1e-15, 1e-12, 1e-9, 1e-7)
"""Sizes of a slope, relative to the largest, up to which it is put to 0: a sample that the open
side carries away has such a slope, and no others satisfy the condition."""

ENOUGH = 1e-10
"""An error, relative to F, below which no sharper proof is sought."""

ROOM = 1e-6
"""The least room, relative to what slopes of this size can give, that the linear program, which is
accurate to 1e-7, is trusted to have found."""


def half_open(objective: LinearObjective) -> bool:
    """Return whether the penalty is a box that is open on one side."""
    return bool(_signs(objective).any())


def with_room(objective: LinearObjective, w: Vector, u: PerSample, best: Gap) -> Gap:
    """Return the smallest gap at `w` of slopes near `u` that were moved into the cone, or `best`.

    Parameters
    ----------
    best
        The gap that is known already.
    """
    for slopes in _trimmed(u):
        if best.error <= ENOUGH * abs(best.value):
            break
        inner = inner_slopes(objective, slopes)
        if inner is not None:
            best = min(best, proved(objective, w, slopes, inner), key=lambda g: g.error)
    return best


def inner_slopes(objective: LinearObjective, u: PerSample) -> PerSample | None:
    """Return slopes in the domain whose products have room on the bounded side of the box.

    Parameters
    ----------
    u
        Slopes, not all 0, (n_samples,). Where one is 0, it stays 0; the others bound the size.

    Returns
    -------
    ndarray or None
        None if there are none: some direction towards the open side lowers the loss for ever.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, diags_array, hstack

    chosen, size = np.flatnonzero(u), float(np.abs(u).max(initial=0.0))
    least, most = (bound[chosen] for bound in objective.loss.slopes(objective.y))
    X = csr_array(objective.data.X[chosen])
    lengths = np.asarray(abs(X).sum(axis=0)).ravel()
    # The box does not hold the intercept: its column comes last, and asks for a sum of exactly 0.
    signs = _signs(objective)
    held = np.flatnonzero(lengths[: objective.n_penalised] * signs)
    if not held.size or not size:
        return None
    products = diags_array(-signs[held] / lengths[held]) @ X[:, held].T
    sums = csr_array(np.r_[np.ones(len(chosen)), 0.0][None, :]) if objective.intercept else None
    bounds = np.column_stack([np.maximum(least / size, -1.0), np.minimum(most / size, 1.0)])
    program: Any = linprog(  # type: ignore[call-overload]
        np.r_[np.zeros(len(chosen)), -1.0],
        A_ub=hstack([products, csr_array(np.ones((held.size, 1)))], format="csr"),
        b_ub=np.zeros(held.size),
        A_eq=sums,
        b_eq=None if sums is None else np.zeros(1),
        bounds=np.vstack([bounds, [[0.0, 1.0]]]),
        method="highs",
        options={"time_limit": TIME_LIMIT},
    )
    if program.status != 0 or program.x[-1] < ROOM:
        return None
    inner = np.zeros_like(u)
    inner[chosen] = np.clip(size * program.x[:-1], least, most)
    return inner


def _signs(objective: LinearObjective) -> Vector:
    """Return the sign that q_j must have on every penalised coordinate; 0 where it may have any.

    It is that of the open side of a box.
    """
    lower, upper = objective.penalty.bounds(objective.n_penalised)
    return np.where(np.isfinite(lower), 1.0, 0.0) - np.where(np.isfinite(upper), 1.0, 0.0)


def _trimmed(u: PerSample) -> Iterator[PerSample]:
    """Yield the slopes with more and more of the small ones put to 0."""
    size, last = float(np.abs(u).max(initial=0.0)), -1
    for tolerance in TOLERANCES:
        slopes = np.where(np.abs(u) <= tolerance * size, 0.0, u)
        if (left := int(np.count_nonzero(slopes))) != last:
            yield slopes
        last = left
