"""The theorems on a solver."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from lrbench.solvers import SOLVERS
from lrbench.theory import THEOREMS
from lrbench.theory.base import Theorem


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
        The solver's parameters; those left out have their defaults. None for the theorems on the
        solver with any parameters, each key once.
    """
    if solver_name not in SOLVERS:
        return ()
    family: str | tuple[Theorem, ...] = SOLVERS.get(solver_name).theorems
    if not isinstance(family, str):
        return family
    if params is None:
        of_family = [found for name, found in THEOREMS.items() if _is_of(name, family)]
        by_key: dict[str, Theorem] = {}
        for theorem in itertools.chain.from_iterable(of_family):
            by_key.setdefault(theorem.key, theorem)
        return tuple(by_key.values())
    special = (f"{family}[{key}={value}]" for key, value in params.items())
    return THEOREMS[next((name for name in special if name in THEOREMS), family)]


def _is_of(name: str, family: str) -> bool:
    """Return whether theorems are on a family, with whatever parameters."""
    return name == family or name.startswith(f"{family}[")


def without_theorems(solver_name: str) -> bool:
    """Return whether a solver is registered and there is no theorem on it."""
    return solver_name in SOLVERS and not theorems_for(solver_name)
