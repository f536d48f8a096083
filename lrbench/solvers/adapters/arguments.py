"""The arguments of a function of another library, as parameters of a solver."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lrbench.config.named import read_value
from lrbench.errors import UsageError
from lrbench.solvers.base import Solver

NONE, TRUE, FALSE = "none", "true", "false"

Flag = Literal["true", "false"]


@dataclass(frozen=True)
class Argument:
    """An argument that has a default, and the parameters of the solver that stand for it.

    Parameters
    ----------
    name
        What the function calls it.
    default
        Its default: a number, a flag, a text, None, or a tuple of these.
    parameters
        The names of the parameters: one, or one for each element of a tuple.
    """

    name: str
    default: Any
    parameters: tuple[str, ...]

    @property
    def fields(self) -> list[tuple[str, Any, Any]]:
        """The name, type and default of every parameter."""
        return [
            (name, *_field(value))
            for name, value in zip(self.parameters, self._defaults, strict=True)
        ]

    @property
    def _defaults(self) -> tuple[Any, ...]:
        return self.default if isinstance(self.default, tuple) else (self.default,)

    def value(self, values: Mapping[str, Any]) -> Any:
        """Return the argument from the values of the parameters."""
        own = tuple(
            _argument(values[name], value)
            for name, value in zip(self.parameters, self._defaults, strict=True)
        )
        return own if isinstance(self.default, tuple) else own[0]


def arguments_of(
    function: Callable[..., Any], place: str, apart: Collection[str]
) -> tuple[Argument, ...]:
    """Return the arguments of a function that parameters of a solver can stand for.

    Numbers are parameters of type float; flags are ``true`` and ``false``; a text, and None, is a
    text, of which ``none`` stands for None. A tuple ``betas`` has the parameters ``beta1``,
    ``beta2`` and so on. A name that `Solver` itself has gets a ``_`` at its end. An argument with
    any other default, such as a function, keeps it.

    Parameters
    ----------
    function
        The class or function.
    place
        What errors call it.
    apart
        The arguments that are no parameters.

    Raises
    ------
    UsageError
        If another argument has no default.
    """
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    out: list[Argument] = []
    taken = set(dir(Solver))
    for name, parameter in inspect.signature(function).parameters.items():
        if name in apart or parameter.kind in variable:
            continue
        default = parameter.default
        if default is parameter.empty:
            raise UsageError(
                f"{place} has the argument {name}, which has no default.",
                "write a function or a class of yours that gives it.",
            )
        values = default if isinstance(default, tuple) else (default,)
        if not values or not all(isinstance(v, bool | int | float | str | None) for v in values):
            continue
        names = [name]
        if isinstance(default, tuple):
            stem = name if name == "eps" else name.removesuffix("s")
            names = [f"{stem}{k}" for k in range(1, len(values) + 1)]
        names = [f"{n}_" if n in taken else n for n in names]
        taken.update(names)
        out.append(Argument(name, default, tuple(names)))
    return tuple(out)


def _field(default: Any) -> tuple[Any, Any]:
    """Return the type and the default of the parameter for a value with this default."""
    if isinstance(default, bool):
        return Flag, TRUE if default else FALSE
    if isinstance(default, int | float):
        return float, float(default)
    return str, NONE if default is None else default


def _argument(value: Any, default: Any) -> Any:
    """Return the value of a parameter as what its function takes."""
    if isinstance(default, bool):
        return value == TRUE
    if isinstance(default, int):
        return int(value) if float(value).is_integer() else float(value)
    if isinstance(default, float):
        return float(value)
    if default is None:  # which type it else has is not known
        words = {NONE: None, TRUE: True, FALSE: False}
        return words[value] if value in words else read_value(value)
    return value
