"""Make a solver from a text such as ``wngrad[order=lagged]``."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any, Literal

from lrbench.config.named import parse_named
from lrbench.config.registry import did_you_mean
from lrbench.config.solver_spec import SolverSpec
from lrbench.errors import UsageError, quoted
from lrbench.solvers import SOLVERS
from lrbench.solvers.base import Solver


def build_solver(text: str) -> tuple[Solver, SolverSpec]:
    """Return the solver that `text` names, and its name with all parameters.

    Parameters
    ----------
    text
        ``NAME`` or ``NAME[key=value,...]``.

    Raises
    ------
    UsageError
        For an unknown solver or parameter, or a value that the parameter cannot take.
    """
    name, settings = parse_named(text)
    cls = SOLVERS.get(name)
    fields = {f.name: f for f in dataclasses.fields(cls)}
    for key in settings:
        if key not in fields:
            hint = did_you_mean(key, fields) if fields else f"{cls.name} takes no parameters."
            raise UsageError(f"solver {cls.name} has no parameter {quoted(key)}.", hint)
    hints = typing.get_type_hints(cls)
    params = {key: _checked(cls.name, key, value, hints[key]) for key, value in settings.items()}
    solver = cls(**params)
    values = {key: getattr(solver, key) for key in fields}
    changed = tuple(k for k, f in fields.items() if values[k] != f.default)
    return solver, SolverSpec(cls.name, values, (*cls.label_fields, *changed))


def _checked(solver: str, key: str, value: Any, param_type: Any) -> Any:
    """Return `value` as the parameter's type, or raise `UsageError`."""
    if typing.get_origin(param_type) is Literal:
        choices = typing.get_args(param_type)
        if value not in choices:
            raise UsageError(
                f"solver {solver}: {key} cannot be {quoted(value)}.",
                did_you_mean(str(value), choices),
            )
        return value
    if param_type is float:
        # bool is an int in Python, but `eps=true` is no number.
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(
                f"solver {solver}: {key} cannot be {quoted(value)}.", f"give a number: {key}=1."
            )
        return float(value)
    raise TypeError(f"parameter {key} of {solver} has a type that no text can give: {param_type}")
