"""The choice of reference solver and certificate, and separable data."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrbench.arrays import PerSample, Vector
from lrbench.errors import OptimumError
from lrbench.objective.linear.objective import LinearObjective
from lrbench.optimum.base import Curvature, Optimum, not_attained, without_minimiser
from lrbench.optimum.certificate import LowerBound, certify, dual_point
from lrbench.optimum.composite import by_newton, minimise_composite, refuse_unknown
from lrbench.optimum.curvature import find_curvature
from lrbench.optimum.gram import WeightedGram
from lrbench.optimum.newton import FactorisedStep, IterativeStep, NewtonStep, minimise
from lrbench.optimum.point import Point
from lrbench.optimum.preconditioned import Preconditioned, of_samples
from lrbench.optimum.row_space import direct, row_space
from lrbench.optimum.separation import (
    Separation,
    never_flat,
    one_class,
    overlap_proved,
    recedes,
    separates,
    separation,
)

ZERO_COUNTS = "counts of zero draw scores to minus infinity: the infimum is not attained"
UNDECIDED = "nearly separable data: whether the infimum is attained could not be decided"

LOST = "separable data whose separating direction is lost in float64"

ASYMPTOTIC = 60.0
"""A margin at which the loss of a separated sample, e^-60, is far below rounding."""


@dataclass(frozen=True)
class _Solved:
    """The last point of Newton's method, and what its certificate needs."""

    point: Point
    step: NewtonStep
    curvature: Curvature
    solver: str

    def certificate(self) -> LowerBound:
        # The strong convexity of F in rounded data proves nothing about F in the data themselves.
        rounded = isinstance(self.point.objective, Preconditioned)
        return certify(self.point, 0.0 if rounded else self.curvature.mu, self.step)


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
    if endless and separates(solved.point):
        return _completely_separable(objective, solved.curvature)
    if endless:
        # The dual point costs three solves, but the linear program may take a minute.
        u = dual_point(solved.point, solved.step)
        if not overlap_proved(objective, u):
            return _maybe_separable(objective, solved, u)
    optimum = _attained(solved)
    return without_minimiser(optimum, ZERO_COUNTS) if recedes(objective) else optimum


def _newton(objective: LinearObjective, w0: Vector, *, stop_if_separated: bool) -> _Solved:
    penalised = objective.penalty.curvature > 0
    step: NewtonStep
    if direct(objective):
        space = row_space(objective)
        start = space.start(w0, penalised)
        gram = WeightedGram(objective.data)
        curvature = find_curvature(objective, space.singular, gram)
        step = FactorisedStep(objective, space.basis, gram)
        solver = "closed form" if objective.loss.quadratic else "Newton"
    else:
        start = np.zeros_like(w0) if penalised else w0
        curvature = find_curvature(objective)
        step = IterativeStep(objective)
        solver = "Newton-CG"
    stop = separates if stop_if_separated else None
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
    # Computed as in the runs, which sum the losses in another way than `Point.f`: where F is small
    # beside its terms at other points, the two differ by more than the rounding of F.
    f_star = float(point.objective.value(point.w[:, None])[0])
    return Optimum(
        f_star=f_star,
        f_star_error=certificate.error + abs(f_star - point.f),
        method=f"{solved.solver}, {certificate.name}",
        attained=True,
        w_star=point.w,
        no_minimiser="",
        # mu |w - w*| <= |grad F(w)|
        distance_error=(point.g_norm + point.g_rounding) / mu if mu > 0 else None,
        curvature=solved.curvature,
        dual=point.u if certificate.dual is None else certificate.dual,
        obstacle=certificate.obstacle,
    )


def _completely_separable(objective: LinearObjective, curvature: Curvature) -> Optimum:
    """Return the mean of the infima of the losses: F tends to it along the direction."""
    y = objective.y
    infimum = -float(np.mean(objective.loss.conjugate(np.zeros_like(y), y)))
    # + 0.0 turns the -0.0 of a logistic loss into 0.0.
    method = "Newton, separating direction"
    return not_attained(curvature, infimum + 0.0, 0.0, method, dual=np.zeros_like(y))


def _maybe_separable(objective: LinearObjective, solved: _Solved, u: PerSample) -> Optimum:
    """Return the optimum, after a linear program has decided whether the data are separable."""
    try:
        separable = separation(objective, u)
    except TimeoutError:
        certificate = solved.certificate()
        method = f"{solved.solver}, {certificate.name}"
        f, error, dual = solved.point.f, certificate.error, certificate.dual
        return not_attained(solved.curvature, f, error, method, UNDECIDED, dual)
    if separable is None:
        return _attained(solved)
    if separable.separated.all() and separates(Point(objective, separable.direction)):
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
    lower, dual = 0.0, np.zeros(objective.n_samples)
    w = np.zeros(objective.n_features)
    name = "linear program"
    if not separated.all():
        rest = of_samples(objective, np.flatnonzero(~separated))
        inner = _newton(rest, w, stop_if_separated=False)
        certificate = inner.certificate()
        w = inner.point.w
        lower = rest.n_samples / objective.n_samples * (inner.point.f - certificate.error)
        dual[~separated] = inner.point.u if certificate.dual is None else certificate.dual
        name = f"linear program, {certificate.name}"
    along = Point(objective, direction)
    nearest = float((objective.y * along.z - along.score_rounding)[separated].min())
    points = [Point(objective, w), Point(objective, np.zeros_like(w))]
    if nearest > 0.0:
        points.append(Point(objective, w + ASYMPTOTIC / nearest * direction))
    point = min(points, key=lambda p: p.f if np.isfinite(p.f) else np.inf)
    error = max(0.0, point.f - lower) + point.f_rounding
    optimum = not_attained(curvature, point.f, error, f"Newton, {name}", dual=dual)
    return optimum if nearest > 0.0 else replace(optimum, obstacle=LOST)
