"""The theorems on a solver."""

from __future__ import annotations

from lrbench.solvers import SOLVERS
from lrbench.theory import THEOREMS
from lrbench.theory.base import Theorem


def theorems_for(solver_name: str) -> tuple[Theorem, ...]:
    """Return the theorems on a solver, certificates first; empty where there are none.

    Parameters
    ----------
    solver_name
        The solver's name in the registry, or an alias; there are none on one that is not
        registered.
    """
    if solver_name not in SOLVERS:
        return ()
    theorems: str | tuple[Theorem, ...] = SOLVERS.get(solver_name).theorems
    return THEOREMS[theorems] if isinstance(theorems, str) else theorems


def without_theorems(solver_name: str) -> bool:
    """Return whether a solver is registered and there is no theorem on it."""
    return solver_name in SOLVERS and not theorems_for(solver_name)
