"""The duality gap at any primal and dual point, for any loss and any penalty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrbench.arrays import PerSample, Vector
from lrbench.objective.linear.objective import LinearObjective
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


def gap_at(objective: LinearObjective, w: Vector, u: PerSample) -> Gap:
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

    Notes
    -----
    For l1 the slopes are scaled down until no \|q_j\| exceeds the weight. What rounding leaves of q
    where it must be 0 (on the unpenalised coordinates, and on the unbounded side of a box) adds
    \|q\| (1 + \|w\|) to the error. This is rigorous if a minimiser lies within 1 + \|w\| of w.
    """
    point = Point(objective, w)
    n, pen = objective.n_samples, slice(0, objective.n_penalised)
    q = np.asarray(objective.data.X.T @ u) / n
    limit = l1_strength(objective)
    # The conjugate of l1 is 0 or inf. That of the elastic net is finite everywhere.
    if limit and objective.penalty.curvature == 0:
        largest = float(np.abs(q[pen]).max(initial=0.0))
        if largest > limit:
            # (1 - 4 EPS): rounding must not lift a product above the limit again.
            factor = limit / largest * (1 - 4 * EPS)
            u, q = u * factor, q * factor
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
    gap += float(np.linalg.norm(infeasible) * (1 + np.linalg.norm(w)))
    error = gap + point.f_rounding
    return Gap(w, u, point.f, error if np.isfinite(error) else np.inf, point.f_rounding)


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
