"""The certified minimum of a problem: the choice of reference solver and certificate."""

from __future__ import annotations

import contextlib
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
from lrbench.optimum.base import NOT_ATTAINED, UNCERTIFIED, Curvature, Optimum
from lrbench.optimum.cache import load_optimum, optimum_path, save_optimum
from lrbench.optimum.certificate import LowerBound, certify, dual_point
from lrbench.optimum.composite import by_newton, minimise_composite, refuse_unknown
from lrbench.optimum.curvature import find_curvature
from lrbench.optimum.newton import FactorisedStep, IterativeStep, NewtonStep, minimise
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
from lrbench.optimum.variables import in_usual_variables

ZERO_COUNTS = "counts of zero draw scores to minus infinity: the infimum is not attained"
UNDECIDED = "nearly separable data: whether the infimum is attained could not be decided"

LOOSE = 1e-2
"""Error of f_star, relative to max(1, |f_star|), above which no minimiser is claimed."""

ASYMPTOTIC = 60.0
"""A margin at which the loss of a separated sample, e^-60, is far below rounding."""


def find_optimum(problem: LinearProblem, *, cache: Path | None) -> Optimum:
    """Return the certified minimum of `problem`.

    Parameters
    ----------
    cache
        The folder of lrbench's cache; None to compute the minimum without a cache.

    Raises
    ------
    OptimumError
        No reference solver can handle the loss, or the minimiser is not finite.

    Notes
    -----
    The reference solver is never a first-order method. Smooth problems are solved by Newton's
    method, with a factorised Hessian if min(n_samples, n_features) <= 3000 and by conjugate
    gradients otherwise. Its first step is the closed form of least squares, and the others refine
    it. If there are several minimisers, the result is the one nearest to w_0. Problems with kinks
    or constraints are solved by an interior point method, which returns any of several minimisers.
    """
    path = optimum_path(problem, cache)
    optimum = load_optimum(path, problem.n_features) if path else None
    if optimum is None:
        # The bits of the optimum must not depend on the number of cores. SciPy brings a BLAS of its
        # own beside NumPy's, which can be limited only after it has been loaded.
        import scipy.linalg  # noqa: F401

        with threadpool_limits(1, "blas"), np.errstate(all="ignore"):
            optimum = _converged_only(_solve(problem))
        if path:
            save_optimum(path, optimum)
    return optimum


def _solve(problem: LinearProblem) -> Optimum:
    """Return the certified minimum, found in variables in which the columns have usual sizes."""
    changed = in_usual_variables(problem)
    if changed is None:
        return solve(problem, problem.w0)
    objective, variables = changed
    optimum = solve(objective, variables.from_original(problem.w0))
    # L and mu are those of w, which the solvers under test see.
    optimum = replace(optimum, curvature=_curvature(problem))
    v, error = optimum.w_star, optimum.distance_error
    if v is None:
        return optimum
    w = variables.to_original(v)
    return replace(
        optimum,
        w_star=w,
        distance_error=None if error is None else variables.distance(error, v),
        rounding=Point(problem, w).f_rounding,
    )


def _curvature(objective: LinearObjective) -> Curvature:
    factorised = by_newton(objective) and direct(objective)
    return find_curvature(objective, row_space(objective).singular if factorised else None)


def _converged_only(optimum: Optimum) -> Optimum:
    """Return `optimum`, without its minimiser if the reference solver did not converge."""
    error = optimum.f_star_error
    if not optimum.attained or error <= LOOSE * max(1.0, abs(optimum.f_star)):
        return optimum
    reason = f"the reference solver did not converge: f* is known to {error:.0e} only"
    return _without_minimiser(optimum, reason)


def _without_minimiser(optimum: Optimum, reason: str) -> Optimum:
    return replace(optimum, attained=False, w_star=None, no_minimiser=reason, distance_error=None)


def discard_optimum(problem: LinearProblem, cache: Path | None) -> None:
    """Delete the cached optimum of `problem`, if there is one, after a run has refuted it."""
    path = optimum_path(problem, cache)
    if path is not None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def uncertified(problem: LinearProblem, f_star: float) -> Optimum:
    """Return the optimum with an f_star that the user gave: no minimiser and no error bound."""
    reason = "no minimiser is known beside --f-star"
    return _not_attained(find_curvature(problem), f_star, 0.0, UNCERTIFIED, reason)


@dataclass(frozen=True)
class _Solved:
    """The last point of Newton's method, and what its certificate needs."""

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
        return _completely_separable(objective, find_curvature(objective))
    if not by_newton(objective):
        return minimise_composite(objective, endless=endless)
    endless = endless and objective.penalty.curvature == 0  # l2 makes F grow in every direction
    solved = _newton(objective, w0, stop_if_separated=endless)
    if endless and separates(objective, solved.point.z):
        return _completely_separable(objective, solved.curvature)
    if endless:
        # The dual point costs three solves, but the linear program may take a minute.
        u = dual_point(solved.point, solved.step)
        if not overlap_proved(objective, u):
            return _maybe_separable(objective, solved, u)
    optimum = _attained(solved)
    return _without_minimiser(optimum, ZERO_COUNTS) if recedes(objective) else optimum


