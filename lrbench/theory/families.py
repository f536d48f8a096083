"""The theorems that a solver names: a family of lrbench or of an installed package, or its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from lrbench.config.registry import Registry, did_you_mean, kind_of
from lrbench.errors import UsageError, quoted
from lrbench.theory import THEOREMS
from lrbench.theory.base import Theorem

INSTALLED = Registry("family of theorems", {}, group="lrbench.theorems")
"""The families of installed packages; each is a tuple of theorems."""


def theorems_of(
    named: str | tuple[Any, ...], params: Mapping[str, float | str] | None = None
) -> tuple[Theorem, ...]:
    """Return the theorems that the attribute `theorems` of a solver names.

    Parameters
    ----------
    named
        A family, or the theorems themselves.
    params
        The parameters of the solver; those left out have their defaults.

    Raises
    ------
    UsageError
        If there is no such family, or what is named is no theorem.
    """
    of_family = ""
    if isinstance(named, str):
        names = (f"{named}[{key}={value}]" for key, value in (params or {}).items())
        family = next((name for name in names if name in THEOREMS), named)
        if family in THEOREMS:
            return THEOREMS[family]
        if family not in INSTALLED:
            raise UsageError(
                f"there is no family of theorems {quoted(named)}.",
                did_you_mean(named, [*THEOREMS, *INSTALLED]),
            )
        named = INSTALLED.get(family)
        of_family = f"the family of theorems {family} of an installed package has "
    theorems = named if isinstance(named, tuple) else (named,)
    for theorem in theorems:
        if not isinstance(theorem, Theorem):
            raise UsageError(
                f"{of_family}{kind_of(theorem)}, which is no theorem."
                if of_family
                else f"{quoted(theorem)} is no theorem.",
                "give a tuple of objects of classes of lrbench.theory.base.Theorem.",
            )
    return theorems


def every_theorem() -> Iterator[Theorem]:
    """Yield the theorems of lrbench and of installed packages; a key may come several times.

    Those of a package that cannot be used are left out.
    """
    for theorems in THEOREMS.values():
        yield from theorems
    for family in INSTALLED:
        with contextlib.suppress(UsageError):
            yield from theorems_of(family)


def unusable_families() -> list[str]:
    """Return the families of installed packages that cannot be imported, or are no theorems."""
    unusable = []
    for family in INSTALLED:
        try:
            theorems_of(family)
        except UsageError:
            unusable.append(family)
    return unusable
