"""A problem prepared for a plan: data read, optimum certified, options checked against it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from lrbench.config.learning_rates import resolve_learning_rates
from lrbench.config.solver_spec import SolverSpec
from lrbench.engine.control import Control, TimeIsUp
from lrbench.errors import DataError, OptimumError, UsageError
from lrbench.objective.constants import CERTIFIED, Constants
from lrbench.objective.linear.objective import LinearObjective
from lrbench.objective.problem import LinearProblem
from lrbench.optimum import Optimum, find_optimum, uncertified, unknown_optimum
from lrbench.optimum import constants as problem_constants
from lrbench.plan.plan import Plan
from lrbench.problem_files import ProblemSpec
from lrbench.problem_files import build_problem as build_problem
from lrbench.problem_files.parts import part_text
from lrbench.results import Header, PenaltyValues
from lrbench.theory.base import Setting

MOST = 1e150
"""A constant beyond this, or below its inverse, leaves the range of float64 when it is squared."""


@dataclass(frozen=True)
class Prepared:
    """A problem with its optimum, its constants, and the learning rates resolved with its L."""

    spec: ProblemSpec
    problem: LinearProblem
    optimum: Optimum
    constants: Constants
    lr0: tuple[float, ...]

    @property
    def not_certified(self) -> OptimumError | None:
        """The error of whatever needs f_star, where it is not certified; None where it is."""
        name, constants = self.problem.name, self.constants
        if not constants.f_star_obstacle:
            return None
        error, allowed = constants.f_star_error, CERTIFIED * constants.size
        size = f" (error up to {error:.1g}, at most {allowed:.1g} allowed)"
        remedies = [] if self.problem.about.scale == "standard" else ["--scale standard"]
        remedies += ["a penalty"] if self.problem.penalty.vanishes else []
        attempt = f"try {' or '.join(remedies)}, or " if remedies else ""
        return OptimumError(
            f"f* of {name} is not certified: {constants.f_star_obstacle}"
            f"{size if math.isfinite(error) else ''}.",
            f"{attempt}give the minimum with --f-star VALUE.",
        )

    def setting(self, plan: Plan, solver: SolverSpec, lr0: float) -> Setting:
        """Return what theorems may know before the run with one solver and lr0."""
        not_smooth = reason_not_smooth(self.problem)
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
            diameter=set_diameter(self.problem),
        )


def header(
    problem: LinearProblem, constants: Constants, radius: float | None, target: float | None
) -> Header:
    """Return what a saved result says of the problem itself."""
    about, penalty = problem.about, problem.penalty
    parameters = {k: v for k, v in asdict(cast("Any", penalty)).items() if k != "weight"}
    return Header(
        title=about.title,
        fingerprint=about.fingerprint,
        data=about.data,
        n_samples=problem.n_samples,
        n_features=problem.n_features,
        nnz=problem.data.nnz,
        loss=part_text(problem.loss),
        penalty=PenaltyValues(penalty.name, penalty.weight, parameters),
        scale=about.scale,
        intercept=problem.intercept,
        test=about.test,
        labels=about.labels,
        start=about.start,
        radius=radius,
        target=target,
        constants=constants,
    )


def reason_not_smooth(problem: LinearObjective) -> str:
    """Return why the objective is not smooth or not unconstrained; empty if it is both."""
    loss, penalty = problem.loss, problem.penalty
    if not math.isfinite(loss.smoothness):
        # A differentiable loss may have a second derivative without a bound.
        return f"the {loss.name} loss {'has no L' if loss.differentiable else 'is not smooth'}"
    if penalty.indicator:
        return f"the {penalty.name} is a constraint"
    return "" if math.isfinite(penalty.smoothness) else f"the {penalty.name} penalty is not smooth"


def set_diameter(problem: LinearObjective) -> float | None:
    """Return the diameter of an indicator penalty's set; None without a set or if it is unbounded.

    With an intercept, which is not penalised, it is unbounded.
    """
    diameter = math.inf if problem.intercept else problem.penalty.diameter(problem.n_penalised)
    return diameter if math.isfinite(diameter) else None


def prepare(
    spec: ProblemSpec,
    plan: Plan,
    cache: Path | None,
    control: Control,
    *,
    needs_f_star: bool = True,
) -> Prepared:
    """Return the problem that `spec` describes, ready for `plan`.

    Parameters
    ----------
    needs_f_star
        Whether an f_star that is not certified is refused. Otherwise it is prepared all the same,
        with the reason as `Constants.f_star_obstacle`.

    Raises
    ------
    UsageError
        If the plan does not fit the problem: a batch larger than the data, a ball without the
        minimiser, learning rates in units of 1/L where there is no L.
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
    _check_outside(plan, problem)
    lr0 = tuple(resolve_learning_rates(plan.learning_rates, constants.L))
    prepared = Prepared(spec, problem, optimum, constants, lr0)
    if prepared.not_certified is None:
        _check_ball(plan.radius, constants, problem)
    elif needs_f_star:
        raise prepared.not_certified
    return prepared


