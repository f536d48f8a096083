"""The constants that theorems speak of, from a problem and its optimum."""

from __future__ import annotations

import numpy as np

from lrbench.arrays import Vector
from lrbench.constants import Constants
from lrbench.optimum.base import GIVEN, Optimum
from lrbench.optimum.point import Point, ridge
from lrbench.problem import LinearProblem


def constants(problem: LinearProblem, optimum: Optimum, *, radius: float | None) -> Constants:
    """Return the constants of `problem`.

    Parameters
    ----------
    radius
        Of the ball around w_0; None without one. Only G depends on it.
    """
    start = Point(problem, problem.w0)
    f0 = float(problem.value(problem.w0[:, None])[0])
    w_star = optimum.w_star
    return Constants(
        L=optimum.L,
        L_method=optimum.L_method,
        L_max=optimum.L_max,
        mu=optimum.mu,
        mu_pl=optimum.mu_pl,
        G=gradient_bound(start, radius),
        grad_norm_sq0=float(start.g @ start.g),
        f_star=optimum.f_star,
        f_star_error=optimum.f_star_error,
        f_star_method=optimum.method,
        attained=optimum.attained,
        delta0=max(0.0, f0 - optimum.f_star),
        distance=None if w_star is None else float(np.linalg.norm(problem.w0 - w_star)),
        distance_error=optimum.distance_error,
        noise_star=None if w_star is None else noise(problem, w_star),
        no_minimiser=optimum.why_not,
        f_star_certified=optimum.method != GIVEN,
    )


def gradient_bound(start: Point, radius: float | None) -> float | None:
    """Return G: a bound on the gradient of every single term within `radius` of the start.

    Notes
    -----
    The derivative of the loss is at most its Lipschitz constant, and inside the ball at most its
    size at the start plus smoothness times radius |x_i|. The gradient of a penalty is bounded only
    inside a ball.
    """
    problem = start.objective
    lengths = np.sqrt(problem.data.row_norms_sq())
    slopes = np.full_like(lengths, problem.loss.lipschitz)
    extra = 0.0
    if radius is not None:
        inside = np.abs(start.u) + problem.loss.smoothness * radius * lengths
        slopes = np.minimum(slopes, inside)
        penalised = start.w[: problem.n_penalised]
        extra = problem.penalty.curvature * (float(np.linalg.norm(penalised)) + radius)
    elif problem.penalty.curvature > 0:
        return None
    bound = float(np.max(slopes * lengths)) + extra
    return bound if np.isfinite(bound) else None


def noise(problem: LinearProblem, w: Vector) -> float:
    """Return (1/n) sum_i |grad f_i(w)|^2 with f_i(w) = phi(x_i'w, y_i) + R(w)."""
    point = Point(problem, w)
    r = ridge(problem, w)
    mean = problem.data.X.T @ point.u / problem.n_samples
    own = float(np.mean(point.u**2 * problem.data.row_norms_sq()))
    return max(0.0, own + float(2 * (mean @ r) + r @ r))
