"""Newton's method to machine precision, for any smooth loss."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lrbench.arrays import PerSample, Vector
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.point import EPS, Point, value
from lrbench.optimum.steps import NewtonStep

MAX_STEPS = 200

HALVINGS = 60

SUFFICIENT = 1e-4
"""Armijo's constant."""

AT_ROUNDING = 256 * EPS
"""Relative decrease promised by the model under which F can no longer judge a step."""

LOOSEST, TIGHTEST = 0.1, 1e-9
"""Relative accuracy of an inexact step, far from the minimiser and near it."""


def minimise(
    objective: LinearObjective,
    start: Vector,
    step: NewtonStep,
    stop: Callable[[PerSample], bool] | None = None,
) -> Point:
    """Return the point at which neither F nor its gradient can be made smaller in float64.

    Parameters
    ----------
    start
        Where to begin, (n_features,).
    step
        Solves with the Hessian.
    stop
        Called with the scores after every step; True ends the search.

    Notes
    -----
    Steps are halved until F falls (Armijo). Once the promised decrease is lost in the rounding of
    F, a step counts if it makes the gradient smaller: F is flat to 1e-16 where w is known to 1e-8.
    """
    point = Point(objective, start)
    g_norm0 = point.g_norm
    for _ in range(MAX_STEPS):
        if point.g_norm == 0.0 or (stop is not None and stop(point.z)):
            break
        rtol = float(np.clip(point.g_norm / g_norm0, TIGHTEST, LOOSEST))
        direction = step(point, point.g, rtol)
        following = _line_search(point, direction)
        if following is None:
            break
        point = following
    return point


def _line_search(point: Point, direction: Vector) -> Point | None:
    """Return the next point, None where there is none."""
    slope = float(point.g @ direction)
    if not slope < 0:
        return None
    if -slope <= AT_ROUNDING * abs(point.f) + point.f_rounding:
        return _by_gradient(point, direction)
    objective = point.objective
    change = objective.data.X @ direction
    t = 1.0
    for _ in range(HALVINGS):
        w = point.w + t * direction
        if value(objective, point.z + t * change, w) <= point.f + SUFFICIENT * t * slope:
            return Point(objective, w)
        t /= 2
    return _by_gradient(point, direction)


def _by_gradient(point: Point, direction: Vector) -> Point | None:
    """Return the whole step if it makes the gradient smaller by a tenth at least."""
    following = Point(point.objective, point.w + direction)
    return following if following.g_norm <= 0.9 * point.g_norm else None
