"""The duality gap at any pair of a primal and a dual point, for any loss and any penalty."""

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
    """inf F >= value - error."""

    w: Vector
    """The primal point, (n_features,)."""
    u: PerSample
    """The dual point, (n_samples,)."""
    value: float
    """F(w)."""
    error: float
    """F(w) - D(u), an allowance for rounding included."""
    rounding: float
    """What of it is the allowance for the rounding of F(w)."""


def gap_at(objective: LinearObjective, w: Vector, u: PerSample) -> Gap:
    r"""Return F(w) - D(u) for the dual point that `u` becomes once it is made feasible.

    With q = X^T u / n and the conjugates of the loss and of the penalty,

    .. math:: \inf F \ge D(u) = -\frac1n \sum_i \varphi^*(u_i) - R^*(-q_{pen})
        \quad\text{if}\quad q_j = 0 \text{ on every unpenalised coordinate } j.

    Parameters
    ----------
    w
        Any point of the penalty's set.
    u
        Slopes in the domain of the conjugate, about phi'(X w).

    Notes
    -----
    For l1 the slopes are scaled down until no \|q_j\| exceeds the weight. What rounding leaves of q
    on the unpenalised coordinates, or on the side of a box that is open, is charged as
    \|q\| (1 + \|w\|): rigorous as long as a minimiser is not further from w than that.
    """
    point = Point(objective, w)
    n, pen = objective.n_samples, slice(0, objective.n_penalised)
    q = np.asarray(objective.data.X.T @ u) / n
    limit = l1_strength(objective)
    if limit and objective.penalty.curvature == 0:
        steepest = float(np.abs(q[pen]).max(initial=0.0))
        if steepest > limit:
            share = limit / steepest * (1 - 4 * EPS)
            u, q = u * share, q * share
    free, V = _charged(objective, q)
    primal = objective.loss.value(point.z, objective.y)
    conjugate = objective.loss.conjugate(u, objective.y)
    if not (np.all(np.isfinite(conjugate)) and np.isfinite(point.f)):
        return Gap(w, u, point.f, np.inf, point.f_rounding)
    terms = primal + conjugate - u * point.z
    sizes = np.abs(primal) + np.abs(conjugate) + np.abs(u * point.z)
    bound = w[pen]
    penalty = float(objective.penalty.value(bound[:, None])[0])
    support = float(objective.penalty.conjugate(V[:, None])[0])
    sums = [float(np.mean(terms)), penalty + support - float(V @ bound)]
    size = float(np.mean(sizes)) + penalty + abs(support) + float(np.abs(V) @ np.abs(bound))
    gap = sum(max(0.0, s) for s in sums) + 4 * EPS * size
    gap += float(np.linalg.norm(free) * (1 + np.linalg.norm(w)))
    error = gap + point.f_rounding
    return Gap(w, u, point.f, error if np.isfinite(error) else np.inf, point.f_rounding)


def l1_strength(objective: LinearObjective) -> float:
    """Return the weight of the absolute values in the penalty."""
    penalty = objective.penalty
    if isinstance(penalty, ElasticNet):
        return penalty.l1
    return penalty.weight if isinstance(penalty, L1) else 0.0


def _charged(objective: LinearObjective, q: Vector) -> tuple[Vector, Vector]:
    """Return the part of q that must vanish, and -q on the penalised coordinates without it."""
    V, penalty = -q[: objective.n_penalised], objective.penalty
    free = q.copy()
    if not penalty.weight and not penalty.indicator:
        return free, np.zeros_like(V)
    free[: objective.n_penalised] = 0.0
    if isinstance(penalty, Box):
        open_ = ((V > 0) & np.isinf(penalty.upper)) | ((V < 0) & np.isinf(penalty.lower))
        free[: objective.n_penalised][open_] = V[open_]
        V = np.where(open_, 0.0, V)
    return free, V
