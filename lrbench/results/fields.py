"""Values of parsed JSON, checked for their type; errors name the place in the file."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrbench.errors import UsageError

HINT = "it was changed by hand or by another program: save the result again."

REQUIRED: Any = object()
"""The default of a key that has none; None is a default of some."""

KINDS: dict[str, tuple[type, ...]] = {
    "an object": (dict,),
    "a list": (list,),
    "a text": (str,),
    "a number": (int, float),
    "an integer": (int,),
    "true or false": (bool,),
}


class Fields:
    """One JSON object.

    Parameters
    ----------
    value
        What was parsed.
    file
        What errors call the file.
    where
        The place of the object in it, such as ``problems[0].runs[2]``; empty for the top level.
    """

    def __init__(self, value: Any, file: str, where: str = "") -> None:
        self.file = file
        self.where = where
        if not isinstance(value, dict):
            raise self.wrong(where or "the content", "is not an object")
        self.values: dict[str, Any] = value

    def wrong(self, where: str, fault: str) -> UsageError:
        """Return the error for a fault such as ``is missing`` at a place."""
        return UsageError(f"{self.file}: {where} {fault}.", HINT)

    def place(self, key: str) -> str:
        """Return where the value of `key` is."""
        return f"{self.where}.{key}" if self.where else key

    def has(self, key: str) -> bool:
        """Whether there is such a key."""
        return key in self.values

    def take(self, key: str, kind: str, default: Any = REQUIRED, *, null: bool = False) -> Any:
        """Return the value of `key`, which must be of this kind, or null where that is allowed."""
        if key not in self.values:
            if default is REQUIRED:
                raise self.wrong(self.place(key), "is missing")
            return default
        value = self.values[key]
        if (value is None and null) or is_a(value, kind):
            return value
        raise self.wrong(self.place(key), f"is not {kind}{' or null' * null}")

    def positive(self, key: str) -> float:
        """Return the number at `key`, which must be positive."""
        number = float(self.take(key, "a number"))
        if not number > 0:
            raise self.wrong(self.place(key), "is not positive")
        return number

    def one_of(
        self, key: str, choices: Collection[str], default: Any = REQUIRED, *, null: bool = False
    ) -> Any:
        """Return the text at `key`, which must be one of these."""
        value = self.take(key, "a text", default, null=null)
        if value is not None and value not in choices:
            raise self.wrong(self.place(key), f"cannot be {value!r}")
        return value

    def all_of(self, key: str, kind: str, default: Any = REQUIRED, *, null: bool = False) -> Any:
        """Return the list at `key`, whose items must be of this kind; None for null."""
        values = self.take(key, "a list", default, null=null)
        for k, value in enumerate(values or ()):
            if not is_a(value, kind):
                raise self.wrong(f"{self.place(key)}[{k}]", f"is not {kind}")
        return values

    def numbers(self, key: str) -> NDArray[np.float64]:
        """Return the list at `key` as an array, NaN for null."""
        return self.array(self.take(key, "a list"), self.place(key))

    def array(self, values: list[Any], where: str) -> NDArray[np.float64]:
        """Return numbers and nulls as an array, NaN for null."""
        for k, value in enumerate(values):
            if value is not None and not is_a(value, "a number"):
                raise self.wrong(f"{where}[{k}]", "is not a number or null")
        return np.array([math.nan if v is None else v for v in values], dtype=np.float64)

    def pairs(self, key: str) -> list[tuple[float, float]] | None:
        """Return the list of pairs at `key`; None for null."""
        values = self.all_of(key, "a list", null=True)
        if values is None:
            return None
        return [self._pair(value, f"{self.place(key)}[{k}]") for k, value in enumerate(values)]

    def pair(self, key: str) -> tuple[float, float] | None:
        """Return the two numbers at `key`; None for null."""
        value = self.take(key, "a list", null=True)
        return None if value is None else self._pair(value, self.place(key))

    def _pair(self, value: list[Any], where: str) -> tuple[float, float]:
        if len(value) != 2:
            raise self.wrong(where, "is not a pair of numbers")
        lo, hi = self.array(value, where).tolist()
        return lo, hi

    def inner(self, key: str) -> Fields:
        """Return the object at `key`, with the checks of this class."""
        return Fields(self.take(key, "an object"), self.file, self.place(key))

    def each(self, key: str) -> Iterator[Fields]:
        """Yield the objects in the list at `key`."""
        for k, value in enumerate(self.take(key, "a list")):
            yield Fields(value, self.file, f"{self.place(key)}[{k}]")


def is_a(value: Any, kind: str) -> bool:
    """Whether a parsed value is of this kind; true is no number, and integers fit 64 bits."""
    if isinstance(value, bool):  # a bool is an int to Python, and not to JSON
        return kind == "true or false"
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return False
    return isinstance(value, KINDS[kind])
