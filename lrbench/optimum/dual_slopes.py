"""Slopes of the losses that satisfy the constraints of the dual problem, despite rounding."""

from __future__ import annotations

import numpy as np

from lrbench.arrays import PerSample, Vector
from lrbench.losses.base import Loss
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.double_double import transposed_product
from lrbench.optimum.point import EPS

NEGLIGIBLE = 2.0**-200
"""Size of a slope, relative to the largest, below which it is replaced by 0."""

ATTEMPTS = 8
"""How often slopes are shrunk until they satisfy the constraint of l1 despite rounding."""

MARGIN = 16
"""The factor by which slopes are shrunk further from attempt to attempt."""


def feasible_slopes(
    objective: LinearObjective, u: PerSample, *, exact: bool
) -> tuple[PerSample, Vector]:
    """Return slopes that satisfy the constraints of l1 and of a free intercept, and their q.

    Slopes of 0 are feasible for every loss: they are returned where `u` cannot be made feasible.
    """
    penalty = objective.penalty
    free = objective.intercept and not penalty.vanishes
    # The conjugate of l1 is 0 or inf. That of the elastic net is finite everywhere.
    limit = penalty.l1 if penalty.curvature == 0 else 0.0
    candidate = u
    for attempt in range(ATTEMPTS):
        slopes = balanced(objective.loss, candidate, objective.y) if free else candidate
        if slopes is None:
            break
        q, error = products(objective, slopes, exact=exact)
        if free:
            q[-1] = 0.0  # the sum of the slopes, whatever rounding leaves of it in the product
        largest = float((np.abs(q) + error)[: objective.n_penalised].max(initial=0.0))
        if not limit or largest <= limit:
            return slopes, q
        # Rounding and balancing must not lift a product above the limit again. Beside a small limit
        # they move the products, whose terms cancel, by many times its rounding.
        candidate = candidate * (limit / largest * (1 - 4 * EPS * MARGIN**attempt))
    return np.zeros_like(u), np.zeros(objective.n_features)


def products(
    objective: LinearObjective, u: PerSample, *, exact: bool
) -> tuple[Vector, Vector | float]:
    """Return X^T u / n, and a bound on its error where it is `exact`, else 0."""
    if not exact:
        q = np.asarray(objective.data.X.T @ u) / objective.n_samples
        return q, 2 * EPS * np.abs(q)
    q, error = transposed_product(objective.data.X, u)
    return q / objective.n_samples, error / objective.n_samples + EPS * np.abs(
        q
    ) / objective.n_samples


def infeasible_part(objective: LinearObjective, q: Vector) -> Vector:
    """Return the part of q that must vanish, where it must: -q is not in the domain of R* there."""
    penalty = objective.penalty
    if penalty.vanishes:
        return q
    infeasible = np.zeros_like(q)
    q_pen = q[: objective.n_penalised]
    least, most = penalty.slopes(objective.n_penalised)
    infeasible[: objective.n_penalised] = q_pen + np.clip(-q_pen, least, most)
    return infeasible


def balanced(loss: Loss, u: PerSample, y: PerSample) -> PerSample | None:
    """Return slopes near `u` whose sum is exactly 0, as a free intercept asks of a dual point.

    Parameters
    ----------
    u
        Slopes in the domain of the conjugate whose sum is 0 but for rounding, (n_samples,).

    Returns
    -------
    ndarray or None
        Multiples of 2^-50 times a power of two at the largest slope: sums of so many of them are
        exact. None if the rest finds no room in the domain of the conjugate.
    """
    largest = float(np.abs(u).max(initial=0.0))
    if not 0.0 < largest < np.inf:
        return u if largest == 0.0 else None
    unit = 2.0 ** (np.frexp(largest)[1] - 50)
    if unit == 0.0:
        return None
    multiples = np.rint(u / unit)
    # A slope at a bound that is no such multiple may have been rounded out of the domain.
    outside = ~np.isfinite(loss.conjugate(multiples * unit, y))
    multiples[outside] -= np.sign(multiples[outside])
    # Halves of 25 bits: their sums are exact for up to 2^27 samples.
    high = np.floor(multiples / 2.0**25)
    excess = int(high.sum()) * 2**25 + int((multiples - high * 2.0**25).sum())
    for n_parts in sorted({min(len(u), 8**k) for k in range(10)}):
        part, rest = divmod(excess, n_parts)
        moved = multiples - (part + (rest > 0))
        room = np.flatnonzero(np.isfinite(loss.conjugate(moved * unit, y)))
        if len(room) >= n_parts:
            # In the middle of the domain a small change costs least.
            distance = np.abs(np.abs(u[room]) - 0.5 * largest)
            order = np.argpartition(distance, n_parts - 1)[:n_parts]
            multiples[room[order]] -= part
            multiples[room[order[:rest]]] -= 1
            return np.asarray(multiples * unit)
    return None


def trimmed(u: PerSample) -> PerSample:
    """Return the slopes, with 0 for those that are so small that their squares may underflow."""
    return np.where(np.abs(u) <= NEGLIGIBLE * np.abs(u).max(initial=0.0), 0.0, u)
