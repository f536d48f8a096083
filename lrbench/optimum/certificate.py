"""How far the computed minimum can be above the infimum, whoever computed it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrbench.arrays import PerSample
from lrbench.optimum.point import EPS, Point, ridge
from lrbench.optimum.steps import NewtonStep

TIGHT = 1e-10
"""Relative accuracy of the solves behind the dual point."""

DOMAIN = 1e-12
"""|u| relative to the largest, below which rounding may carry it over the edge of the domain."""


@dataclass(frozen=True)
class LowerBound:
    """inf F >= F(w) - error."""

    error: float
    name: str
    """Of the argument behind it."""


def certify(point: Point, mu: float, step: NewtonStep | None) -> LowerBound:
    """Return the sharpest certificate that applies at `point`.

    Parameters
    ----------
    mu
        Strong convexity of F, rounded down; 0 if there is none.
    step
        Solves with the Hessian, for the dual point; None goes without a dual point.

    Notes
    -----
    Strong convexity: F(w) - inf F <= |grad F(w)|^2 / (2 mu). Bounded terms: inf F is at least the
    mean of the infima of the terms. Duality gap: see `duality_gap`. An allowance for the rounding
    of F(w) itself is added to each.
    """
    found = [_bounded_terms(point)]
    if mu > 0:
        norm = point.g_norm + point.g_rounding
        found.append(LowerBound(norm * norm / (2 * mu), "strong convexity"))
    if step is not None and min(c.error for c in found) > point.f_rounding:
        found.append(duality_gap(point, step))
    best = min(found, key=lambda c: c.error)
    return LowerBound(best.error + point.f_rounding, best.name)


def _bounded_terms(point: Point) -> LowerBound:
    """Bound F below by the infima of its terms, -phi*(0)."""
    y = point.objective.y
    least = -float(np.mean(point.objective.loss.conjugate(np.zeros_like(y), y)))
    return LowerBound(max(0.0, point.f - least), "terms bounded below")


def duality_gap(point: Point, step: NewtonStep) -> LowerBound:
    r"""Return F(w) - D(u) at a dual point near u = phi'(X w).

    For every u in the domain of the conjugate, with q = X^T u / n,

    .. math:: \inf F \ge -\frac1n \sum_i \varphi^*(u_i) - \frac{\|q_{pen}\|^2}{2 \lambda}
        \quad\text{if}\quad q_j = 0 \text{ on every unpenalised coordinate } j.

    Notes
    -----
    u = phi'(z) + phi''(z) X v with v Newton's step satisfies the constraint exactly: it is a
    projection in the metric of the loss, which moves no u_i by more than a share |x_i'v| of its
    distance from the edge of the domain. What rounding leaves of q on the unpenalised coordinates
    is charged as |q| (1 + |w|): rigorous as long as a minimiser is not further from w than that.
    The gap is summed from the non-negative Fenchel-Young terms phi(z_i) + phi*(u_i) - u_i z_i, not
    as a difference of two values.
    """
    objective, z, w = point.objective, point.z, point.w
    u = dual_point(point, step)
    q = objective.data.X.T @ u / objective.n_samples
    primal = objective.loss.value(z, objective.y)
    conjugate = objective.loss.conjugate(u, objective.y)
    if not np.all(np.isfinite(conjugate)):
        return LowerBound(np.inf, "duality gap")
    terms = primal + conjugate - u * z
    rounding = 4 * EPS * float(np.mean(np.abs(primal) + np.abs(conjugate) + np.abs(u * z)))
    gap = max(0.0, float(np.mean(terms))) + rounding
    free = slice(objective.n_penalised if objective.penalty.curvature > 0 else 0, None)
    gap += float(np.linalg.norm(q[free]) * (1 + np.linalg.norm(w[free])))
    if objective.penalty.curvature > 0:
        bound = slice(0, objective.n_penalised)
        gap += float(np.sum((q + ridge(objective, w))[bound] ** 2)) / (
            2 * objective.penalty.curvature
        )
    return LowerBound(gap, "duality gap")


def dual_point(point: Point, step: NewtonStep) -> PerSample:
    """Return u = phi'(z) + phi''(z) X v with X^T u = 0 on unpenalised coordinates.

    Rounds of refinement bring X^T u down to rounding. A u_i that rounding carried over the edge of
    the domain at 0 is put there.
    """
    objective = point.objective
    weights = objective.loss.second_derivative(point.z, objective.y)
    X, n = objective.data.X, objective.n_samples
    v = step(point, point.g, TIGHT)
    for _ in range(2):
        u = point.u + weights * (X @ v)
        residual = X.T @ u / n + ridge(objective, point.w + v)
        v = v + step(point, residual, TIGHT)
    u = point.u + weights * (X @ v)
    crossed = ~np.isfinite(objective.loss.conjugate(u, objective.y))
    small = np.abs(point.u) <= DOMAIN * np.max(np.abs(point.u), initial=0.0)
    return np.where(crossed & small, 0.0, u)
