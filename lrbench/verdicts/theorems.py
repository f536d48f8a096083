"""The theorems on a solver."""

from __future__ import annotations

from collections.abc import Mapping

from lrbench.config.solver_spec import SolverSpec
from lrbench.solvers import SOLVERS
from lrbench.theory import THEOREMS
from lrbench.theory.base import Theorem
from lrbench.theory.families import every_theorem, theorems_of


def theorems_for(
    solver_name: str, params: Mapping[str, float | str] | None = None
) -> tuple[Theorem, ...]:
    """Return the theorems on a solver, certificates first; empty where there are none.

    Parameters
    ----------
    solver_name
        The solver's name in the registry, or an alias; there are none on one that is not
        registered.
    params
        The solver's parameters; those left out have their defaults.
    """
    if solver_name not in SOLVERS:
        return ()
    return theorems_of(SOLVERS.get(solver_name).theorems, params)


def every_theorem_for(solver_name: str) -> tuple[Theorem, ...]:
    """Return the theorems on a registered solver with any parameters, each key once."""
    family: str | tuple[Theorem, ...] = SOLVERS.get(solver_name).theorems
    by_key = {theorem.key: theorem for theorem in theorems_for(solver_name)}
    for name, theorems in THEOREMS.items():
        if name.startswith(f"{family}["):
            by_key |= {t.key: t for t in theorems if t.key not in by_key}
    return tuple(by_key.values())


def has_theorems(solver: SolverSpec) -> bool | None:
    """Return whether there is a theorem on a solver; None for one that is not registered here."""
    return bool(theorems_for(solver.name, solver.params)) if solver.name in SOLVERS else None


def theorem_keys() -> set[str]:
    """Return the keys of all theorems, with those of solvers of the user in this process."""
    own = (theorem for name in SOLVERS.added for theorem in theorems_for(name))
    return {theorem.key for theorem in (*every_theorem(), *own)}
