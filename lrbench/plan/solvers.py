"""The solvers of a plan, from their names, their classes, or objects of these."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lrbench.errors import UsageError, quoted
from lrbench.plugins import forget_reference, is_plugin
from lrbench.solvers.base import Solver
from lrbench.solvers.build import Built, build_from, build_solvers
from lrbench.theory import THEOREMS
from lrbench.theory.families import theorems_of

CHECKED_FAMILIES = ("scalar-step", "any-step")
"""The families that a class of the user may name: their hypotheses on steps are seen in a run."""


def read_solvers(solvers: Any) -> dict[str, Built]:
    """Return the solvers by label, which drops one that is named twice.

    Raises
    ------
    UsageError
        For what is no solver, and for two classes of the same name.
    """
    one = isinstance(solvers, str) or not isinstance(solvers, Iterable)
    built: dict[str, Built] = {}
    classes: dict[str, type[Solver]] = {}
    for entry in [solvers] if one else solvers:
        kind = entry if isinstance(entry, type) else type(entry)
        if issubclass(kind, Solver) and kind is not Solver:
            forget_reference(kind)
            several = [build_from(entry)]
        elif isinstance(entry, str):
            several = build_solvers(entry)
        else:
            raise UsageError(
                f"{quoted(entry)} is not a solver.",
                "give its name, as in 'wngrad', or an object of a class of lrbench.Solver.",
            )
        for each in several:
            cls = type(each.solver)
            if classes.setdefault(each.spec.name, cls) is not cls:
                raise UsageError(
                    f"two solvers are called {each.spec.name}.",
                    f"give one of them another name, as in name = 'my-{each.spec.name}'.",
                )
            theorems = each.solver.theorems
            theorems_of(theorems, each.spec.params)  # which must be known
            if is_plugin(cls) and isinstance(theorems, str) and theorems in THEOREMS:
                _check_family(each.spec.name, theorems)
            built[str(each.spec)] = each
    return built


def _check_family(solver: str, family: str) -> None:
    """Raise `UsageError` if the hypotheses of a family on steps are not checked along a run."""
    if family not in CHECKED_FAMILIES:
        raise UsageError(
            f"{solver} names the theorems of {family}, which are about the rates of that rule: they"
            " are not compared with those of yours.",
            "write theorems = 'scalar-step', whose hypotheses are checked along the run.",
        )
