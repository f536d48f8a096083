"""What solvers need of the problems of a plan, checked on all of them before the first step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

from lrbench.errors import UsageError
from lrbench.objective.problem import Problem
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import Prepared
from lrbench.solvers.base import Need, Solver

if TYPE_CHECKING:
    from lrbench.solvers.outside.base import OutsideSolver

WORDS: dict[Need, str] = {
    "f_star": "f*",
    "L": "L",
    "L_max": "L_max",
    "mu": "mu > 0",
    "derivatives": "the derivatives of single samples",
    "n_invariant": "variables of whose length F does not depend",
    "parts": "layers with units (a network)",
}
"""What errors call a need that a problem may lack; the horizon is that of the plan."""

LEAVE_OUT = "leave the solver out"


def check_needs(plan: Plan, ready: Iterable[Prepared], uncertified: Sequence[str] = ()) -> None:
    """Raise `UsageError` if solvers need what problems lack; the error names all of them.

    Parameters
    ----------
    plan
        The solvers.
    ready
        The problems.
    uncertified
        The names of problems that could not be prepared because their f_star is not certified.
    """
    lacks: list[tuple[str, set[Need], Problem | None]]
    lacks = [(p.problem.name, set(_lacks(p)), p.problem) for p in ready]
    lacks += [(name, {"f_star"}, None) for name in uncertified]
    remedies: dict[str, None] = {}  # in order, each once
    clauses = []
    for name, lack, problem in lacks:
        for solver, spec in plan.built:
            needs = [need for need in solver.needs if need in lack]
            words = [WORDS[need] for need in needs]
            for need in needs:
                remedies.update(dict.fromkeys(_remedies(need, solver, problem)))
            if problem is not None and solver.proximal and not problem.facts().has_prox:
                words.append("a convex F with a penalty of the iterate itself")
            if problem is not None and solver.outside:
                words += cast("OutsideSolver", solver).unmet(problem)
            if len(words) > len(needs):
                remedies[LEAVE_OUT] = None
            if words:
                clauses.append(f"{spec.name} needs {' and '.join(words)} on {name}")
    if not clauses:
        return
    raise UsageError(
        f"a need of a solver is not met: {'; '.join(clauses)}.", f"{', or '.join(remedies)}."
    )


def _remedies(need: Need, solver: Solver, problem: Problem | None) -> Iterator[str]:
    """Yield what to do about a need of a solver that a problem does not meet."""
    scoped = hasattr(solver, "scope")
    if need == "n_invariant" and problem is not None and not problem.facts().parts:
        yield "give --reparam weight-norm[scale=fixed]"
    elif need == "n_invariant" and scoped:
        yield "leave sphere out: a network has scope=row with order=lagged instead"
    elif need == "parts" and scoped:
        yield "leave scope out"
    else:
        yield LEAVE_OUT
    if need == "f_star":
        yield "give f* with --f-star VALUE"


def _lacks(p: Prepared) -> Iterator[Need]:
    """Yield what is not known of a problem. An f_star that the user gave is taken as known."""
    constants = p.constants
    if constants.f_star_obstacle:
        yield "f_star"
    if not math.isfinite(constants.L):
        yield "L"
    if not math.isfinite(constants.L_max):
        yield "L_max"
    if not constants.mu > 0:
        yield "mu"
    if not p.problem.facts().derivatives:
        yield "derivatives"
    if not p.problem.facts().n_invariant:
        yield "n_invariant"
    if not p.problem.facts().parts:
        yield "parts"