def _optimum(
    problem: LinearProblem, f_star: float | None, cache: Path | None, needs_f_star: bool
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


def _read_problem(spec: ProblemSpec, plan: Plan) -> LinearProblem:
    """Return the problem without its optimum, after a check of the batch size against it."""
    problem = build_problem(spec)
    if plan.batch_size is not None and plan.batch_size > problem.n_samples:
        raise UsageError(
            f"--batch-size {plan.batch_size} is more than the {problem.n_samples} samples of"
            f" {problem.name}.",
            "give a smaller one, or full.",
        )
    return problem


def _check_range(constants: Constants, problem: LinearProblem) -> None:
    """Refuse constants that are too large or too small for measurements in float64."""
    L = constants.L
    sizes = {
        "L": 0.0 if math.isinf(L) else L,  # an infinite L is a loss without one, and no overflow
        "1/L": 1 / L if L > 1 / MOST else math.inf if L else 0.0,
        "F(w_0) - f*": constants.delta0,
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


def _check_prox(plan: Plan, problem: LinearProblem) -> None:
    """Refuse a ball where the prox followed by the projection is not the prox of the sum.

    It is the prox of the sum where both shrink the same vector. That requires a ball around the
    origin, no other set than a ball, and with an intercept the l1 penalty alone.
    """
    penalty = problem.penalty
    other_set = penalty.indicator and math.isinf(penalty.radius)
    uneven = problem.intercept and (penalty.curvature > 0 or penalty.indicator)
    if plan.radius is None or not (problem.w0.any() or other_set or uneven):
        return
    for solver, spec in plan.built:
        if solver.proximal and not penalty.vanishes:
            raise UsageError(
                f"--radius and {spec.name} do not go together on {problem.name}: after the prox of"
                f" the penalty {penalty.name} the projection is wrong.",
                "leave --radius out, or take a solver that uses subgradients, such as wngrad.",
            )


def _check_outside(plan: Plan, problem: LinearProblem) -> None:
    """Refuse an outside solver on minibatches, in a ball, or on a set that is no box."""
    for solver, spec in plan.built:
        obstacle = (
            "runs in full batches: it owns its loop"
            if plan.batch_size is not None
            else "knows no ball: it owns its loop"
            if plan.radius is not None
            else "knows no other set than a box"
            if problem.penalty.indicator and math.isfinite(problem.penalty.radius)
            else ""
        )
        if solver.outside and obstacle:
            raise UsageError(
                f"{spec.name} {obstacle}.", "leave it out, or run it by a command of its own."
            )


def _check_ball(radius: float | None, constants: Constants, problem: LinearProblem) -> None:
    """Refuse a ball without the minimiser, which would be a problem with another optimum."""
    if radius is None:
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
