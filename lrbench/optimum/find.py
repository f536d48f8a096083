"""The certified minimum of a problem, computed in variables that suit float64."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lrbench.config.process import blas_threads
from lrbench.errors import OptimumError
from lrbench.objective.constants import CERTIFIED
from lrbench.objective.linear.objective import LinearObjective
from lrbench.objective.linear.problem import LinearProblem
from lrbench.objective.problem import Problem
from lrbench.optimum.base import (
    COLLINEAR,
    LAST_DIGITS,
    NOT_CONVERGED,
    UNCERTIFIED,
    Curvature,
    Optimum,
    not_attained,
)
from lrbench.optimum.composite import by_newton
from lrbench.optimum.curvature import find_curvature
from lrbench.optimum.dependence import (
    data_rounding,
    independent_columns,
    left_out,
    nearest_to_start,
    of_columns,
)
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

USUAL = 1e-12
"""What the rounding of the data changes in F, relative to |F(w_0)| + |f*|, below which columns are
not looked at: those that depend on others only but for rounding change it by about 1."""


def computed(problem: LinearProblem) -> Optimum:
    """Return the certified minimum, computed without a cache; see `find_optimum`."""
    # The bits of the optimum must not depend on the number of cores. SciPy brings a BLAS of its
    # own beside NumPy's, which can be limited only after it has been loaded.
    import scipy.linalg  # noqa: F401

    with blas_threads(1), np.errstate(all="ignore"):
        return _solve(problem)


def _solve(problem: LinearProblem) -> Optimum:
    """Return the certified minimum, and the obstacle where its error is large."""
    optimum = _or_start(problem, _of_the_data(problem))
    # A set may contain the minimiser of the loss alone; a penalty changes the minimum in any case.
    level = ENOUGH if problem.penalty.indicator else CERTIFIED
    if not _known(problem, optimum, level) and not problem.penalty.vanishes:
        optimum = without_penalty(problem, optimum, _minimum)
    if optimum.w_star is not None:
        rounding = data_rounding(problem, optimum.w_star)
        if rounding > optimum.f_star_error:
            optimum = replace(optimum, f_star_error=rounding, obstacle=LAST_DIGITS)
    if _known(problem, optimum, CERTIFIED):
        return replace(optimum, obstacle="")
    obstacle = optimum.obstacle or optimum.no_minimiser or NOT_CONVERGED
    if obstacle == NOT_CONVERGED and _nearly_collinear(problem):
        obstacle = COLLINEAR
    return replace(optimum, obstacle=obstacle)


def _of_the_data(problem: LinearProblem) -> Optimum:
    """Return the minimum, in the span of the columns as they were read.

    Where the minimiser has coefficients so large that the rounding of X matters, columns that
    depend on others before scaling are left out.
    """
    if not problem.penalty.vanishes:
        return _minimum(problem)
    try:
        optimum = _minimum(problem)
    except OptimumError:
        kept = independent_columns(problem)
        reduced = None if kept is None else _without_columns(problem, kept)
        if reduced is None:
            raise
        return reduced
    w = optimum.w_star
    if w is None and _known(problem, optimum, CERTIFIED):
        return optimum
    if w is not None and data_rounding(problem, w) <= USUAL * _size(problem, optimum):
        return optimum
    kept = independent_columns(problem)
    return (None if kept is None else _without_columns(problem, kept)) or optimum


def _without_columns(problem: LinearProblem, kept: NDArray[np.intp]) -> Optimum | None:
    """Return the minimum of F over the span of some columns; None if others are not in that."""
    optimum = _minimum(of_columns(problem, kept))
    n_left_out = problem.n_features - len(kept)
    curvature = _curvature(problem, len(kept))
    method = f"{optimum.method}, {left_out(n_left_out)}"
    optimum = replace(optimum, curvature=replace(curvature, mu=0.0), method=method)
    if optimum.w_star is None:
        return optimum
    w = nearest_to_start(problem, kept, optimum.w_star)
    if w is None:
        return None
    f_star, rounding = float(problem.value(w[:, None])[0]), Point(problem, w).f_rounding
    return replace(
        optimum,
        f_star=f_star,
        f_star_error=optimum.f_star_error + abs(f_star - optimum.f_star),
        w_star=w,
        distance_error=None,
        rounding=rounding,
    )


def _size(problem: LinearProblem, optimum: Optimum) -> float:
    start = float(problem.value(problem.w0[:, None])[0])
    return abs(start) + abs(optimum.f_star)


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
    return optimum.f_star_error <= level * _size(problem, optimum)


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
    # L and mu are those of w, which the solvers under test see. The rank is that of the basis in
    # which the minimum was found: the minimum and the constant of the inequality are of one matrix.
    rank = None if orthogonal is None else orthogonal.n_features
    optimum = replace(optimum, curvature=_curvature(problem, rank))
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


def _curvature(objective: LinearObjective, rank: int | None = None) -> Curvature:
    """Return the curvature of F; `rank` is that of X, by default the numerical one."""
    factorised = by_newton(objective) and direct(objective)
    singular = row_space(objective).singular if factorised else None
    if singular is not None and rank is not None:
        singular = replace(singular, rank=rank)
    return find_curvature(objective, singular)


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
