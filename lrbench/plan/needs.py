"""What solvers need of the problems of a plan, checked on all of them before the first step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

from lrbench.errors import UsageError
from lrbench.objective.problem import Problem
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import Prepared
from lrbench.solvers.base import Need

if TYPE_CHECKING:
    from lrbench.solvers.outside.base import OutsideSolver

WORDS: dict[Need, str] = {
    "f_star": "f*",
    "L": "L",
    "L_max": "L_max",
    "mu": "mu > 0",
    "derivatives": "the derivatives of single samples",
    "n_invariant": "variables of whose length F does not depend (--reparam weight-norm)",
    "parts": "layers with units (a network)",
}
"""What errors call a need that a problem may lack; the horizon is that of the plan."""


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
    missing: list[Need] = []
    clauses = []
    for name, lack, problem in lacks:
        for solver, spec in plan.built:
            needs = [need for need in solver.needs if need in lack]
            missing += needs
            words = [WORDS[need] for need in needs]
            if problem is not None and solver.proximal and not problem.facts().has_prox:
                words.append("a convex F with a penalty of the iterate itself")
            if problem is not None and solver.outside:
                words += cast("OutsideSolver", solver).unmet(problem)
            if words:
                clauses.append(f"{spec.name} needs {' and '.join(words)} on {name}")
    if not clauses:
        return
    hint = ", or give f* with --f-star VALUE" if "f_star" in missing else ""
    raise UsageError(
        f"a need of a solver is not met: {'; '.join(clauses)}.",
        f"leave the solver out{hint}.",
    )


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
