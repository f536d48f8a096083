"""A solver's name and parameters, as tables and results show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SolverSpec:
    """A solver's name and all its parameters, defaults included."""

    name: str
    params: Mapping[str, float | str] = field(default_factory=dict)
    label_fields: tuple[str, ...] = ()
    """The parameters that are part of the method's name in tables."""

    def __str__(self) -> str:
        inside = ",".join(
            f"{k}={_text(v)}" for k, v in self.params.items() if k in self.label_fields
        )
        return f"{self.name}[{inside}]" if inside else self.name


def _text(value: float | str) -> str:
    """Return a value in short, if that is enough to tell it from every other one."""
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else repr(value)
