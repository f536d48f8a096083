"""A solver and its lr0, from parsed JSON."""

from __future__ import annotations

from lrbench.config.solver_spec import SolverSpec
from lrbench.results.fields import Fields


def solver_from(f: Fields) -> SolverSpec:
    """Return the solver's name and parameters."""
    params = f.take("params", "an object")
    for key, value in params.items():
        if not isinstance(value, int | float | str):
            raise f.wrong(f"{f.place('params')}.{key}", "is neither a number nor a text")
    shown = tuple(f.all_of("shown", "a text", []))
    return SolverSpec(f.take("name", "a text"), params, shown)


def positive(f: Fields, key: str) -> float:
    """Return the number at `key`, which must be positive."""
    value = float(f.take(key, "a number"))
    if not value > 0:
        raise f.wrong(f.place(key), "is not positive")
    return value
