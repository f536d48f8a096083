"""The constants that theorems use, from a problem and its optimum."""

from __future__ import annotations

import math

import numpy as np

from lrbench.arrays import Vector, norm_sq
from lrbench.objective.constants import (
    CERTIFIED,
    NOT_CERTIFIED,
    NOT_KNOWN,
    Constants,
    objective_size,
)
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.problem import Problem
from lrbench.optimum.base import UNCERTIFIED, Optimum, without_minimiser
from lrbench.optimum.point import Point, ridge
from lrbench.optimum.smoothness import smooth

SCORES = 16
"""Times `Point.f_rounding`: an allowance for the scores of all iterates, from those of w_0."""


def constants(problem: Problem, optimum: Optimum, *, radius: float | None) -> Constants:
    """Return the constants of `problem`.

    Bounds on the gradients and on the rounding of F are those of linear problems.

    Parameters
    ----------
    radius
        The radius of the ball around w_0; None without one. Only the bounds G depend on it.
    """
    f0, g0 = problem.value_and_gradient(problem.w0[:, None])
    delta0 = max(float(f0[0]) - optimum.f_star, 0.0)  # in this order NaN stays NaN
    obstacle = certification_obstacle(optimum, objective_size(optimum.f_star, delta0))
    if obstacle:
        unknown = math.isnan(optimum.f_star)
        optimum = without_minimiser(optimum, NOT_KNOWN if unknown else NOT_CERTIFIED)
    w_star, curvature = optimum.w_star, optimum.curvature
    G = G_batch = noise_star = None
    start_rounding = 0.0
    if isinstance(problem, LinearProblem):
        start = Point(problem, problem.w0)
        G, G_batch = gradient_bound(start, radius), gradient_bound(start, radius, of_mean=True)
        if w_star is not None and smooth(problem):
            noise_star = gradient_noise(problem, w_star)
        # Near a minimiser that fits the samples, F is small beside the rounding of the scores,
        # which at the start 0 are exact.
        start_rounding = SCORES * start.f_rounding if problem.w0.any() else 0.0
    return Constants(
        L=curvature.L,
        L_method=curvature.L_method,
        L_max=curvature.L_max,
        mu=curvature.mu,
        mu_pl=curvature.mu_pl,
        G=G,
        G_batch=G_batch,
        grad_norm_sq0=float(norm_sq(g0)[0]),
        f_star=optimum.f_star,
        f_star_error=optimum.f_star_error,
        f_star_method=optimum.method,
        attained=optimum.attained,
        delta0=delta0,
        distance=None if w_star is None else float(np.linalg.norm(problem.w0 - w_star)),
        distance_error=optimum.distance_error,
        noise_star=noise_star,
        no_minimiser=optimum.no_minimiser,
        f_star_certified=not obstacle and optimum.method != UNCERTIFIED,
        f_rounding=max(optimum.rounding, start_rounding),
        f_star_obstacle=obstacle,
    )


def certification_obstacle(optimum: Optimum, size: float) -> str:
    r"""Return why the error of f_star is too large to rest anything on it; empty if it is not.

    Parameters
    ----------
    size
        \|F(w_0)\| + \|f_star\|.
    """
    if optimum.f_star_error <= CERTIFIED * size:
        return ""
    return optimum.obstacle or optimum.no_minimiser or "the reference solver did not converge"


def gradient_bound(start: Point, radius: float | None, *, of_mean: bool = False) -> float | None:
    """Return G: a bound on the (sub)gradient of every term within `radius` of the start.

    With `of_mean` it bounds the (sub)gradient of the objective itself, the mean over the terms. It
    is None if there is no bound.

    Notes
    -----
    The derivative of the loss is at most its Lipschitz constant. If the iterates stay within some
    distance of the start, it is also at most the larger of its values at both ends of the interval
    of scores that they can reach. That distance is `radius` or, without an intercept, the reach of
    a box or ball penalty. The gradient of the l2 part of a penalty is bounded only within such a
    distance, and a constraint has no gradient.
    """
    problem = start.objective
    lengths = np.sqrt(problem.data.row_norms_sq())
    slopes = np.full_like(lengths, problem.loss.lipschitz)
    penalty, w = problem.penalty, start.w[: problem.n_penalised]
    # An intercept is not penalised, so that no set bounds it.
    reach = math.inf if problem.intercept else penalty.reach(w)
    distance = reach if radius is None else min(radius, reach)
    from_l1, from_l2 = penalty.l1 * math.sqrt(problem.n_penalised), penalty.curvature
    if np.isfinite(distance):
        # The derivative of a convex loss is monotone: its extremes are at the ends of an interval.
        for side in (-distance, distance):
            ends = problem.loss.derivative(start.z + side * lengths, problem.y)
            slopes = np.abs(ends) if side < 0 else np.maximum(slopes, np.abs(ends))
        from_l2 *= float(np.linalg.norm(w)) + distance
    elif from_l2 > 0:
        return None
    # The gradient of a term whose row is zero is zero, however steep its loss may be.
    steepest = np.multiply(slopes, lengths, out=np.zeros_like(lengths), where=lengths > 0.0)
    over_terms = np.mean if of_mean else np.max
    bound = float(over_terms(steepest)) + from_l2 + from_l1
    return bound if np.isfinite(bound) else None


def gradient_noise(problem: LinearProblem, w: Vector) -> float:
    """Return (1/n) sum_i |grad f_i(w)|^2 with f_i(w) = phi(x_i'w, y_i) + R(w)."""
    point = Point(problem, w)
    r = ridge(problem, w)
    mean = problem.data.X.T @ point.u / problem.n_samples
    # |u_i x_i + r|^2 multiplied out: the gradients of the terms need no (n_samples, d) array.
    from_loss = float(np.mean(point.u**2 * problem.data.row_norms_sq()))
    return max(0.0, from_loss + float(2 * (mean @ r) + r @ r))
