"""The minimiser of a problem: which reference solver, which certificate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from lrbench.arrays import PerSample, Vector
from lrbench.errors import OptimumError
from lrbench.losses.squared import Squared
from lrbench.objective.linear.objective import LinearObjective
from lrbench.objective.problem import LinearProblem
from lrbench.optimum.base import GIVEN, NOT_ATTAINED, Curvature, Optimum
from lrbench.optimum.cache import load_optimum, optimum_path, save_optimum
from lrbench.optimum.certificate import LowerBound, certify, dual_point
from lrbench.optimum.composite import by_newton, minimise_composite, refuse_unknown
from lrbench.optimum.curvature import curvature
from lrbench.optimum.newton import minimise
from lrbench.optimum.point import Point
from lrbench.optimum.row_space import direct, row_space
from lrbench.optimum.separation import (
    Separation,
    never_flat,
    one_class,
    overlap_proved,
    recedes,
    rest_of,
    separates,
    separation,
)
from lrbench.optimum.steps import FactorisedStep, IterativeStep, NewtonStep

NOT_REACHED = "counts of zero draw scores to minus infinity: the infimum is not attained"
UNDECIDED = "nearly separable data: whether the infimum is attained could not be decided"

LOOSE = 1e-2
"""Relative error of f_star beyond which its point is not called a minimiser."""

ASYMPTOTIC = 60.0
"""A margin at which the loss of a separated sample, e^-60, is nothing."""


def find_optimum(problem: LinearProblem, *, cache: Path | None) -> Optimum:
    """Return the certified minimum of `problem`.

    Parameters
    ----------
    cache
        The folder of lrbench's cache; None computes afresh.

    Raises
    ------
    OptimumError
        No reference solver fits the loss, or the minimiser has an entry that is not finite.

    Notes
    -----
    Never a first-order method: Newton's method (one step is the closed form of least squares, the
    others refine it) with a factorised Hessian where min(n_samples, n_features) <= 3000, with
    conjugate gradients above; of several minimisers it is then the one nearest to w_0. An interior
    point method wherever the loss or the penalty has kinks or there is a constraint; of several
    minimisers it is then any.
    """
    path = optimum_path(problem, cache)
    found = load_optimum(path, problem.n_features) if path else None
    if found is None:
        # SciPy's BLAS is another library than NumPy's: it must be loaded to be limited, so that
        # the bits of the optimum do not depend on the number of cores.
        import scipy.linalg  # noqa: F401

        with threadpool_limits(1, "blas"), np.errstate(all="ignore"):
            found = _honest(solve(problem, problem.w0))
        if path:
            save_optimum(path, found)
    return found


def _honest(found: Optimum) -> Optimum:
    """Return `found`, without its minimiser where the reference solver did not converge."""
    if not found.attained or found.f_star_error <= LOOSE * max(1.0, abs(found.f_star)):
        return found
    why = f"the reference solver did not converge: f* is known to {found.f_star_error:.0e} only"
    return replace(found, attained=False, w_star=None, no_minimiser=why, distance_error=None)


def discard_optimum(problem: LinearProblem, cache: Path | None) -> None:
    """Delete the cached optimum of `problem`, if there is one: a run refuted it."""
    path = optimum_path(problem, cache)
    if path is None:
        return
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def uncertified(problem: LinearProblem, f_star: float) -> Optimum:
    """Return what is known where the user names the minimum: no minimiser and no error bound."""
    why = "no minimiser is known beside --f-star"
    return _not_attained(curvature(problem), f_star, 0.0, GIVEN, why)


@dataclass(frozen=True)
class _Solved:
    """What Newton's method ended with."""

    point: Point
    step: NewtonStep
    curvature: Curvature
    solver: str

    def certificate(self) -> LowerBound:
        return certify(self.point, self.curvature.mu, self.step)


def solve(objective: LinearObjective, w0: Vector) -> Optimum:
    """Return the certified minimum of `objective`, its minimiser nearest to `w0`."""
    refuse_unknown(objective)
    endless = never_flat(objective)
    if endless and one_class(objective):
        return _completely_separable(objective, curvature(objective))
    if not by_newton(objective):
        return minimise_composite(objective, endless=endless)
    endless = endless and objective.penalty.curvature == 0
    solved = _newton(objective, w0, stop_if_separated=endless)
    if endless and separates(objective, solved.point.z):
        return _completely_separable(objective, solved.curvature)
    if endless:
        u = dual_point(solved.point, solved.step)
        if not overlap_proved(objective, u):
            return _maybe_separable(objective, solved, u)
    found = _attained(solved)
    if recedes(objective):
        return replace(
            found, attained=False, w_star=None, no_minimiser=NOT_REACHED, distance_error=None
        )
    return found


