"""Whether anything of a plan can be judged, checked before the first step."""

from __future__ import annotations

from collections.abc import Iterable

from lrbench.engine.job import hyper_parameters
from lrbench.errors import UsageError
from lrbench.plan.plan import Plan
from lrbench.plan.prepare import Prepared
from lrbench.verdicts.theorems import theorems_for


def check_judgeable(plan: Plan, ready: Iterable[Prepared]) -> None:
    """Raise `UsageError` if F is convex on no problem, and no theorem applies to any lane.

    To ask for an error where a bound is violated has then no meaning.
    """
    problems = [*ready]
    if not problems or any(p.problem.facts().convex or _judgeable(plan, p) for p in problems):
        return
    names = ", ".join(p.problem.name for p in problems)
    raise UsageError(
        f"--strict has nothing to judge: F of {names} is not convex, and no theorem on these"
        " solvers applies.",
        "leave --strict out, or take wngrad or adagrad-norm in full batches.",
    )


def _judgeable(plan: Plan, p: Prepared) -> bool:
    """Return whether the hypotheses of a theorem hold in some lane."""
    for (_, spec), lanes in zip(plan.built, p.lanes, strict=True):
        for lane in lanes:
            solver = spec.at(hyper_parameters(dict(lane.over)))
            setting = p.setting(plan, solver, lane.lr0)
            for theorem in theorems_for(solver.name, solver.params):
                if all(h.holds for h in theorem.hypotheses(setting)):
                    return True
    return False
