"""The duality gap at any primal and dual point, for any loss and any penalty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrbench.arrays import PerSample, Vector
from lrbench.losses.base import Loss
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.charge import charge
from lrbench.optimum.point import EPS, Point
from lrbench.penalties.box import Box
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.penalties.l1 import L1


@dataclass(frozen=True)
class Gap:
    """A primal and a dual point, with the gap that proves inf F >= value - error."""

    w: Vector
    """The primal point, (n_features,)."""
    u: PerSample
    """The dual point, (n_samples,)."""
    value: float
    """F(w)."""
    error: float
    """F(w) - D(u), an allowance for rounding included."""
    rounding: float
    """The part of `error` that allows for the rounding of F(w)."""


def gap_at(objective: LinearObjective, w: Vector, u: PerSample, *, proved: bool = False) -> Gap:
    r"""Return F(w) - D(u), after `u` has been made feasible.

    With q = X^T u / n and the conjugates of the loss and of the penalty,

    .. math:: \inf F \ge D(u) = -\frac1n \sum_i \varphi^*(u_i) - R^*(-q_{pen})
        \quad\text{if}\quad q_j = 0 \text{ on every unpenalised coordinate } j.

    Parameters
    ----------
    w
        Any point at which the penalty is finite, (n_features,).
    u
        Slopes in the domain of the conjugate, near phi'(X w), (n_samples,).
    proved
        Whether the error is to be charged in scores, where no penalty is on w: that takes longer.

    Notes
    -----
    For l1 the slopes are scaled down until no \|q_j\| exceeds the weight. What rounding leaves of q
    where it must be 0 (on the unpenalised coordinates, and on the unbounded side of a box) adds
    \|q\| (1 + \|w\|) to the error. This is rigorous if a minimiser lies within 1 + \|w\| of w. The
    condition of a free intercept beside a penalty, that the slopes sum to 0, is met exactly.
    """
    point = Point(objective, w)
    pen = slice(0, objective.n_penalised)
    u, q = _feasible(objective, u)
    infeasible, V = _infeasible_part(objective, q)
    primal = objective.loss.value(point.z, objective.y)
    conjugate = objective.loss.conjugate(u, objective.y)
    if not (np.all(np.isfinite(conjugate)) and np.isfinite(point.f)):
        return Gap(w, u, point.f, np.inf, point.f_rounding)
    terms = primal + conjugate - u * point.z
    sizes = np.abs(primal) + np.abs(conjugate) + np.abs(u * point.z)
    w_pen = w[pen]
    penalty = float(objective.penalty.value(w_pen[:, None])[0])
    support = float(objective.penalty.conjugate(V[:, None])[0])
    # The gap is the sum of two Fenchel-Young terms, each at least 0 but for rounding.
    sums = [float(np.mean(terms)), penalty + support - float(V @ w_pen)]
    size = float(np.mean(sizes)) + penalty + abs(support) + float(np.abs(V) @ np.abs(w_pen))
    gap = sum(max(0.0, s) for s in sums) + 4 * EPS * size
    in_scores = None
    if proved and not objective.penalty.weight and not objective.penalty.indicator:
        in_scores = charge(objective, u, point.f + point.f_rounding)
    if in_scores is None:
        in_scores = float(np.linalg.norm(infeasible) * (1 + np.linalg.norm(w)))
    gap += in_scores
    if proved:
        # No loss is below its infimum, and no penalty below 0, whatever the dual point proves.
        infima = -float(np.mean(objective.loss.conjugate(np.zeros_like(u), objective.y)))
        gap = min(gap, point.f - infima)
    error = gap + point.f_rounding
    return Gap(w, u, point.f, error if np.isfinite(error) else np.inf, point.f_rounding)


def _feasible(objective: LinearObjective, u: PerSample) -> tuple[PerSample, Vector]:
    """Return slopes that satisfy the constraints of l1 and of a free intercept, and their q."""
    penalty = objective.penalty
    plain = _within_l1(objective, u, 4 * EPS)
    if not (objective.intercept and (penalty.weight or penalty.indicator)):
        return plain
    # Balancing moves q by up to 2^-50 of the size of its terms, which may be far above the weight
    # of l1: the slopes are then shrunk a little further until both constraints hold.
    for slack in (4 * EPS, 2.0**-44, 2.0**-36, 2.0**-28):
        exact = balanced(objective.loss, _within_l1(objective, u, slack)[0], objective.y)
        if exact is None:
            return plain
        unchanged, q = _within_l1(objective, exact, 0.0)
        if unchanged is exact:
            q[-1] = 0.0  # the sum of the slopes, whatever rounding leaves of it in the product
            return exact, q
    return plain


def _within_l1(objective: LinearObjective, u: PerSample, slack: float) -> tuple[PerSample, Vector]:
    """Return the slopes, shrunk if a product exceeds the weight of l1, and the products."""
    q = np.asarray(objective.data.X.T @ u) / objective.n_samples
    limit = l1_strength(objective)
    # The conjugate of l1 is 0 or inf. That of the elastic net is finite everywhere.
    if limit and objective.penalty.curvature == 0:
        largest = float(np.abs(q[: objective.n_penalised]).max(initial=0.0))
        if largest > limit:
            # Rounding must not lift a product above the limit again.
            factor = limit / largest * (1 - slack)
            return u * factor, q * factor
    return u, q


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
    multiples = np.rint(u / unit)
    # Halves of 25 bits: their sums are exact for up to 2^27 samples.
    high = np.floor(multiples / 2.0**25)
    excess = int(high.sum()) * 2**25 + int((multiples - high * 2.0**25).sum())
    for n_parts in sorted({min(len(u), 8**k) for k in range(10)}):
        part, rest = divmod(excess, n_parts)
        moved = multiples - (part + (rest > 0))
        room = np.flatnonzero(np.isfinite(loss.conjugate(moved * unit, y)))
        if len(room) >= n_parts:
            # In the middle of the domain a small change costs least.
            order = np.argsort(np.abs(np.abs(u[room]) - 0.5 * largest))[:n_parts]
            multiples[room[order]] -= part
            multiples[room[order[:rest]]] -= 1
            return np.asarray(multiples * unit)
    return None


def l1_strength(objective: LinearObjective) -> float:
    """Return the factor of |w|_1 in the penalty; 0 if there is none."""
    penalty = objective.penalty
    if isinstance(penalty, ElasticNet):
        return penalty.l1
    return penalty.weight if isinstance(penalty, L1) else 0.0


def _infeasible_part(objective: LinearObjective, q: Vector) -> tuple[Vector, Vector]:
    """Return the part of q that must vanish, and -q on the penalised coordinates without it."""
    V, penalty = -q[: objective.n_penalised], objective.penalty
    infeasible = q.copy()
    if not penalty.weight and not penalty.indicator:
        return infeasible, np.zeros_like(V)
    infeasible[: objective.n_penalised] = 0.0
    if isinstance(penalty, Box):
        unbounded = ((V > 0) & np.isinf(penalty.upper)) | ((V < 0) & np.isinf(penalty.lower))
        infeasible[: objective.n_penalised][unbounded] = V[unbounded]
        V = np.where(unbounded, 0.0, V)
    return infeasible, V