def _newton(objective: LinearObjective, w0: Vector, *, stop_if_separated: bool) -> _Solved:
    penalised = objective.penalty.curvature > 0
    step: NewtonStep
    if direct(objective):
        space = row_space(objective)
        start = space.start(w0, penalised)
        curvature = find_curvature(objective, space.singular)
        step = FactorisedStep(objective, space.basis)
        solver = "closed form" if isinstance(objective.loss, Squared) else "Newton"
    else:
        start = np.zeros_like(w0) if penalised else w0
        curvature = find_curvature(objective)
        step = IterativeStep(objective)
        solver = "Newton-CG"
    stop = partial(separates, objective) if stop_if_separated else None
    point = minimise(objective, start, step, stop)
    if not np.all(np.isfinite(point.w)) or not np.isfinite(point.f):
        raise OptimumError(
            "the reference solver found no finite minimiser.",
            "scale the data (--scale maxabs) or add a penalty.",
        )
    return _Solved(point, step, curvature, solver)


def _attained(solved: _Solved) -> Optimum:
    certificate, mu = solved.certificate(), solved.curvature.mu
    point = solved.point
    return Optimum(
        # Computed as in the runs, which sum the losses in another order than `Point.f`.
        f_star=float(point.objective.value(point.w[:, None])[0]),
        f_star_error=certificate.error,
        method=f"{solved.solver}, {certificate.name}",
        attained=True,
        w_star=point.w,
        no_minimiser="",
        # mu |w - w*| <= |grad F(w)|
        distance_error=(point.g_norm + point.g_rounding) / mu if mu > 0 else None,
        curvature=solved.curvature,
    )


def _not_attained(
    curvature: Curvature,
    f_star: float,
    error: float,
    method: str,
    no_minimiser: str = NOT_ATTAINED,
) -> Optimum:
    return Optimum(
        f_star=f_star,
        f_star_error=error,
        method=method,
        attained=False,
        w_star=None,
        no_minimiser=no_minimiser,
        distance_error=None,
        curvature=curvature,
    )


def _completely_separable(objective: LinearObjective, curvature: Curvature) -> Optimum:
    """Return the mean of the infima of the losses: F tends to it along the direction."""
    y = objective.y
    infimum = -float(np.mean(objective.loss.conjugate(np.zeros_like(y), y)))
    # + 0.0 turns the -0.0 of a logistic loss into 0.0.
    return _not_attained(curvature, infimum + 0.0, 0.0, "Newton, separating direction")


def _maybe_separable(objective: LinearObjective, solved: _Solved, u: PerSample) -> Optimum:
    """Return the optimum, after a linear program has decided whether the data are separable."""
    try:
        separable = separation(objective, u)
    except TimeoutError:
        certificate = solved.certificate()
        method = f"{solved.solver}, {certificate.name}"
        return _not_attained(solved.curvature, solved.point.f, certificate.error, method, UNDECIDED)
    if separable is None:
        return _attained(solved)
    if separable.separated.all() and separates(objective, objective.data.X @ separable.direction):
        return _completely_separable(objective, solved.curvature)
    return _quasi_separable(objective, solved.curvature, separable)


def _quasi_separable(
    objective: LinearObjective, curvature: Curvature, separable: Separation
) -> Optimum:
    """Return the infimum: that of the samples that overlap, times their fraction of all samples.

    Their certificate bounds it below, because the losses of the other samples are at least 0. F far
    along the separating direction bounds it above.
    """
    direction, separated = separable.direction, separable.separated
    lower = 0.0
    w = np.zeros(objective.n_features)
    name = "linear program"
    if not separated.all():
        rest = rest_of(objective, separated)
        inner = _newton(rest, w, stop_if_separated=False)
        certificate = inner.certificate()
        w = inner.point.w
        lower = rest.n_samples / objective.n_samples * (inner.point.f - certificate.error)
        name = f"linear program, {certificate.name}"
    margins = objective.y * (objective.data.X @ direction)
    nearest = float(margins[separated].min())
    if nearest <= 0:
        raise OptimumError(
            "the separating direction of the linear program does not separate in float64.",
            "scale the data (--scale maxabs) or add a penalty.",
        )
    point = Point(objective, w + ASYMPTOTIC / nearest * direction)
    error = max(0.0, point.f - lower) + point.f_rounding
    return _not_attained(curvature, point.f, error, f"Newton, {name}")
