"""Equality of records that hold arrays, of which `==` gives an array."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lrbench.errors import LrbenchError


def equal_by_content(record: object, other: object) -> bool:
    """Return whether two records have the same type and equal fields; it is their ``__eq__``.

    NaN is equal to NaN, and a list to a tuple with the same items.
    """
    return type(record) is type(other) and _equal(record, other)


def _equal(a: Any, b: Any) -> bool:
    if a is b:
        return True
    if isinstance(a, int | float) and isinstance(b, int | float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, Mapping):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    if dataclasses.is_dataclass(a):
        names = [field.name for field in dataclasses.fields(a)]
        return all(_equal(getattr(a, name), getattr(b, name)) for name in names)
    if isinstance(a, LrbenchError):
        return (a.message, a.hint) == (b.message, b.hint)
    return bool(a == b)
