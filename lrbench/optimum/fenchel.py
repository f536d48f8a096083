"""The duality gap at any primal and dual point, for any loss and any penalty."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrbench.arrays import PerSample, Vector
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.base import NOT_CONVERGED, OUTSIDE
from lrbench.optimum.charge import charge
from lrbench.optimum.double_double import transposed_product
from lrbench.optimum.dual_slopes import (
    ATTEMPTS,
    feasible_slopes,
    infeasible_part,
    products,
    trimmed,
)
from lrbench.optimum.gram import feature_gram
from lrbench.optimum.newton import factorised
from lrbench.optimum.point import EPS, Point

TOLERANCES = (1e-9, 1e-6, 1e-12)
"""Distances from a bound, relative to the largest slope, at which a slope is put there."""

REFINEMENTS = 3

SHARP = 1e-12
"""An error, relative to F, that is small enough."""

FASTER = 8.0
"""The factor by which slopes are moved further inside from attempt to attempt."""


@dataclass(frozen=True, eq=False)
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
    obstacle: str = ""
    """What makes `error` large, in words, where that is known."""
    presumed: int = 0
    """How many columns were taken as dependent because they agree with others to 25 digits."""


def gap_at(objective: LinearObjective, w: Vector, u: PerSample) -> Gap:
    r"""Return an estimate of F(w) - D(u), after `u` has been made feasible.

    With q = X^T u / n and the conjugates of the loss and of the penalty,

    .. math:: \inf F \ge D(u) = -\frac1n \sum_i \varphi^*(u_i) - R^*(-q_{pen})
        \quad\text{if}\quad q_j = 0 \text{ on every unpenalised coordinate } j.

    Parameters
    ----------
    w
        Any point at which the penalty is finite, (n_features,).
    u
        Slopes in the domain of the conjugate, near phi'(X w), (n_samples,).

    Notes
    -----
    For l1 the slopes are scaled down until no \|q_j\| exceeds the weight. The condition of a free
    intercept beside a penalty, that the slopes sum to 0, is met exactly. What rounding leaves of q
    on other coordinates where it must be 0 counts as \|q\| (s + \|w\|), with s = 1 or the size of
    the kinks of the loss where that is smaller: w has the unit of the targets. This is an estimate,
    for comparing points: `proved` replaces it.
    """
    u, q = feasible_slopes(objective, u, exact=False)
    infeasible = infeasible_part(objective, q)
    gap = _gap(objective, w, u, q, infeasible)
    pieces = objective.loss.pieces(objective.y)
    size = 1.0 if pieces is None else min(1.0, float(np.abs(pieces.kink).max()) or 1.0)
    error = gap.error + float(np.linalg.norm(infeasible) * (size + np.linalg.norm(w)))
    return replace(gap, error=error if np.isfinite(error) else np.inf)


def proved(
    objective: LinearObjective, w: Vector, u: PerSample, inner: PerSample | None = None
) -> Gap:
    """Return F(w) - D(u) with the products X^T u summed exactly, and a proof of every part.

    Parameters
    ----------
    w, u
        As for `gap_at`.
    inner
        Slopes with products well on the bounded side of a box that is open on one side.

    Notes
    -----
    Without a penalty what rounding leaves of q is charged in scores (`charge`). On the open side of
    a box no q_j may be: u is moved towards `inner` until none is. Where u has no proof only the
    infima of the losses bound F below: no loss is below its infimum, and no penalty below 0.
    """
    u = trimmed(u)
    slopes, share = u, 0.0
    for _ in range(ATTEMPTS):
        candidate, q = feasible_slopes(objective, slopes, exact=True)
        infeasible = infeasible_part(objective, q)
        if inner is None or not infeasible.any():
            break
        share = FASTER * share if share else _share(objective, inner, infeasible)
        slopes = u + min(share, 1.0) * (inner - u)
    u = candidate
    gap = _gap(objective, w, u, q, infeasible)
    if not np.isfinite(gap.error):
        pass  # a slope is outside its domain
    elif objective.penalty.vanishes:
        cost = charge(objective, u, gap.value + gap.rounding)
        error = gap.error + cost.bound
        gap = replace(gap, error=error, obstacle=cost.obstacle, presumed=cost.presumed)
    elif infeasible.any():
        gap = replace(gap, error=np.inf, obstacle=NOT_CONVERGED)
    infima = -float(np.mean(objective.loss.conjugate(np.zeros_like(u), objective.y)))
    least = gap.value - infima + gap.rounding
    return gap if gap.error <= least else replace(gap, error=max(gap.rounding, least), presumed=0)


def sharpest(
    objective: LinearObjective,
    w: Vector,
    u: PerSample,
    D: PerSample,
    inner: PerSample | None = None,
) -> Gap:
    """Return the smallest gap that `proved` finds for slopes near `u`.

    Parameters
    ----------
    D
        How easily every slope moves, (n_samples,): phi'', or its squared distance from its bounds.

    Notes
    -----
    A reference solver only approaches a slope of 0, as of samples that a direction separates from
    the others. Without a penalty such slopes are put to 0, or to that of another piece, and those
    that are strictly between make up for what that moves. The direction then changes no product
    u_i x_i'w.
    """
    best = proved(objective, w, u, inner)
    if not objective.penalty.vanishes:
        return best
    X, largest = objective.data.X, np.abs(u).max(initial=0.0)
    pieces = objective.loss.pieces(objective.y)
    for tolerance in TOLERANCES:
        if best.error <= SHARP * abs(best.value):
            break
        slopes, near = u.copy(), np.abs(u) <= tolerance * largest
        slopes[near] = 0.0
        for bound in pieces.slopes if pieces else ():
            at = np.abs(u - bound) <= tolerance * largest
            slopes[at], near = bound[at], near | at
        weights = np.where(near, 0.0, D)
        solve = factorised(feature_gram(objective.data, weights))
        for _ in range(REFINEMENTS):
            slopes = slopes - weights * np.asarray(X @ solve(transposed_product(X, slopes)[0]))
        best = min(best, proved(objective, w, slopes), key=lambda g: g.error)
    return best


def _share(objective: LinearObjective, inner: PerSample, infeasible: Vector) -> float:
    """Return how far slopes must move towards `inner` to lift `infeasible` products to 0."""
    q, _ = products(objective, inner, exact=True)
    at = np.flatnonzero(infeasible)
    sizes = np.abs(infeasible[at])
    return max(2.0**-50, 1.01 * float(np.max(sizes / (sizes + np.abs(q[at])))))


def _gap(objective: LinearObjective, w: Vector, u: PerSample, q: Vector, infeasible: Vector) -> Gap:
    """Return F(w) - D(u) without what `infeasible` costs."""
    point = Point(objective, w)
    V = -(q - infeasible)[: objective.n_penalised]
    primal = objective.loss.value(point.z, objective.y)
    conjugate = objective.loss.conjugate(u, objective.y)
    if not (np.all(np.isfinite(conjugate)) and np.isfinite(point.f)):
        return Gap(w, u, point.f, np.inf, point.f_rounding, OUTSIDE)
    w_pen = w[: objective.n_penalised]
    penalty = float(objective.penalty.value(w_pen[:, None])[0])
    if objective.penalty.vanishes:
        # <u, X w> is 0 but for what `infeasible` costs, and need not be computed.
        sums = [float(np.mean(primal + conjugate))]
        size = float(np.mean(np.abs(primal) + np.abs(conjugate)))
    else:
        support = float(objective.penalty.conjugate(V[:, None])[0])
        # The gap is the sum of two Fenchel-Young terms, each at least 0 but for rounding.
        scores = u * point.z
        sums = [
            float(np.mean(primal + conjugate - scores)),
            penalty + support - float(V @ w_pen),
        ]
        size = float(np.mean(np.abs(primal) + np.abs(conjugate) + np.abs(scores)))
        size += penalty + abs(support) + float(np.abs(V) @ np.abs(w_pen))
    gap = sum(max(0.0, s) for s in sums) + 4 * EPS * size
    return Gap(w, u, point.f, gap + point.f_rounding, point.f_rounding)
