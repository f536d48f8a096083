"""Reading the tables of a TOML file key by key, with errors that name the key and the file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from lrbench.config.registry import did_you_mean
from lrbench.errors import LrbenchError, UsageError, quoted

T = TypeVar("T")

WORDS: dict[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dict: "a table",
    list: "a list",
}


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
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = _as_float(value)
    # In Python True is an int, but in TOML it is no number.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise UsageError(f"{label} is {quoted(value)}, not {WORDS[kind]}.", f"give {WORDS[kind]}.")
    return value


def _as_float(value: int) -> float:
    """Return an integer as a float, which is infinite if the integer is too large for float64."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
