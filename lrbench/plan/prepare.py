"""A problem prepared for a plan: data read, optimum certified, options checked against it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lrbench.config.learning_rates import resolve_learning_rates
from lrbench.config.solver_spec import SolverSpec
from lrbench.engine.control import Control, TimeIsUp
from lrbench.errors import DataError, OptimumError, UsageError
from lrbench.objective.constants import CERTIFIED, NOT_CERTIFIED, Constants
from lrbench.objective.problem import Problem
from lrbench.optimum import Optimum, find_optimum, uncertified, unknown_optimum
from lrbench.optimum import constants as problem_constants
from lrbench.plan.plan import Plan
from lrbench.problem_files import ProblemSpec
from lrbench.problem_files import build_problem as build_problem
from lrbench.results import Header
from lrbench.theory.base import Setting

MOST = 1e150
"""A constant beyond this, or below its inverse, leaves the range of float64 when it is squared."""


@dataclass(frozen=True)
class Prepared:
    """A problem with its optimum, its constants, and the learning rates resolved with its L."""

    spec: ProblemSpec | None
    """None for a problem that was made in Python."""
    problem: Problem
    optimum: Optimum
    constants: Constants
    lr0: tuple[float, ...]

    @property
    def not_certified(self) -> OptimumError | None:
        """The error of whatever needs f_star, where it is not certified; None where it is."""
        name, constants, facts = self.problem.name, self.constants, self.problem.facts()
        if constants.f_star_doubt != NOT_CERTIFIED:
            return None
        error, allowed = constants.f_star_error, CERTIFIED * constants.size
        size = f" (error up to {error:.1g}, at most {allowed:.1g} allowed)"
        remedies = [] if facts.scale == "standard" else ["--scale standard"]
        remedies += [] if facts.penalised else ["a penalty"]
        attempt = f"try {' or '.join(remedies)}, or " if remedies else ""
        return OptimumError(
            f"f* of {name} is not certified: {constants.f_star_obstacle}"
            f"{size if math.isfinite(error) else ''}.",
            f"{attempt}give the minimum with --f-star VALUE.",
        )

    def setting(self, plan: Plan, solver: SolverSpec, lr0: float) -> Setting:
        """Return what theorems may know before the run with one solver and lr0."""
        facts = self.problem.facts()
        no_L = "" if math.isfinite(self.constants.L) else "L is not known"
        not_smooth = facts.not_smooth or no_L
        return Setting(
            constants=self.constants,
            lr0=lr0,
            params=solver.params,
            batch=plan.batch_size is None,
            batch_size=plan.batch_size or self.problem.n_samples,
            sampling=None if plan.batch_size is None else plan.sampling,
            radius=plan.radius,
            smooth=not not_smooth,
            not_smooth=not_smooth,
            diameter=facts.diameter,
            convex=facts.convex,
        )


def header(
    problem: Problem, constants: Constants, radius: float | None, target: float | None
) -> Header:
    """Return what a saved result says of the problem itself."""
    facts = problem.facts()
    return Header(
        title=facts.title,
        fingerprint=facts.fingerprint,
        data=facts.data,
        n_samples=problem.n_samples,
        n_features=problem.n_features,
        nnz=facts.nnz,
        loss=facts.loss,
        penalty=facts.penalty,
        scale=facts.scale,
        intercept=facts.intercept,
        test=facts.test,
        labels=facts.labels,
        start=facts.start,
        radius=radius,
        target=target,
        constants=constants,
    )


def prepare(
    spec: ProblemSpec | Problem,
    plan: Plan,
    cache: Path | None,
    control: Control,
    *,
    needs_f_star: bool = True,
) -> Prepared:
    """Return a problem, or that which a specification describes, ready for `plan`.

    Parameters
    ----------
    needs_f_star
        Whether an f_star that is not certified is refused. Otherwise it is prepared all the same,
        with the reason as `Constants.f_star_obstacle`.

    Raises
    ------
    UsageError
        If the plan does not fit the problem: a batch larger than the data, a ball without the
        minimiser, learning rates in units of 1/L where there is no L, a target of F - f* where f*
        is not known.
    DataError
        If the data are missing or bad, or lead to numbers outside the range of float64.
    OptimumError
        If f_star is needed and not certified: no reference solver handles the problem, or the error
        of f_star exceeds `lrbench.objective.constants.CERTIFIED`. If the time is up before.
    """
    try:
        with control.time_limited():
            control.phase(f"reading {spec.name}")
            problem = _read_problem(spec, plan)
            control.phase(f"certifying the optimum of {spec.name}")
            optimum = _optimum(problem, plan.f_star, cache, needs_f_star)
            with np.errstate(all="ignore"):  # `_check_range` refuses what overflows, by its name
                constants = problem_constants(problem, optimum, radius=plan.radius)
    except TimeIsUp:
        raise OptimumError(
            f"the time was up before the optimum of {spec.name} was certified.",
            "give --timeout more, or the minimum by --f-star; what is certified is kept.",
        ) from None
    _check_range(constants, problem)
    _check_prox(plan, problem)
    _check_target(plan, constants, problem.name)
    lr0 = tuple(resolve_learning_rates(plan.learning_rates, constants.L))
    made_here = spec if isinstance(spec, ProblemSpec) else None
    prepared = Prepared(made_here, problem, optimum, constants, lr0)
    if prepared.not_certified is None:
        _check_ball(plan.radius, constants, problem)
    elif needs_f_star:
        raise prepared.not_certified
    return prepared


def _optimum(
    problem: Problem, f_star: float | None, cache: Path | None, needs_f_star: bool
) -> Optimum:
    """Return the certified optimum, or that of an `f_star` that the user gave."""
    if f_star is not None:
        return uncertified(problem, f_star)
    try:
        return find_optimum(problem, cache=cache)
    except OptimumError as error:
        if needs_f_star:
            raise
        return unknown_optimum(problem, error.message.rstrip("."))


def _read_problem(spec: ProblemSpec | Problem, plan: Plan) -> Problem:
    """Return the problem without its optimum, after a check of the batch size against it."""
    problem = build_problem(spec) if isinstance(spec, ProblemSpec) else spec
    if plan.batch_size is not None and plan.batch_size > problem.n_samples:
        raise UsageError(
            f"--batch-size {plan.batch_size} is more than the {problem.n_samples} samples of"
            f" {problem.name}.",
            "give a smaller one, or full.",
        )
    return problem


def _check_range(constants: Constants, problem: Problem) -> None:
    """Refuse constants that are too large or too small for measurements in float64."""
    L = constants.L
    sizes = {
        "L": 0.0 if math.isinf(L) else L,  # an infinite L is a loss without one, and no overflow
        "1/L": 1 / L if L > 1 / MOST else math.inf if L else 0.0,
        "F(w_0) - f*": 0.0 if math.isnan(constants.f_star) else constants.delta0,
        "|grad F(w_0)|^2": constants.grad_norm_sq0,
        "|w_0 - w*|": constants.distance or 0.0,
    }
    bad = [name for name, size in sizes.items() if not size < MOST]  # NaN is bad, too
    if constants.delta0 > constants.floor:  # else the start is a minimiser, and they may be 0
        D = constants.distance
        squares = {
            "F(w_0) - f*": constants.delta0,
            "|grad F(w_0)|^2": constants.grad_norm_sq0,
            "|w_0 - w*|": math.inf if D is None else D * D,
        }
        bad += [name for name, square in squares.items() if square < 1 / MOST / MOST]
    if bad:
        raise DataError(
            f"the numbers of {problem.name} leave the range of float64: {', '.join(bad)}.",
            "scale the data (--scale maxabs), the targets or the start.",
        )


def _check_prox(plan: Plan, problem: Problem) -> None:
    """Refuse a ball where the prox followed by the projection is not the prox of the sum."""
    facts = problem.facts()
    if plan.radius is None or facts.ball_after_prox or not facts.penalised:
        return
    for solver, spec in plan.built:
        if solver.proximal:
            raise UsageError(
                f"--radius and {spec.name} do not go together on {problem.name}: after the prox of"
                f" the penalty {facts.penalty.name} the projection is wrong.",
                "leave --radius out, or take a solver that uses subgradients, such as wngrad.",
            )


def _check_target(plan: Plan, constants: Constants, name: str) -> None:
    """Refuse a target, which is one of F - f*, where f* is not known."""
    if not math.isnan(constants.f_star) or (plan.target is None and not plan.sweep):
        return
    option = "a sweep" if plan.target is None else f"--target {plan.target:g}"
    raise UsageError(
        f"{option} needs a target of F - f*, and f* of {name} is not known:"
        f" {constants.f_star_obstacle}.",
        "give a value to compare with by --f-star, or run without a target: lrbench.run.",
    )


def _check_ball(radius: float | None, constants: Constants, problem: Problem) -> None:
    """Refuse a ball without the minimiser, which would be a problem with another optimum."""
    if radius is None or math.isnan(constants.f_star):
        return
    if constants.distance is None:
        raise UsageError(
            f"--radius {radius:g} makes another problem of {problem.name}:"
            f" {constants.no_minimiser}.",
            "leave --radius out.",
        )
    if radius < constants.distance:
        raise UsageError(
            f"--radius {radius:g} leaves out the minimiser of {problem.name}, which is"
            f" {constants.distance:.6g} from the start.",
            f"give --radius {math.ceil(constants.distance * 100) / 100:g} or more.",
        )
