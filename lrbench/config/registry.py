"""Look-up by name for every kind of part, with "did you mean"."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable, Iterator
from typing import Any

from lrbench.errors import UsageError, quoted


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the hint for an unknown `name`: the nearest known one, else all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"choose from {', '.join(names)}."


class Registry:
    """Parts of one kind by name; each is imported when it is first asked for.

    Parameters
    ----------
    kind
        The word for the part in an error: ``"loss"``, ``"solver"`` …
    parts
        name -> ``"module:attribute"``.
    aliases
        other name -> name.
    """

    def __init__(
        self, kind: str, parts: dict[str, str], aliases: dict[str, str] | None = None
    ) -> None:
        self.kind = kind
        self._parts = parts
        self._aliases = aliases or {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def canonical(self, name: str) -> str:
        """Return the name behind an alias; raise `UsageError` for an unknown one."""
        name = self._aliases.get(name, name)
        if name not in self._parts:
            raise UsageError(
                f"there is no {self.kind} {quoted(name)}.",
                did_you_mean(name, [*self._parts, *self._aliases]),
            )
        return name

    def get(self, name: str) -> Any:
        """Return the part called `name`; raise `UsageError` for an unknown one."""
        module, _, attribute = self._parts[self.canonical(name)].partition(":")
        return getattr(importlib.import_module(module), attribute)
