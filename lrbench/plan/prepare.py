"""A problem made ready: its data read, its optimum certified, its options checked against it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lrbench.config.learning_rates import resolve_learning_rates
from lrbench.config.solver_spec import SolverSpec
from lrbench.engine.control import Control
from lrbench.errors import DataError, UsageError
from lrbench.objective.constants import Constants
from lrbench.objective.linear.objective import LinearObjective
from lrbench.objective.problem import LinearProblem
from lrbench.optimum import Optimum, constants, find_optimum, uncertified
from lrbench.plan.plan import Plan
from lrbench.problem_files import ProblemSpec
from lrbench.problem_files import build_problem as build_problem
from lrbench.solvers.base import proximal
from lrbench.theory.base import Setting

MOST = 1e150
"""A constant beyond this, or below its inverse, overflows when it is squared."""


@dataclass(frozen=True)
class Prepared:
    """A problem, what is known of it, and the learning rates that its L gives."""

    spec: ProblemSpec
    problem: LinearProblem
    optimum: Optimum
    constants: Constants
    lr0: tuple[float, ...]

    def setting(self, plan: Plan, solver: SolverSpec, lr0: float) -> Setting:
        """Return what theorems may know of one solver and lr0 before the run."""
        not_smooth = why_not_smooth(self.problem)
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


def why_not_smooth(problem: LinearObjective) -> str:
    """Return what keeps the objective from being smooth and unconstrained; empty for nothing."""
    loss, penalty = problem.loss, problem.penalty
    if not math.isfinite(loss.smoothness):
        curved = loss.task == "count"
        return f"the {loss.name} loss {'has no L' if curved else 'is not smooth'}"
    if penalty.indicator:
        return f"the {penalty.name} is a constraint"
    return "" if math.isfinite(penalty.smoothness) else f"the {penalty.name} penalty is not smooth"


def set_diameter(problem: LinearObjective) -> float | None:
    """Return the diameter of an indicator penalty's set; None without one or where unbounded.

    The conjugate of an indicator is the support function of its set, so that a box of sides s has
    the diameter of the sum of s^2 and a ball twice its radius. An intercept is free: there the set
    is unbounded.
    """
    penalty = problem.penalty
    if not penalty.indicator or problem.intercept:
        return None
    basis = np.eye(1, problem.n_features).T
    width = float(penalty.conjugate(basis)[0] + penalty.conjugate(-basis)[0])
    found = width * (math.sqrt(problem.n_features) if penalty.name == "box" else 1.0)
    return found if math.isfinite(found) else None


def prepare(spec: ProblemSpec, plan: Plan, cache: Path | None, control: Control) -> Prepared:
    """Return the problem that `spec` describes, ready for `plan`.

    Raises
    ------
    UsageError
        If the plan does not fit the problem: a batch larger than the data, a ball without the
        minimiser, learning rates in units of 1/L where there is no L.
    DataError, OptimumError
        As the data and the reference solver say.
    """
    control.phase(f"reading {spec.name}")
    problem = read_problem(spec, plan)
    control.phase(f"certifying the optimum of {spec.name}")
    if plan.f_star is None:
        optimum = find_optimum(problem, cache=cache)
    else:
        optimum = uncertified(problem, plan.f_star)
    with np.errstate(all="ignore"):
        known = constants(problem, optimum, radius=plan.radius)
    _check_range(known, problem)
    _check_prox(plan, problem)
    _check_ball(plan.radius, known, problem)
    return Prepared(
        spec, problem, optimum, known, tuple(resolve_learning_rates(plan.learning_rates, known.L))
    )


def read_problem(spec: ProblemSpec, plan: Plan) -> LinearProblem:
    """Return the problem without its optimum; the batch size is checked against it."""
    problem = build_problem(spec)
    if plan.batch_size is not None and plan.batch_size > problem.n_samples:
        raise UsageError(
            f"--batch-size {plan.batch_size} is more than the {problem.n_samples} samples of"
            f" {problem.name}.",
            "give a smaller one, or full.",
        )
    return problem


def _check_range(known: Constants, problem: LinearProblem) -> None:
    """Refuse numbers so large or small that nothing could be measured in float64."""
    sizes = {
        "L": 0.0 if math.isinf(known.L) else known.L,
        "1/L": 1 / known.L if known.L > 1 / MOST else math.inf if known.L else 0.0,
        "F(w_0) - f*": known.delta0,
        "|grad F(w_0)|^2": known.grad_norm_sq0,
        "|w_0 - w*|": known.distance or 0.0,
    }
    bad = [name for name, size in sizes.items() if not size < MOST]
    if bad:
        raise DataError(
            f"the numbers of {problem.name} leave the range of float64: {', '.join(bad)}.",
            "scale the data (--scale maxabs), the targets or the start.",
        )


def _check_prox(plan: Plan, problem: LinearProblem) -> None:
    """Refuse a ball where prox and projection, one after the other, are not the prox of the sum.

    They are where both shrink the same vector: around the origin, without a box, and with an
    intercept for l1 alone.
    """
    penalty = problem.penalty
    uneven = problem.intercept and (penalty.curvature > 0 or penalty.indicator)
    if plan.radius is None or not (problem.w0.any() or penalty.name == "box" or uneven):
        return
    for solver, spec in plan.built:
        if proximal(solver) and penalty.name != "none":
            raise UsageError(
                f"--radius and {spec.name} do not go together on {problem.name}: after the prox of"
                f" the penalty {penalty.name} the projection is wrong.",
                "leave --radius out, or take a solver that uses subgradients, such as wngrad.",
            )


def _check_ball(radius: float | None, known: Constants, problem: LinearProblem) -> None:
    """Refuse a ball that leaves the minimiser out: that would be another problem."""
    if radius is None:
        return
    if known.distance is None:
        raise UsageError(
            f"--radius {radius:g} makes another problem of {problem.name}: {known.no_minimiser}.",
            "leave --radius out.",
        )
    if radius < known.distance:
        raise UsageError(
            f"--radius {radius:g} leaves out the minimiser of {problem.name}, which is"
            f" {known.distance:.6g} from the start.",
            f"give --radius {math.ceil(known.distance * 100) / 100:g} or more.",
        )
