"""A problem prepared for a plan: data read, optimum certified, options checked against it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lrbench.config.prints import prints_to_stderr
from lrbench.config.solver_spec import SolverSpec
from lrbench.config.targets import TargetMeasure
from lrbench.engine.control import Control, TimeIsUp
from lrbench.errors import OptimumError, UsageError
from lrbench.objective.constants import CERTIFIED, NOT_CERTIFIED, Constants
from lrbench.objective.problem import Problem
from lrbench.optimum import Optimum, find_optimum
from lrbench.optimum import constants as problem_constants
from lrbench.optimum.base import LAST_DIGITS
from lrbench.plan.fit import check_ball, check_fit
from lrbench.plan.lanes import Lane
from lrbench.plan.plan import Plan
from lrbench.problem_files import ProblemSpec
from lrbench.problem_files import build_problem as build_problem
from lrbench.results import Header
from lrbench.theory.base import Setting


@dataclass(frozen=True)
class Prepared:
    """A problem with its optimum, its constants, and the lanes, whose rates depend on its L."""

    spec: ProblemSpec | None
    """None for a problem that was made in Python."""
    problem: Problem
    optimum: Optimum
    constants: Constants
    lanes: tuple[tuple[Lane, ...], ...]
    """The lanes of each solver of the plan."""

    @property
    def not_certified(self) -> OptimumError | None:
        """The error of whatever needs f_star, where it is not certified; None where it is."""
        name, constants, facts = self.problem.name, self.constants, self.problem.facts()
        if constants.f_star_doubt != NOT_CERTIFIED:
            return None
        error, allowed = constants.f_star_error, CERTIFIED * constants.size
        size = f" (error up to {error:.1g}, at most {allowed:.1g} allowed)"
        remedies = [] if facts.scale == "standard" else ["--scale standard"]
        if constants.f_star_obstacle == LAST_DIGITS:  # in whatever unit they are
            remedies = ["without one of these columns"]
        remedies += [] if facts.penalised else ["a penalty"]
        attempt = f"try {' or '.join(remedies)}, or " if remedies else ""
        return OptimumError(
            f"f* of {name} is not certified: {constants.f_star_obstacle}"
            f"{size if math.isfinite(error) else ''}.",
            f"{attempt}give the minimum with --f-star VALUE.",
        )

    def setting(self, plan: Plan, solver: SolverSpec, lr0: float | None) -> Setting:
        """Return what theorems may know before the run with one solver and lr0."""
        facts = self.problem.facts()
        no_L = "" if math.isfinite(self.constants.L) else "L is not known"
        not_smooth = facts.not_smooth or no_L
        return Setting(
            constants=self.constants,
            lr0=math.nan if lr0 is None else lr0,
            params=solver.params,
            batch=plan.batch_size is None,
            batch_size=plan.batch_size or self.problem.n_samples,
            sampling=None if plan.batch_size is None else plan.sampling,
            radius=plan.radius,
            smooth=not not_smooth,
            not_smooth=not_smooth,
            diameter=facts.diameter,
            convex=facts.convex,
            biased=facts.biased,
            horizon=plan.steps(self.problem.n_samples),
        )


def header(
    problem: Problem,
    constants: Constants,
    radius: float | None,
    target: float | None,
    target_measure: TargetMeasure = "suboptimality",
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
        reparametrisation=facts.reparametrisation,
        backend=facts.backend,
        start=facts.start,
        model=facts.model,
        radius=radius,
        target=target,
        target_measure=target_measure,
        constants=constants,
    )


@prints_to_stderr()
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
            with np.errstate(all="ignore"):  # `check_fit` refuses what overflows, by its name
                constants = problem_constants(problem, optimum, radius=plan.radius)
    except TimeIsUp:
        raise OptimumError(
            f"the time was up before the optimum of {spec.name} was certified.",
            "give --timeout more, or the minimum by --f-star; what is certified is kept.",
        ) from None
    check_fit(plan, problem, constants)
    lanes = tuple(axes.lanes(constants.L) for axes in plan.axes)
    made_here = spec if isinstance(spec, ProblemSpec) else None
    prepared = Prepared(made_here, problem, optimum, constants, lanes)
    if prepared.not_certified is None:
        check_ball(plan.radius, constants, problem)
    elif needs_f_star:
        raise prepared.not_certified
    return prepared


def _optimum(
    problem: Problem, f_star: float | None, cache: Path | None, needs_f_star: bool
) -> Optimum:
    """Return the certified optimum, or that of an `f_star` that the user gave."""
    if f_star is not None:
        from lrbench.optimum.find import uncertified

        return uncertified(problem, f_star)
    try:
        return find_optimum(problem, cache=cache)
    except OptimumError as error:
        if needs_f_star:
            raise
        from lrbench.optimum.find import unknown_optimum

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
