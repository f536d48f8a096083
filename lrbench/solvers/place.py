"""The line of the user's file to look at."""

from __future__ import annotations

import contextlib
import inspect
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from lrbench.plugins import is_plugin, line_in
from lrbench.solvers.plugin import RateRule

GENERATED = "<string>"
"""The file of a method that `dataclasses` has written."""


class Place(NamedTuple):
    """A line of a file."""

    file: str
    line: int
    name: str = ""
    """The method or the attribute that begins there; empty for a line that raised."""

    def __str__(self) -> str:
        path = Path(self.file)
        text = f"{path.name if path.is_absolute() else path}, line {self.line}"
        return f"{text} ({self.name})" if self.name else text


def place_of_error(error: BaseException, cls: type) -> Place | None:
    """Return the last line of the class's file in the traceback of an error; None for none."""
    path = getattr(sys.modules.get(cls.__module__), "__file__", None) or ""
    line = line_in(error, path)
    return None if line is None or not is_plugin(cls) else Place(path, line)


def place_of_method(cls: type, name: str) -> Place | None:
    """Return where a class has a method or an attribute, or else where the class begins."""
    if issubclass(cls, RateRule):
        of_user = getattr(cls._start, "__module__", "") != RateRule.__module__
        value: Any = cls._start if name == "init" and of_user else cls._rule
    else:
        value = inspect.getattr_static(cls, name, None)
        owner = next((c for c in cls.__mro__ if name in vars(c)), cls)
        cls, value = (owner, value) if is_plugin(owner) else (cls, None)
    function = value.fget if isinstance(value, property) else value
    code = getattr(inspect.unwrap(function) if callable(function) else None, "__code__", None)
    if code is not None and code.co_filename != GENERATED:
        return Place(code.co_filename, code.co_firstlineno, name)
    with contextlib.suppress(OSError, TypeError):
        lines, first = inspect.getsourcelines(cls)
        for number, text in enumerate(lines, start=first):
            if re.match(rf"\s+{re.escape(name)}\b[^(]*=", text):
                return Place(inspect.getsourcefile(cls) or "", number, name)
        return Place(inspect.getsourcefile(cls) or "", first, f"class {cls.__name__}")
    return None
