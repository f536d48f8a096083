"""Upper bounds of F(w) - inf F at any point w of a smooth objective."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrbench.arrays import PerSample
from lrbench.optimum.base import OUTSIDE
from lrbench.optimum.charge import presumption
from lrbench.optimum.dual_slopes import balanced, trimmed
from lrbench.optimum.fenchel import sharpest
from lrbench.optimum.newton import NewtonStep
from lrbench.optimum.point import EPS, Point, ridge

TIGHT = 1e-10
"""Relative accuracy of the solves behind the dual point."""

DOMAIN = 1e-12
"""Size of u_i, relative to the largest, below which rounding may move it out of the domain."""


@dataclass(frozen=True, eq=False)
class LowerBound:
    """A proof that inf F >= F(w) - error."""

    error: float
    name: str
    """The argument behind it: ``"duality gap"``."""
    dual: PerSample | None = None
    """The dual point, where the argument has one, (n_samples,)."""
    obstacle: str = ""
    """What makes `error` large, in words, where that is known."""


def certify(point: Point, mu: float, step: NewtonStep | None) -> LowerBound:
    """Return the sharpest certificate that applies at `point`.

    Parameters
    ----------
    mu
        Strong convexity of F, rounded down; 0 if there is none.
    step
        Solves with the Hessian, which the dual point needs; None leaves out the duality gap.

    Notes
    -----
    Strong convexity: F(w) - inf F <= |grad F(w)|^2 / (2 mu). Bounded terms: inf F is at least the
    mean of the infima of the terms. Duality gap: see `duality_gap`. An allowance for the rounding
    of F(w) itself is added to each.
    """
    bounds = [_bounded_terms(point)]
    if mu > 0:
        norm = point.g_norm + point.g_rounding
        bounds.append(LowerBound(norm * norm / (2 * mu), "strong convexity"))
    # The rounding of F is added in any case: a bound below it need not be made sharper.
    if step is not None and min(b.error for b in bounds) > point.f_rounding:
        bounds.append(duality_gap(point, step))
    best = min(bounds, key=lambda b: b.error)
    return replace(best, error=best.error + point.f_rounding, obstacle=bounds[-1].obstacle)


def _bounded_terms(point: Point) -> LowerBound:
    """Bound F below by the infima of its terms, -phi*(0)."""
    y = point.objective.y
    # inf_z phi(z) = -phi*(0); the penalty is at least 0.
    u = np.zeros_like(y)
    least = -float(np.mean(point.objective.loss.conjugate(u, y)))
    return LowerBound(max(0.0, point.f - least), "terms bounded below", dual=u)


def duality_gap(point: Point, step: NewtonStep) -> LowerBound:
    r"""Return F(w) - D(u) at a dual point near u = phi'(X w).

    For every u in the domain of the conjugate, with q = X^T u / n,

    .. math:: \inf F \ge -\frac1n \sum_i \varphi^*(u_i) - \frac{\|q_{pen}\|^2}{2 \lambda}
        \quad\text{if}\quad q_j = 0 \text{ on every unpenalised coordinate } j.

    Notes
    -----
    With v Newton's step, u = phi'(z) + phi''(z) X v satisfies the constraint exactly. It is a
    projection of phi'(z) in the metric of the loss, and it moves u_i by at most |x_i'v| times its
    distance from the boundary of the domain. Beside a penalty the u_i sum to exactly 0, as a free
    intercept asks. Without a penalty, what rounding leaves of q is charged in scores (`charge`).
    """
    objective, z = point.objective, point.z
    u = trimmed(dual_point(point, step))
    l2 = objective.penalty.curvature
    if not l2 > 0:
        D = objective.loss.second_derivative(z, objective.y)
        best = sharpest(objective, point.w, u, D)
        name = "duality gap"
        if best.presumed:
            name += f", {presumption(best.presumed)}"
        return LowerBound(best.error - best.rounding, name, best.u, best.obstacle)
    if objective.intercept:
        exact = balanced(objective.loss, u, objective.y)
        if exact is None:
            return LowerBound(np.inf, "duality gap", obstacle=OUTSIDE)
        u = exact
    primal = objective.loss.value(z, objective.y)
    conjugate = objective.loss.conjugate(u, objective.y)
    if not np.all(np.isfinite(conjugate)):
        return LowerBound(np.inf, "duality gap", obstacle=OUTSIDE)
    # The mean of Fenchel-Young terms, none of which is negative. As a difference of F(w) and D(u)
    # the gap would lose its digits to cancellation.
    terms = primal + conjugate - u * z
    rounding = 4 * EPS * float(np.mean(np.abs(primal) + np.abs(conjugate) + np.abs(u * z)))
    gap = max(0.0, float(np.mean(terms))) + rounding
    X: Any = objective.data.X
    n = objective.n_samples
    pen = slice(0, objective.n_penalised)
    residual = np.abs((X.T @ u / n + ridge(objective, point.w))[pen])
    residual += n * EPS * (abs(X).T @ np.abs(u) / n)[pen]
    # |q|^2 / (2 lambda) + lambda |w|^2 / 2 + <q, w>, the Fenchel-Young term of the penalty.
    gap += float(np.sum(residual**2)) / (2 * l2)
    return LowerBound(gap, "duality gap", dual=u)


def dual_point(point: Point, step: NewtonStep) -> PerSample:
    """Return u = phi'(z) + phi''(z) X v with X^T u = 0 on unpenalised coordinates."""
    objective = point.objective
    weights = objective.loss.second_derivative(point.z, objective.y)
    X, n = objective.data.X, objective.n_samples
    v = step(point, point.g, TIGHT)
    # Two rounds of iterative refinement reduce X^T u to rounding.
    for _ in range(2):
        u = point.u + weights * (X @ v)
        residual = X.T @ u / n + ridge(objective, point.w + v)
        v = v + step(point, residual, TIGHT)
    u = point.u + weights * (X @ v)
    # A tiny u_i that rounding moved across the boundary of the domain at 0 is set to 0.
    crossed = ~np.isfinite(objective.loss.conjugate(u, objective.y))
    small = np.abs(point.u) <= DOMAIN * np.max(np.abs(point.u), initial=0.0)
    return np.where(crossed & small, 0.0, u)
