"""Checks of the options of a plan against a problem, before the first step."""

from __future__ import annotations

import math

from lrbench.errors import DataError, UsageError
from lrbench.objective.constants import Constants
from lrbench.objective.problem import Problem
from lrbench.plan.plan import Plan

MOST = 1e150
"""A constant beyond this, or below its inverse, leaves the range of float64 when it is squared."""


def check_fit(plan: Plan, problem: Problem, constants: Constants) -> None:
    """Check a plan against a problem, except for a ball, which needs a certified f_star.

    Raises
    ------
    UsageError
        If a solver or a target does not fit the problem.
    DataError
        If constants of the problem leave the range of float64.
    """
    _check_range(constants, problem)
    _check_prox(plan, problem)
    _check_batch(plan, problem)
    _check_outside(plan, problem)
    _check_target(plan, constants, problem)


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


def _check_batch(plan: Plan, problem: Problem) -> None:
    """Refuse minibatches of fewer samples than the objective on a minibatch needs."""
    facts = problem.facts()
    what = facts.reparametrisation or "layer 1"
    if plan.batch_size is not None and plan.batch_size < facts.least_batch:
        raise UsageError(
            f"--batch-size {plan.batch_size} has no deviation: {what} of {problem.name}"
            f" divides by that of each minibatch.",
            f"give {facts.least_batch} or more.",
        )


def _check_target(plan: Plan, constants: Constants, problem: Problem) -> None:
    """Refuse a target of F - f* where f* is not known, and of what is not measured.

    A sweep with ``--at`` needs none: it then shows the norm of the gradient.
    """
    if plan.target_measure == "test_error":
        _check_accuracy(plan, problem)
    if plan.target_measure == "loss" and not constants.f_star_obstacle:
        lowest = constants.f_star - constants.f_star_error
        below = [level for level in plan.targets_on(math.nan) if level < lowest]
        if below:
            raise UsageError(
                f"--target loss={below[0]:g} is below the minimum of {problem.name}, f* ="
                f" {constants.f_star:.7g}, so that no run comes there.",
                "give a level of F above it, or one of F - f*, such as 1%.",
            )
    if plan.target_measure != "suboptimality":
        return
    name = problem.name
    needs_none = not plan.sweep or (plan.iterations_at and not any(a.auto for a in plan.axes))
    if not math.isnan(constants.f_star) or (plan.target is None and needs_none):
        return
    no_target = "have no target: lrbench run, or lrbench sweep --at"
    without = no_target if plan.sweep else "leave the target out"
    option = "a sweep" if plan.target is None else f"--target {plan.target}"
    raise UsageError(
        f"{option} needs a target of F - f*, and f* of {name} is not known:"
        f" {constants.f_star_obstacle}.",
        "give a target of F or of the accuracy (--target loss=0.1, --target accuracy=95%), a value"
        f" to compare with by --f-star, or {without}.",
    )


def _check_accuracy(plan: Plan, problem: Problem) -> None:
    """Refuse a target of the accuracy where none is measured, and say which part is missing."""
    measured = problem.measures(problem.w0[:, None])
    if "test_accuracy" in measured:
        return
    if "test_loss" in measured:
        raise UsageError(
            f"--target {plan.target} is of classes, and those of {problem.name} are numbers: its"
            " held-out samples have a loss and no accuracy.",
            "give another target, such as loss=0.1.",
        )
    raise UsageError(
        f"--target {plan.target} is of held-out samples with classes, and {problem.name} has none.",
        "hold some out by --test 0.2, or give another target, such as loss=0.1.",
    )


def _check_outside(plan: Plan, problem: Problem) -> None:
    """Refuse an outside solver on minibatches, in a ball, or on a set that is no box."""
    for solver, spec in plan.built:
        obstacle = (
            "takes no --batch-size: it owns its loop"
            if plan.batch_size is not None
            else "knows no ball: it owns its loop"
            if plan.radius is not None
            else "knows no other set than a box"
            if not problem.facts().bounds_alone
            else ""
        )
        if solver.outside and obstacle:
            raise UsageError(
                f"{spec.name} {obstacle}.", "leave it out, or run it by a command of its own."
            )


def check_ball(radius: float | None, constants: Constants, problem: Problem) -> None:
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
