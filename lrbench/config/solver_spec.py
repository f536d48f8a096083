"""A solver's name and parameters, as tables and results show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

from lrbench.config.plain import Key


@dataclass(frozen=True)
class SolverSpec:
    """A solver's name and all its parameters, defaults included."""

    name: str
    params: Mapping[str, float | str] = field(default_factory=dict)
    label_fields: Annotated[tuple[str, ...], Key("shown", earlier=())] = ()
    """The parameters that are part of the solver's label in tables."""

    def at(self, values: Mapping[str, float]) -> SolverSpec:
        """Return the solver with other values of some parameters, which its label then shows."""
        if not values:
            return self
        label_fields = dict.fromkeys((*self.label_fields, *values))
        return SolverSpec(self.name, {**self.params, **values}, tuple(label_fields))

    def without(self, parameter: str) -> SolverSpec:
        """Return the solver without a value of this parameter."""
        params = {k: v for k, v in self.params.items() if k != parameter}
        return SolverSpec(self.name, params, tuple(k for k in self.label_fields if k != parameter))

    @cached_property
    def _label(self) -> str:
        params = ",".join(
            f"{k}={_text(v)}" for k, v in self.params.items() if k in self.label_fields
        )
        return f"{self.name}[{params}]" if params else self.name

    def __str__(self) -> str:
        return self._label  # 100,000 lanes have one specification, and ask for it several times


def _text(value: float | str) -> str:
    """Return a value in six digits, or in full if six digits do not determine it."""
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else repr(value)
