"""The one checker of values: their types and ranges, and the tables of TOML files, key by key."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, SupportsFloat, TypeVar, cast

from lrbench.config.registry import did_you_mean
from lrbench.errors import LrbenchError, UsageError, quoted, quoted_path

T = TypeVar("T")

WORDS: dict[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dict: "a table",
    list: "a list",
}

BLANK = re.compile(r"[ \t\r\n]+")

MOST_SHOWN = 40
"""The most characters of `short_text`."""

REAL = "fiu"
"""The kinds of NumPy's types that are real numbers."""


@contextmanager
def located(origin: str, kind: type[LrbenchError] = UsageError) -> Iterator[None]:
    """Put `origin` (a file or an option) in front of errors of this kind raised in the block."""
    try:
        yield
    except kind as error:
        raise type(error)(f"{origin}: {error.message}", error.hint) from error


class Table:
    """A table whose keys are read one by one, so that unknown keys remain in the end.

    Parameters
    ----------
    values
        The table.
    label
        The name of the table in errors, as in ``"the table data"``.
    """

    def __init__(self, values: Mapping[str, Any], label: str) -> None:
        self._remaining = dict(values)
        self._label = label
        self._valid_keys: list[str] = []

    def has(self, key: str) -> bool:
        """Return whether the table has the key `key` and it was not taken yet."""
        return key in self._remaining

    def take_any(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, of any type, or `default`, and mark `key` as valid."""
        self._valid_keys.append(key)
        return self._remaining.pop(key, default)

    def take(self, key: str, kind: type[T], default: T) -> T:
        """Return the value of `key`, or `default`; raise `UsageError` if it is not a `kind`."""
        return checked(self.take_any(key, default), key, kind)

    def rest(self) -> dict[str, Any]:
        """Take and return all keys that were not taken, with their values."""
        remaining, self._remaining = self._remaining, {}
        return remaining

    def finish(self) -> None:
        """Raise `UsageError` if a key was not taken."""
        for key in self._remaining:
            raise UsageError(
                f"there is no key {quoted(key)} in {self._label}.",
                did_you_mean(key, self._valid_keys),
            )


def checked(value: Any, label: str, kind: type[T]) -> T:
    """Return `value` as a `kind`; raise `UsageError` if it has another type."""
    # In Python True is an int, but in TOML it is no number.
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    number: Any = as_number(value) if kind is float else None
    if number is None:
        raise UsageError(f"{label} is {quoted(value)}, not {WORDS[kind]}.", f"give {WORDS[kind]}.")
    return cast("T", number)


def checked_positive(value: Any, label: str, allowed: str) -> float:
    """Return a positive number below infinity; raise `UsageError` if `value` is none.

    Parameters
    ----------
    value, label
        The value, and what errors call it.
    allowed
        What errors call the values that are allowed, ``"a positive number"`` among them.
    """
    number = as_number(value)
    if number is None or not 0 < number < math.inf:
        raise UsageError(f"{label} is {quoted(value)}, not {allowed}.", f"give {allowed}.")
    return number


def checked_seed(value: Any, label: str) -> int:
    """Return a whole number from 0 on; raise `UsageError` if `value` is none."""
    seed = as_integer(value)
    if seed is None:
        raise UsageError(f"{label} is {quoted(value)}, not a whole number.", f"give {WORDS[int]}.")
    if seed < 0:
        raise UsageError(f"{label} is {seed}, which is negative.", "give a whole number from 0 on.")
    return seed


def checked_flag(value: Any, label: str) -> bool:
    """Return True or False, one of NumPy, too; raise `UsageError` for anything else."""
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):  # that of NumPy
        return bool(value)
    raise UsageError(
        f"{label} is {quoted(value)}, and neither True nor False.", "give one of them."
    )


def checked_path(value: Any, label: str) -> Path:
    """Return a path; raise `UsageError` for what is none."""
    if not isinstance(value, str | Path) or "\0" in str(value):
        raise UsageError(
            f"{label} is {quoted(value)}, and no path.",
            "give the path of a file, as a text or a pathlib.Path.",
        )
    return Path(value)


def short_text(value: Any) -> str:
    """Return what a value looks like in an error about an option: in one short line."""
    # A blank that is not ASCII's is shown as an escape: else nobody sees what is wrong.
    text = quoted(value) if type(value) is int else quoted_path(BLANK.sub(" ", str(value)).strip())
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."


def as_number(value: Any) -> float | None:
    """Return a number as a float, None for what is no real number; True is none.

    An integer that is too large for float64 is infinite.
    """
    if isinstance(value, bool) or not isinstance(value, SupportsFloat):
        return None
    if getattr(getattr(value, "dtype", None), "kind", "f") not in REAL:
        return None  # NumPy makes a number of its bool, and of the real part of a complex one
    try:
        return float(value)
    except OverflowError:
        return math.inf if cast("int", value) > 0 else -math.inf
    except (TypeError, ValueError, RuntimeError):  # of several numbers, of a complex one of torch
        return None


def as_integer(value: Any, low: float = -math.inf, high: float = math.inf) -> int | None:
    """Return an integer in this range, one of NumPy, too; None for anything else.

    True is none, and neither is a float, whole as it may be.
    """
    try:
        number = operator.index(value)
    except TypeError:
        return None
    return None if isinstance(value, bool) or not low <= number <= high else number
