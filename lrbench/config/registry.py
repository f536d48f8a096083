"""Registries of solvers, losses and other parts by name, with suggestions for unknown names."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable, Iterator
from typing import Any

from lrbench.errors import UsageError, quoted


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return the hint for an unknown `name`: the most similar choice, or else all choices."""
    names = sorted(choices)
    similar = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {similar[0]}?" if similar else f"choose from {', '.join(names)}."


class Registry:
    """The parts of one kind (all solvers, all losses) by name; each is imported on first use.

    Parameters
    ----------
    kind
        The word for the part in an error: ``"loss"``, ``"solver"`` …
    locations
        name -> ``"module:attribute"``.
    aliases
        other name -> name.
    """

    def __init__(
        self, kind: str, locations: dict[str, str], aliases: dict[str, str] | None = None
    ) -> None:
        self.kind = kind
        self._locations = locations
        self._aliases = aliases or {}
        names = {name: name for name in locations} | self._aliases
        self._spellings = {_letters(spelling): name for spelling, name in names.items()}

    def __iter__(self) -> Iterator[str]:
        return iter(self._locations)

    def __contains__(self, name: str) -> bool:
        return self._meant(name) in self._locations

    def canonical(self, name: str) -> str:
        """Return the name that is meant: aliases, capitals, hyphens and underscores do not matter.

        Raises
        ------
        UsageError
            If there is no such part.
        """
        if name not in self:
            raise UsageError(
                f"there is no {self.kind} {quoted(name)}.",
                did_you_mean(name, [*self._locations, *self._aliases]),
            )
        return self._meant(name)

    def _meant(self, name: str) -> str:
        return self._spellings.get(_letters(name), name)

    def get(self, name: str) -> Any:
        """Return the part called `name`; raise `UsageError` for an unknown one."""
        module, _, attribute = self._locations[self.canonical(name)].partition(":")
        return getattr(importlib.import_module(module), attribute)


def _letters(name: str) -> str:
    """Return a name without what spellings differ in: ``WNGrad`` and ``wn-grad`` are wngrad."""
    return name.lower().replace("-", "").replace("_", "")
