"""The parameters of a solver, loss or penalty, which its class must keep as they are given."""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from lrbench.config.registry import did_you_mean
from lrbench.config.values import as_integer, as_number
from lrbench.errors import UsageError, quoted

FLAGS = {"true": True, "false": False}
"""The texts of a flag."""

LARGEST = 2**53
"""The largest whole number of a parameter: up to it floats, which sweeps have, are exact."""


def checked_parameter(value: Any, key: str, kind: Any, default: Any, called: str) -> Any:
    """Return a value of a parameter as its type; one of a type that is not known is as it is.

    Parameters
    ----------
    value
        The value: a number or a text of a command line, or anything from Python.
    key, kind, default
        The parameter, its annotation, and its default. A float is finite if the default is.
    called
        What errors call the object: ``"solver wngrad"``.

    Raises
    ------
    UsageError
        If it has another type, or is none of the choices.
    """
    if typing.get_origin(kind) is Literal:
        choices = typing.get_args(kind)
        if not (isinstance(value, str | int | float | None) and value in choices):
            hint = did_you_mean(str(value), map(str, choices))
            raise UsageError(f"{called}: {key} cannot be {quoted(value)}.", hint)
        return value
    if kind is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)  # a text of digits is read as a number
    if kind is bool and isinstance(value, str) and value in FLAGS:
        return FLAGS[value]
    if kind in (bool, str):
        allowed = "true or false" if kind is bool else "a text"
        if not isinstance(value, kind):
            raise UsageError(f"{called}: {key} cannot be {quoted(value)}.", f"give {allowed}.")
    if kind is int:
        number = as_number(value)
        if number is None or not (number.is_integer() and abs(number) <= LARGEST):
            raise UsageError(
                f"{called}: {key} cannot be {quoted(value)}.", f"give a whole number: {key}=1."
            )
        exact = as_integer(value)
        return int(number) if exact is None else exact
    if kind is float:
        number = as_number(value)
        infinite = isinstance(default, float) and not math.isfinite(default)
        if number is None or not (math.isfinite(number) or infinite):
            finite = "" if number is None or math.isnan(number) else "finite "
            raise UsageError(
                f"{called}: {key} cannot be {quoted(value)}.", f"give a {finite}number: {key}=1."
            )
        return number
    return value


def check_types(part: Any, called: str) -> None:
    """Raise `UsageError` if a parameter of an object has a value of another type."""
    hints = typing.get_type_hints(type(part))
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        kept = checked_parameter(value, field.name, hints[field.name], field.default, called)
        if isinstance(kept, str) and not isinstance(value, str):
            raise UsageError(f"{called}: {field.name} cannot be {quoted(value)}.", "give a text.")


def number_fields(part: Any) -> dict[str, type]:
    """Return the parameters that are numbers, and so may vary over lanes: float or int of each."""
    cls = part if isinstance(part, type) else type(part)
    hints = typing.get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls)]
    return {name: hints[name] for name in names if hints[name] in (float, int)}


def choices(part: Any, name: str) -> tuple[str, ...]:
    """Return the words of which a parameter of an object or class is one; empty for another."""
    cls = part if isinstance(part, type) else type(part)
    hint = typing.get_type_hints(cls).get(name)
    return typing.get_args(hint) if typing.get_origin(hint) is Literal else ()


def check_kept(part: Any, asked: Mapping[str, Any], called: str) -> None:
    """Check that an object has the parameters that its class was called with.

    Tables, stores and sweeps name the values that were asked for, and would be wrong of others. The
    type may be another one: 2.0 for 2.

    Parameters
    ----------
    part
        The object.
    asked
        The parameters, by name: numbers, words, or arrays of numbers.
    called
        What the error calls the object: ``"solver wngrad"``.

    Raises
    ------
    UsageError
        If its ``__post_init__`` has changed one.
    """
    for key, value in asked.items():
        kept = getattr(part, key)
        if kept is value or np.array_equal(kept, value):
            continue
        each, each_kept = np.ravel(value).tolist(), np.ravel(kept).tolist()
        if len(each) == len(each_kept):  # of several lanes the first that differs
            pairs = zip(each, each_kept, strict=True)
            value, kept = next(pair for pair in pairs if pair[0] != pair[1])
        raise UsageError(
            f"{called} was given {key} = {quoted(value)}, and has {quoted(kept)}.",
            "let its __post_init__ refuse a value, and change none: compute what follows from it"
            " in a method.",
        )


def check_remade(part: Any, called: str) -> None:
    """Check that an object is the same when its class is called with the object's parameters.

    So it is made anew in workers, and with other values of one of its parameters.

    Raises
    ------
    UsageError
        If its ``__post_init__`` changes one.
    """
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        values = {f.name: getattr(part, f.name) for f in dataclasses.fields(part) if f.init}
        check_kept(dataclasses.replace(part), values, called)
