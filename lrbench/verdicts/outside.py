"""How outside solvers are traced and charged, as pages say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from lrbench.solvers import SOLVERS
from lrbench.solvers.base import Solver

if TYPE_CHECKING:
    from lrbench.solvers.outside.base import OutsideSolver

TRACED = {"callback": "by callback", "budgets": "by increasing budgets, each a run from w_0"}
"""What pages call the ways to know the iterates of a solver that owns its loop."""


def outside_facts(cls: type[Solver]) -> tuple[str, str] | None:
    """Return how a solver is traced, and what a pass is to it; None for a step rule."""
    if not cls.outside:
        return None
    own = cast("type[OutsideSolver]", cls)
    return TRACED[own.traced_by], own.pass_means


def registered_facts(solver_name: str) -> tuple[str, str] | None:
    """Return the `outside_facts` of a solver by its name; None for one that is not registered."""
    return outside_facts(SOLVERS.get(solver_name)) if solver_name in SOLVERS else None
