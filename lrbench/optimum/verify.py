"""The check of an optimum that was read back, in one pass over the data."""

from __future__ import annotations

import math

import numpy as np

from lrbench.arrays import Vector
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.base import Optimum
from lrbench.optimum.fenchel import l1_strength
from lrbench.optimum.point import EPS, Point
from lrbench.penalties.box import Box

SLACK = 2.0
"""The factor that the duality gap may have over the error: the two are rounded differently."""


def verified(objective: LinearObjective, optimum: Optimum) -> bool:
    r"""Return whether F at w_star and the dual point show that `optimum` is right.

    With q = X^T u / n, for any w and any u in the domain of the conjugate,

    .. math:: F(w) - \inf F \le \frac1n \sum_i (\varphi(z_i) + \varphi^*(u_i) - u_i z_i)
        + R(w) + R^*(-q_{pen}) + \langle q_{pen}, w_{pen} \rangle
        \quad\text{if}\quad q_j = 0 \text{ on every unpenalised coordinate } j.

    Parameters
    ----------
    objective
        F.
    optimum
        An optimum with its dual point, whoever wrote it.

    Notes
    -----
    F(w_star) must be f_star, and the right-hand side at most `SLACK` times the error, both but for
    the rounding of F and of the products. What rounding leaves of q where it must be 0 is allowed;
    what is beyond that costs its norm times 1 + |w|. Where there is no minimiser, f_star must not
    lie outside the interval from D(u) to D(u) + error; nothing then shows that F comes so near to
    it. The curvature is not verified: that takes a decomposition of X.
    """
    u, f_star, error, n = optimum.dual, optimum.f_star, optimum.f_star_error, objective.n_samples
    if u is None or u.shape != (n,) or not np.isfinite([f_star, *u]).all() or not error >= 0:
        return False
    conjugate = objective.loss.conjugate(u, objective.y)
    q = objective.data.X.T @ u / n
    size = np.zeros_like(q)
    for rows, _, XT in objective.data.blocks(1):
        size += abs(XT) @ np.abs(u[rows]) / n
    pen = slice(0, objective.n_penalised)
    V, beyond = np.zeros_like(q), -q
    V[pen] = _in_domain(objective, -q[pen])
    beyond -= V
    excess = np.maximum(np.abs(beyond) - (n + 64) * EPS * size, 0.0)
    support = float(objective.penalty.conjugate(V[pen, None])[0])
    lower = -float(np.mean(conjugate)) - support
    rounding = 4 * EPS * (abs(f_star) + float(np.mean(np.abs(conjugate))) + abs(support))
    w = optimum.w_star
    if w is None:
        inside = -rounding <= f_star - lower <= SLACK * error + rounding
        return inside and float(np.linalg.norm(excess)) <= SLACK * error
    point = Point(objective, w)
    primal = objective.loss.value(point.z, objective.y)
    penalty = float(objective.penalty.value(w[pen, None])[0])
    sizes = np.abs(primal) + np.abs(conjugate) + np.abs(u * point.z)
    rounding = 4 * point.f_rounding + 4 * EPS * float(
        np.mean(sizes) + abs(support) + np.abs(V) @ np.abs(w)
    )
    gap = float(np.mean(primal + conjugate - u * point.z)) + penalty + support - float(V @ w)
    gap += float(np.linalg.norm(excess)) * (1 + float(np.linalg.norm(w)))
    # Of a NaN every comparison is False.
    return abs(point.f - f_star) <= rounding and gap <= SLACK * error + rounding


def _in_domain(objective: LinearObjective, V: Vector) -> Vector:
    """Return the point nearest to `V` at which the conjugate of the penalty is finite."""
    penalty = objective.penalty
    if isinstance(penalty, Box):
        unbounded = ((V > 0) & math.isinf(penalty.upper)) | ((V < 0) & math.isinf(penalty.lower))
        return np.where(unbounded, 0.0, V)
    if penalty.curvature > 0 or penalty.indicator:
        return V
    strength = l1_strength(objective)
    return np.clip(V, -strength, strength)
