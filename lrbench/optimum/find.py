"""The certified minimum of a problem, computed in variables that suit float64."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from lrbench.config.process import blas_threads
from lrbench.objective.constants import CERTIFIED
from lrbench.objective.linear.objective import LinearObjective
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.problem import Problem
from lrbench.optimum.base import (
    COLLINEAR,
    NOT_CONVERGED,
    UNCERTIFIED,
    Curvature,
    Optimum,
    not_attained,
)
from lrbench.optimum.composite import by_newton
from lrbench.optimum.curvature import find_curvature
from lrbench.optimum.gram import feature_gram
from lrbench.optimum.half_open import ENOUGH
from lrbench.optimum.other import own_optimum
from lrbench.optimum.point import Point
from lrbench.optimum.preconditioned import preconditioned
from lrbench.optimum.relaxed import without_penalty
from lrbench.optimum.row_space import DIRECT, direct, row_space
from lrbench.optimum.search import solve
from lrbench.optimum.variables import in_usual_variables

AGREEING = 1e-10
"""The least eigenvalue of the Gram matrix of columns of length 1 below which they are called nearly
collinear: with penalties in another unit than the columns, solvers end early from about there."""


def computed(problem: LinearProblem) -> Optimum:
    """Return the certified minimum, computed without a cache; see `find_optimum`."""
    # The bits of the optimum must not depend on the number of cores. SciPy brings a BLAS of its
    # own beside NumPy's, which can be limited only after it has been loaded.
    import scipy.linalg  # noqa: F401

    with blas_threads(1), np.errstate(all="ignore"):
        return _solve(problem)


def _solve(problem: LinearProblem) -> Optimum:
    """Return the certified minimum, and the obstacle where its error is large."""
    optimum = _or_start(problem, _minimum(problem))
    # A set may contain the minimiser of the loss alone; a penalty changes the minimum in any case.
    level = ENOUGH if problem.penalty.indicator else CERTIFIED
    if not _known(problem, optimum, level) and not problem.penalty.vanishes:
        optimum = without_penalty(problem, optimum, _minimum)
    if _known(problem, optimum, CERTIFIED):
        return replace(optimum, obstacle="")
    obstacle = optimum.obstacle or optimum.no_minimiser or NOT_CONVERGED
    if obstacle == NOT_CONVERGED and _nearly_collinear(problem):
        obstacle = COLLINEAR
    return replace(optimum, obstacle=obstacle)


def _nearly_collinear(problem: LinearProblem) -> bool:
    """Return whether columns of X agree so far that rounding keeps a solver from its end."""
    n, d = problem.data.shape
    if d > min(n, DIRECT):
        return False
    gram = feature_gram(problem.data)
    lengths = np.sqrt(np.diag(gram))
    used = lengths > 0
    if not used.any() or not np.isfinite(gram).all():
        return False
    cosines = (gram / np.outer(lengths, lengths))[np.ix_(used, used)]
    return bool(np.linalg.eigvalsh(cosines)[0] < AGREEING)


def _known(problem: LinearProblem, optimum: Optimum, level: float) -> bool:
    """Return whether the error is at most `level` in the unit of F."""
    start = float(problem.value(problem.w0[:, None])[0])
    return optimum.f_star_error <= level * (abs(start) + abs(optimum.f_star))


def _minimum(problem: LinearProblem) -> Optimum:
    """Return the minimum, found in variables in which the columns are usual and independent."""
    changed = in_usual_variables(problem)
    objective, variables = changed or (problem, None)
    orthogonal = preconditioned(objective)
    if orthogonal is None and variables is None:
        return solve(problem, problem.w0)
    if orthogonal is not None:
        optimum = solve(orthogonal, np.zeros(orthogonal.n_features))
        v = optimum.w_star
        if v is not None:
            error = orthogonal.distance(optimum.f_star_error, v)
            optimum = replace(optimum, w_star=orthogonal.to_source(v), distance_error=error)
    elif variables is not None:
        optimum = solve(objective, variables.from_original(problem.w0))
    # L and mu are those of w, which the solvers under test see.
    optimum = replace(optimum, curvature=_curvature(problem))
    w, error = optimum.w_star, optimum.distance_error
    if w is None:
        return optimum
    if variables is not None:
        error = None if error is None else variables.distance(error, w)
        w = variables.to_original(w)
    return replace(optimum, w_star=w, distance_error=error, rounding=Point(problem, w).f_rounding)


def _or_start(problem: LinearProblem, optimum: Optimum) -> Optimum:
    """Return `optimum`, with w_0 as its minimiser where F is smaller there.

    A start that fits every sample is such a point: F is 0 there, and beside that no other error is
    small.
    """
    f_start = float(problem.value(problem.w0[:, None])[0])
    if not optimum.attained or f_start >= optimum.f_star:
        return optimum
    y, rounding = problem.y, Point(problem, problem.w0).f_rounding
    infima = -float(np.mean(problem.loss.conjugate(np.zeros_like(y), y)))
    lower_bound = max(infima, optimum.f_star - optimum.f_star_error)
    error, mu = f_start - lower_bound + rounding, optimum.curvature.mu
    return replace(
        optimum,
        f_star=f_start,
        f_star_error=error,
        w_star=problem.w0,
        # mu |w - w*|^2 / 2 <= F(w) - inf F
        distance_error=math.sqrt(2.0 * error / mu) if mu > 0 else None,
        rounding=rounding if optimum.rounding else 0.0,
    )


def _curvature(objective: LinearObjective) -> Curvature:
    factorised = by_newton(objective) and direct(objective)
    return find_curvature(objective, row_space(objective).singular if factorised else None)


def uncertified(problem: Problem, f_star: float) -> Optimum:
    """Return the optimum with an f_star that the user gave: no minimiser and no error bound."""
    reason = "no minimiser is known beside --f-star"
    return not_attained(_curvature_of(problem), f_star, 0.0, UNCERTIFIED, reason)


def unknown_optimum(problem: Problem, obstacle: str) -> Optimum:
    """Return the optimum of which only F(w_0) >= inf F is known, with the reason for that."""
    start = float(problem.value(problem.w0[:, None])[0])
    optimum = not_attained(_curvature_of(problem), start, math.inf, "F(w_0)")
    return replace(optimum, obstacle=obstacle)


def _curvature_of(problem: Problem) -> Curvature:
    if isinstance(problem, LinearProblem):
        return find_curvature(problem)
    return own_optimum(problem).curvature
