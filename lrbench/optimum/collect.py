"""The constants that theorems speak of, from a problem and its optimum."""

from __future__ import annotations

import numpy as np

from lrbench.arrays import Vector, norm_sq
from lrbench.objective.constants import Constants
from lrbench.objective.problem import LinearProblem
from lrbench.optimum.base import GIVEN, Optimum
from lrbench.optimum.curvature import smooth
from lrbench.optimum.fenchel import l1_strength
from lrbench.optimum.point import Point, ridge
from lrbench.penalties.ball import BallPenalty
from lrbench.penalties.box import Box


def constants(problem: LinearProblem, optimum: Optimum, *, radius: float | None) -> Constants:
    """Return the constants of `problem`.

    Parameters
    ----------
    radius
        Of the ball around w_0; None without one. Only G depends on it.
    """
    start = Point(problem, problem.w0)
    f0, g0 = problem.value_and_gradient(problem.w0[:, None])
    w_star = optimum.w_star
    return Constants(
        L=optimum.L,
        L_method=optimum.L_method,
        L_max=optimum.L_max,
        mu=optimum.mu,
        mu_pl=optimum.mu_pl,
        G=gradient_bound(start, radius),
        G_batch=gradient_bound(start, radius, whole=True),
        grad_norm_sq0=float(norm_sq(g0)[0]),
        f_star=optimum.f_star,
        f_star_error=optimum.f_star_error,
        f_star_method=optimum.method,
        attained=optimum.attained,
        delta0=max(0.0, float(f0[0]) - optimum.f_star),
        distance=None if w_star is None else float(np.linalg.norm(problem.w0 - w_star)),
        distance_error=optimum.distance_error,
        noise_star=None
        if w_star is None or not smooth(problem)
        else gradient_noise(problem, w_star),
        no_minimiser=optimum.no_minimiser,
        f_star_certified=optimum.method != GIVEN,
    )


def gradient_bound(start: Point, radius: float | None, *, whole: bool = False) -> float | None:
    """Return G: a bound on the (sub)gradient of every term within `radius` of the start.

    With `whole` it bounds the (sub)gradient of the objective itself: the mean over the terms.

    Notes
    -----
    The derivative of the loss is at most its Lipschitz constant, and where the iterates stay within
    some distance of the start at most what it is at the ends of the scores it can then reach. That
    distance is `radius` or, without an intercept, the reach of a box or ball penalty. The l2 part
    of a penalty has a bounded gradient only there; a constraint adds nothing.
    """
    problem = start.objective
    lengths = np.sqrt(problem.data.row_norms_sq())
    slopes = np.full_like(lengths, problem.loss.lipschitz)
    kinks = l1_strength(problem) * float(np.sqrt(problem.n_penalised))
    within = min(np.inf if radius is None else radius, reach(start))
    bend = problem.penalty.curvature
    if np.isfinite(within):
        for side in (-within, within):
            ends = problem.loss.derivative(start.z + side * lengths, problem.y)
            slopes = np.abs(ends) if side < 0 else np.maximum(slopes, np.abs(ends))
        bend *= float(np.linalg.norm(start.w[: problem.n_penalised])) + within
    elif bend > 0:
        return None
    over_terms = np.mean if whole else np.max
    bound = float(over_terms(slopes * lengths)) + bend + kinks
    return bound if np.isfinite(bound) else None


def reach(start: Point) -> float:
    """Return how far from the start the set of a penalty extends; inf where it is unbounded."""
    problem = start.objective
    penalty, w = problem.penalty, start.w[: problem.n_penalised]
    if problem.intercept:
        return np.inf
    if isinstance(penalty, BallPenalty):
        return float(np.linalg.norm(w)) + penalty.radius
    if isinstance(penalty, Box):
        return float(np.linalg.norm(np.maximum(penalty.upper - w, w - penalty.lower)))
    return np.inf


def gradient_noise(problem: LinearProblem, w: Vector) -> float:
    """Return (1/n) sum_i |grad f_i(w)|^2 with f_i(w) = phi(x_i'w, y_i) + R(w)."""
    point = Point(problem, w)
    r = ridge(problem, w)
    mean = problem.data.X.T @ point.u / problem.n_samples
    own = float(np.mean(point.u**2 * problem.data.row_norms_sq()))
    return max(0.0, own + float(2 * (mean @ r) + r @ r))
