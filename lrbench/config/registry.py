"""Registries of solvers, losses and other parts by name, with suggestions for unknown names."""

from __future__ import annotations

import bisect
import contextlib
import importlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lrbench.config.prints import prints_to_stderr
from lrbench.config.synonyms import is_sentence, letters, synonyms
from lrbench.errors import UsageError, quoted

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

MOST_CHOICES = 170
"""The most characters of the choices that a hint lists."""

PACKAGE = __name__.partition(".")[0]


def did_you_mean(name: str, choices: Iterable[str], kind: str = "", value: str = "") -> str:
    """Return the hint for an unknown `name`: its synonym, the most similar choice, or all choices.

    Parameters
    ----------
    name, choices
        What was typed, and what there is.
    kind
        The table of synonyms to look in; empty for none.
    value
        What was typed with the name, which the hint may repeat.
    """
    names = sorted(choices)
    for meant in synonyms(kind, name, value) if kind else ():
        if is_sentence(meant):
            return meant
        if meant in names or ":" in meant:  # PREFIX:NAME is of another library
            return f"did you mean {meant}?"
    import difflib  # only for a mistake

    similar = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if similar:
        return f"did you mean {similar[0]}?"
    return f"choose from {listed(names)}."


def listed(names: Sequence[str], most: int = MOST_CHOICES) -> str:
    """Return ``"a, b, c"`` in at most so many characters, and of more names how many others."""
    lengths = list(itertools.accumulate(len(name) + 2 for name in names))
    n_shown = bisect.bisect(lengths, most)
    others = len(names) - n_shown
    return ", ".join(names[:n_shown]) + f" and {others} more" * (others > 0)


class Registry:
    """The parts of one kind (all solvers, all losses) by name; each is imported on first use.

    Installed packages add parts by entry points, and this process adds some by `add`. Neither
    replaces a part of lrbench.

    Parameters
    ----------
    kind
        The word for the part in an error: ``"loss"``, ``"solver"`` …
    locations
        name -> ``"module:attribute"``.
    aliases
        other name -> name.
    group
        The group of the entry points; empty if there is none.
    base
        ``"module:Class"``, from which the parts of installed packages must be derived; empty for
        parts that are checked elsewhere.
    """

    def __init__(
        self,
        kind: str,
        locations: dict[str, str],
        aliases: dict[str, str] | None = None,
        group: str = "",
        base: str = "",
    ) -> None:
        self.kind = kind
        self._locations = locations
        self._aliases = aliases or {}
        self.group, self._base = group, base
        self.added: dict[str, Any] = {}
        """The parts that this process added."""
        names = {name: name for name in locations} | self._aliases
        self._spellings = {letters(spelling): name for spelling, name in names.items()}

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the parts of lrbench, then those of installed packages."""
        yield from self._locations
        yield from self.entry_points

    def __contains__(self, name: str) -> bool:
        return self.is_own(name) or name in self.added or name in self.entry_points

    @cached_property
    def entry_points(self) -> Mapping[str, EntryPoint]:
        """The entry points of installed packages by name."""
        entries = _entry_points(self.group) if self.group else ()
        return {entry.name: entry for entry in entries if not self.is_own(entry.name)}

    def usable(self, prefix: str = "") -> list[str]:
        """Return the names that begin with `prefix`, without those of unusable entry points.

        Of the parts of lrbench none is imported for that.
        """
        names = [name for name in self if name.startswith(prefix)]
        return [name for name in names if name not in self.entry_points or self._can_get(name)]

    def _can_get(self, name: str) -> bool:
        with contextlib.suppress(UsageError):
            self.get(name)
            return True
        return False

    def available(self) -> dict[str, Any]:
        """Return the parts by name, without those of packages that cannot be imported."""
        parts = {}
        for name in self:
            with contextlib.suppress(UsageError):
                parts[name] = self.get(name)
        return parts

    def is_own(self, name: str) -> bool:
        """Return whether `name` is a part of lrbench, or another spelling of one."""
        return self._own(name) in self._locations

    def add(self, name: str, part: Any) -> None:
        """Make a part known in this process, in place of one that was added before."""
        self.added[name] = part

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
                did_you_mean(name, [*self, *self.added, *self._aliases], self.kind),
            )
        return self._own(name)

    def _own(self, name: str) -> str:
        return self._spellings.get(letters(name), name)

    def get(self, name: str) -> Any:
        """Return the part called `name`.

        A class of an installed package has the name of its entry point then: it is known by no
        other one.

        Raises
        ------
        UsageError
            If there is none, a package that is installed cannot be imported, or what it has there
            is no such part.
        """
        name = self.canonical(name)
        if name in self._locations:
            return _at(self._locations[name])
        if name in self.added:
            return self.added[name]
        entry = self.entry_points[name]
        package = _package(entry)
        try:
            with prints_to_stderr():
                part = entry.load()
        except (Exception, SystemExit) as error:  # whatever the package raises
            raise UsageError(
                f"the {self.kind} {name}{package} cannot be imported:"
                f" {type(error).__name__}: {' '.join(str(error).split()).rstrip('.')}.",
                "install the package again, or leave the part out.",
            ) from error
        if self._base:
            base = _at(self._base)
            if not (isinstance(part, type) and issubclass(part, base) and part is not base):
                raise UsageError(
                    f"the entry point {name}{package} is no {self.kind}: it is {kind_of(part)}.",
                    f"derive a class from {PACKAGE}.{base.__name__}, or leave the part out.",
                )
            if part.__module__.partition(".")[0] != PACKAGE:
                part.name = name  # type: ignore[attr-defined]  # not that of the class
        return part


def _at(location: str) -> Any:
    """Return what is at ``"module:attribute"``."""
    module, _, attribute = location.partition(":")
    return getattr(importlib.import_module(module), attribute)


def kind_of(part: Any) -> str:
    """Return what an object is, for an error."""
    return f"the class {part.__name__}" if isinstance(part, type) else f"a {type(part).__name__}"


def _entry_points(group: str) -> Iterator[EntryPoint]:
    """Yield the entry points of a group, without those of packages whose list cannot be read."""
    from importlib import metadata  # it takes longer than a name is looked up

    try:
        yield from metadata.entry_points(group=group)
    except Exception:  # by one line that is none, in one package
        for distribution in metadata.distributions():
            with contextlib.suppress(Exception):
                yield from distribution.entry_points.select(group=group)


def _package(entry: EntryPoint) -> str:
    """Return " of NAME" for the package of an entry point; empty where its name is not known."""
    with contextlib.suppress(Exception):  # of a package without metadata
        return f" of {entry.dist.name}" if entry.dist else ""
    return ""
