"""The values of options on the command line: numbers, durations, batches, lists of solvers."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from lrbench.config.decimals import decimal, whole
from lrbench.errors import UsageError, quoted

SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
"""Seconds in a unit of time."""


class Number(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A number in plain ASCII decimals: `lrbench.config.decimals`.

    Parameters
    ----------
    name
        What --help and errors call it.
    read
        Returns the number in a text, or None.
    """

    def __init__(self, name: str, read: Callable[[str], float | None]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number; a default is one already."""
        number = self._read(value) if isinstance(value, str) else value
        if number is None:
            bare = value.replace("_", "").replace("'", "")
            if bare != value and self._read(bare) is not None:
                option = f"{max(param.opts, key=len)}: " if param else ""
                raise UsageError(
                    f"{option}{quoted(value)} has separators in it.",
                    f"write the number as {bare}.",
                )
            self.fail(f"{quoted(value)} is not a valid {self.name}.", param, ctx)
        return number


def count(text: str) -> int | None:
    """Return the whole number in a text such as 1000 or 1e3; None for any other text."""
    number = whole(text)
    if number is None:
        real = decimal(text)
        # Beyond 2^53 a float is not the number that was typed.
        number = int(real) if real is not None and real.is_integer() and abs(real) < 2**53 else None
    return number


def share(text: str) -> float | None:
    """Return the number in a text if it is between 0 and 1; 0 is, and 1 is not."""
    number = decimal(text)
    return number if number is not None and 0 <= number < 1 else None


REAL, INTEGER = Number("float", decimal), Number("integer", count)
SHARE = Number("number from 0 to below 1", share)
LEVEL = Number("number above 0 and below 1", lambda text: share(text) or None)
TYPES: dict[type | None, Number] = {float: REAL, int: INTEGER}


def several_solvers(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    """Return each solver of the texts, which commas outside of brackets separate."""
    return tuple(piece for value in values for piece in _pieces(value))


def _pieces(text: str) -> list[str]:
    file, colon, _ = text.rpartition(":")
    if Path(file if colon else text).is_file():  # whose name may have a comma
        return [text]
    return re.split(r",(?![^\[]*\])", text)


def read_duration(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Return the seconds in a text such as 90, 30s, 10m or 2h."""
    if value is None:
        return None
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([smh]?)", value.strip())
    if match is None:
        raise click.BadParameter(f"{quoted(value)} is not a duration such as 90, 30s, 10m or 2h.")
    return float(match[1]) * SECONDS[match[2]]


def batch_size(ctx: click.Context, param: click.Parameter, value: str) -> int | None:
    """Return the number of samples in a batch; None for full batches."""
    if value == "full":
        return None
    size = count(value)
    if size is None:
        raise click.BadParameter(f"{quoted(value)} is neither a number of samples nor full.")
    return size
