"""What the name of an optimiser of another library names."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from lrbench.errors import UsageError, quoted
from lrbench.plugins import Origin, Reference, parse_reference
from lrbench.plugins.modules import installed_module, module_of_file, module_of_text


def library(package: str, solver: str) -> ModuleType:
    """Import the module of a library.

    Parameters
    ----------
    package
        The name of the module.
    solver
        The solver that needs it.

    Raises
    ------
    UsageError
        If it is not installed, with the command that installs it.
    """
    try:
        return installed_module(package)
    except UsageError as error:
        cause = error.__cause__
        if not isinstance(cause, ModuleNotFoundError) or cause.name is None:
            raise
        if not f"{package}.".startswith(f"{cause.name}."):  # the module itself imports it
            raise
        if "." in cause.name:  # of a package that is installed
            raise UsageError(
                f"there is no module {quoted(cause.name)}, which solver {solver} names.",
                f"lrbench list solvers {solver.partition(':')[0]} has those that are installed.",
            ) from cause
        raise UsageError(
            f"{cause.name} is not installed, and solver {solver} needs it.",
            f"install it: pip install {cause.name}.",
        ) from cause


def located(
    reference: Reference, path: str, origin: Origin | None, installed: Callable[[], Iterable[str]]
) -> tuple[ModuleType, Any]:
    """Return what a name names, behind the module that has its source.

    Parameters
    ----------
    reference
        The prefix of a library, and what the user wrote behind it.
    path
        In full: ``package.module.Name``, ``package.module:Name`` or ``file.py:Name``.
    origin
        What another process sent, with the text of the file; None to read the file.
    installed
        Returns the names that are installed, for a hint.

    Raises
    ------
    UsageError
        If there is no such file, module or name.
    """
    place, name = parse_reference(path) or Reference(*path.rpartition(".")[::2])
    listed = f"lrbench list solvers {reference.place} has those that are installed."
    if place and not name:
        raise UsageError(
            f"solver {reference} names nothing in the file.", f"write {reference}:NAME."
        )
    if not place:
        same = [n for n in installed() if n.rpartition(".")[2].lower() == path.lower()]
        hint = f"did you mean {reference.place}:{same[0]}?" if same else listed
        raise UsageError(f"solver {reference} names no module.", hint)
    is_file = Reference(place, name).is_file
    if not is_file:
        module = library(place, str(reference))
    elif origin is None:
        module = module_of_file(place)
    else:
        module = module_of_text(origin.text, place)
    if name not in vars(module):
        names = [n for n, value in vars(module).items() if callable(value) and n[0] != "_"]
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]}?" if near else listed
        raise UsageError(f"there is no {quoted(name)} in {place}.", hint)
    value = vars(module)[name]
    defined = getattr(value, "__module__", "")
    return module if is_file else sys.modules.get(defined, module), value
