"""Records as JSON: frozen dataclasses as plain values.

The annotations of a class say what its records are in JSON. Each field is a key, in the order of
the class; a `Key` beside the type says what is different, and a `Form` that the value has another
form than its type. `lrbench.config.records` reads the same annotations.
"""

from __future__ import annotations

import dataclasses
import math
import sys
import typing
from collections.abc import Callable, Collection, Mapping
from enum import Enum
from functools import cache
from importlib import import_module
from types import NoneType
from typing import Annotated, Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

T = TypeVar("T")

NumberOrNaN: TypeAlias = Annotated[float, math.nan]
"""A number, null for NaN: JSON has neither NaN nor infinities."""

NumberOrInf: TypeAlias = Annotated[float, math.inf]
"""A number, null for infinity."""


NATIVE = frozenset((str, int, bool, NoneType))
"""Types whose values are JSON's own, all of them."""

REQUIRED: Any = object()
"""Stands for the value of a key that every version has saved; None is the value of some others."""


class Key(NamedTuple):
    """How a field of a record is saved, where that is not simply under its name."""

    name: str = ""
    """The key; empty for the name of the field."""
    earlier: Any = REQUIRED
    """The value where a file of an earlier version lacks the key, which is else an error."""
    inline: bool = False
    """Whether the keys of the value stand beside those of the record."""
    optional: bool = False
    """Whether None is saved by leaving out the key."""
    saved: bool = True
    """Whether the field is saved at all; if not, it has a default."""


class Form(NamedTuple):
    """The functions that read and write a value which has another form in JSON than its type."""

    read: Callable[[Any], Any]
    write: Callable[[Any], Any]


def plain(value: Any) -> Any:
    """Return a value in JSON's own types; records become objects, NaN and infinities null."""
    if type(value) in NATIVE:
        return value
    if isinstance(value, np.ndarray):
        numbers = value.tolist()
        if value.dtype == np.float64 and value.ndim == 1:
            # A sum is finite only if all its terms are.
            finite = math.isfinite(sum(numbers))
            return numbers if finite else [v if math.isfinite(v) else None for v in numbers]
        value = numbers
    if isinstance(value, np.generic):  # np.float64 is a float, but np.int64 is no int
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return plain_fields(value) if dataclasses.is_dataclass(value) else value


def plain_fields(record: Any, unchanged: Collection[str] = ()) -> dict[str, Any]:
    """Return the keys of a record and their values in JSON's own types.

    Parameters
    ----------
    record
        An instance of a dataclass.
    unchanged
        The names of fields whose values are returned as they are.
    """
    record_class: Any = type(record)
    values: dict[str, Any] = {}
    for name, key, write in _writers(record_class):
        value = getattr(record, name)
        if key.inline:
            values |= write(value)
        elif value is not None or not key.optional:
            values[key.name] = value if name in unchanged else write(value)
    return values


@cache
def _writers(record_class: Any) -> list[tuple[str, Key, Callable[[Any], Any]]]:
    """Return the name, the key and the writer of each field that is saved."""
    fields = [(name, key, mark_of(kind, Form)) for name, key, kind in saved_fields(record_class)]
    return [(name, key, form.write if form else plain) for name, key, form in fields]


@cache
def saved_fields(record_class: Any) -> list[tuple[str, Key, Any]]:
    """Return the name, the key and the type of each field that is saved."""
    # What the module imports for type checkers only, and names in `TYPES`.
    places = vars(sys.modules[record_class.__module__]).get("TYPES", {})
    types = {name: getattr(import_module(place), name) for name, place in places.items()}
    hints = typing.get_type_hints(record_class, localns=types, include_extras=True)
    fields = [
        (f.name, mark_of(hints[f.name], Key) or Key()) for f in dataclasses.fields(record_class)
    ]
    return [
        (name, key._replace(name=key.name or name), hints[name])
        for name, key in fields
        if key.saved
    ]


def mark_of(kind: Any, of: type[T]) -> T | None:
    """Return what stands beside an annotated type, if any of it is of this class."""
    return next((mark for mark in getattr(kind, "__metadata__", ()) if isinstance(mark, of)), None)
