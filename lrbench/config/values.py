"""Reading a table of a TOML file key by key, with errors that say which key of which file."""

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
def located(where: str, kind: type[LrbenchError] = UsageError) -> Iterator[None]:
    """Put `where` (a file or an option) in front of an error of this kind raised in the block."""
    try:
        yield
    except kind as error:
        raise type(error)(f"{where}: {error.message}", error.hint) from error


class Table:
    """A table whose keys are taken out one by one.

    Parameters
    ----------
    values
        The table.
    called
        Its name in errors, as in ``"the table data"``.
    """

    def __init__(self, values: Mapping[str, Any], called: str) -> None:
        self._left = dict(values)
        self._called = called
        self._known: list[str] = []

    def has(self, key: str) -> bool:
        """Return whether `key` is there and was not taken yet."""
        return key in self._left

    def take_any(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, of any type, or `default`."""
        self._known.append(key)
        return self._left.pop(key, default)

    def take(self, key: str, kind: type[T], default: T) -> T:
        """Return the value of `key`, or `default`; raise `UsageError` if it is not a `kind`."""
        return checked(self.take_any(key, default), key, kind)

    def rest(self) -> dict[str, Any]:
        """Return what was not taken, all of it."""
        left, self._left = self._left, {}
        return left

    def finish(self) -> None:
        """Raise `UsageError` where a key was not taken."""
        for key in self._left:
            raise UsageError(
                f"there is no key {quoted(key)} in {self._called}.", did_you_mean(key, self._known)
            )


def checked(value: Any, called: str, kind: type[T]) -> T:
    """Return `value` as a `kind`; raise `UsageError` if it is of another type."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = _as_float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise UsageError(f"{called} is {quoted(value)}, not {WORDS[kind]}.", f"give {WORDS[kind]}.")
    return value


def _as_float(value: int) -> float:
    """Return the float of a whole number, infinite where it is beyond all of them."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