def _newton(objective: LinearObjective, w0: Vector, *, stop_if_separated: bool) -> _Solved:
    penalised = objective.penalty.curvature > 0
    step: NewtonStep
    if direct(objective):
        space = row_space(objective)
        start = space.start(w0, penalised)
        bends = curvature(objective, space.singular)
        step = FactorisedStep(objective, space.basis)
        solver = "closed form" if isinstance(objective.loss, Squared) else "Newton"
    else:
        start = np.zeros_like(w0) if penalised else w0
        bends = curvature(objective)
        step = IterativeStep(objective)
        solver = "Newton-CG"
    stop = partial(separates, objective) if stop_if_separated else None
    point = minimise(objective, start, step, stop)
    if not np.all(np.isfinite(point.w)) or not np.isfinite(point.f):
        raise OptimumError(
            "the reference solver found no finite minimiser.",
            "scale the data (--scale maxabs) or add a penalty.",
        )
    return _Solved(point, step, bends, solver)


def _attained(solved: _Solved) -> Optimum:
    found, mu = solved.certificate(), solved.curvature.mu
    point = solved.point
    return Optimum(
        f_star=float(point.objective.value(point.w[:, None])[0]),
        f_star_error=found.error,
        method=f"{solved.solver}, {found.name}",
        attained=True,
        w_star=point.w,
        no_minimiser="",
        distance_error=(point.g_norm + point.g_rounding) / mu if mu > 0 else None,
        curvature=solved.curvature,
    )


def _not_attained(
    bends: Curvature, f_star: float, error: float, method: str, no_minimiser: str = NOT_ATTAINED
) -> Optimum:
    return Optimum(
        f_star=f_star,
        f_star_error=error,
        method=method,
        attained=False,
        w_star=None,
        no_minimiser=no_minimiser,
        distance_error=None,
        curvature=bends,
    )


def _completely_separable(objective: LinearObjective, bends: Curvature) -> Optimum:
    """Far along the separating direction every term falls to its infimum."""
    y = objective.y
    infimum = -float(np.mean(objective.loss.conjugate(np.zeros_like(y), y)))
    return _not_attained(bends, infimum + 0.0, 0.0, "Newton, separating direction")


def _maybe_separable(objective: LinearObjective, solved: _Solved, u: PerSample) -> Optimum:
    """Let the linear program decide."""
    try:
        found = separation(objective, u)
    except TimeoutError:
        certificate = solved.certificate()
        method = f"{solved.solver}, {certificate.name}"
        return _not_attained(solved.curvature, solved.point.f, certificate.error, method, UNDECIDED)
    if found is None:
        return _attained(solved)
    if found.separated.all() and separates(objective, objective.data.X @ found.direction):
        return _completely_separable(objective, solved.curvature)
    return _quasi_separable(objective, solved.curvature, found)


def _quasi_separable(objective: LinearObjective, bends: Curvature, found: Separation) -> Optimum:
    """Return the infimum: that of the samples that overlap, times their share.

    It is bounded below by their certificate (the other terms are at least their infima, taken as 0
    here), above by F far along the direction.
    """
    inner_value = inner_error = share = 0.0
    w = np.zeros(objective.n_features)
    name = "linear program"
    if not found.separated.all():
        rest = rest_of(objective, found.separated)
        inner = _newton(rest, w, stop_if_separated=False)
        certificate = inner.certificate()
        share = rest.n_samples / objective.n_samples
        inner_value, inner_error, w = inner.point.f, certificate.error, inner.point.w
        name = f"linear program, {certificate.name}"
    margins = objective.y * (objective.data.X @ found.direction)
    nearest = float(margins[found.separated].min())
    lower = share * (inner_value - inner_error)
    if nearest <= 0:
        raise OptimumError(
            "the separating direction of the linear program does not separate in float64.",
            "scale the data (--scale maxabs) or add a penalty.",
        )
    point = Point(objective, w + ASYMPTOTIC / nearest * found.direction)
    error = max(0.0, point.f - lower) + point.f_rounding
    return _not_attained(bends, point.f, error, f"Newton, {name}")
