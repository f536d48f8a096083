"""A minimum beside a weak penalty or a wide set: that of the loss alone bounds it below."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from lrbench.arrays import Vector
from lrbench.errors import OptimumError
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum.base import Optimum
from lrbench.optimum.composite import by_newton
from lrbench.optimum.half_open import half_open
from lrbench.optimum.point import Point
from lrbench.penalties.l2 import L2
from lrbench.penalties.none import NoPenalty

METHOD = "minimum of the loss alone"

STRENGTHS = tuple(10.0**-k for k in range(1, 15))
"""Weights of an l2 penalty, relative to the curvature of the loss, whose minimisers are tried."""


def without_penalty(
    problem: LinearProblem, optimum: Optimum, minimum: Callable[[LinearProblem], Optimum]
) -> Optimum:
    """Return `optimum`, or a sharper one of the loss alone: no penalty is negative.

    Parameters
    ----------
    optimum
        An optimum of `problem` with a large error.
    minimum
        Finds the minimum of the loss alone.

    Notes
    -----
    F at any point of the set bounds inf F above. The points tried are the minimiser of the loss
    alone and, where there is none, those beside an l2 penalty that becomes weaker: they follow a
    direction that separates the classes no further than the set or the penalty lets them.
    """
    alone = replace(problem, penalty=NoPenalty())
    try:
        bound = minimum(alone)
    except OptimumError:
        return optimum
    lower = bound.f_star - bound.f_star_error
    points = [Point(problem, w) for w in _points(problem, optimum, bound)]
    best = min(points, key=lambda p: p.f if np.isfinite(p.f) else np.inf)
    f_star = float(problem.value(best.w[:, None])[0])
    error = max(0.0, f_star - lower) + best.f_rounding + abs(f_star - best.f)
    if not error < optimum.f_star_error:
        return optimum
    mu = optimum.curvature.mu
    # A box that is open on one side may let w follow a separating direction for ever.
    attained = bound.attained or not half_open(problem)
    return replace(
        optimum,
        f_star=f_star,
        f_star_error=error,
        method=f"{bound.method}, {METHOD}",
        attained=attained,
        w_star=best.w if attained else None,
        no_minimiser="" if attained else bound.no_minimiser,
        distance_error=math.sqrt(2.0 * error / mu) if mu > 0 else None,
        dual=bound.dual,
        rounding=best.f_rounding if bound.rounding else 0.0,
    )


def _points(problem: LinearProblem, optimum: Optimum, bound: Optimum) -> Iterator[Vector]:
    """Yield points at which the penalty is finite, among them one at which F is small."""
    yield problem.w0
    for w in (optimum.w_star, bound.w_star):
        if w is not None:
            yield _inside(problem, w)
    if bound.w_star is None:
        from lrbench.optimum.search import solve

        size = float(np.mean(problem.data.row_norms_sq())) or 1.0
        for strength in STRENGTHS:
            weak = replace(problem, penalty=L2(strength * size))
            if not by_newton(weak):
                return
            w = solve(weak, problem.w0).w_star
            if w is not None:
                yield _inside(problem, w)


def _inside(problem: LinearProblem, w: Vector) -> Vector:
    """Return the point of the set nearest to `w`; `w` itself where the penalty has no set."""
    if not problem.penalty.indicator:
        return w
    w = w.copy()
    pen = slice(0, problem.n_penalised)
    w[pen] = problem.penalty.prox(w[pen, None], np.ones(1))[:, 0]
    return w
