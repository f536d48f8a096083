"""The text form ``name[key=value,...]`` of a solver, loss or penalty with its parameters."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, NoReturn, TypeAlias

from lrbench.config.decimals import WORDS, decimal, whole
from lrbench.errors import UsageError, quoted

Value: TypeAlias = int | float | str

CALL = re.compile(r"([\w.:-]{1,60})\(([^()\[\]]{0,60}=[^()\[\]]{0,60})\)")
"""A name with its parameters as Python has them."""


def parse_named(text: str) -> tuple[str, dict[str, Value]]:
    """Return the name and the parameters in ``name[key=value,...]``; the brackets are optional.

    Parameters
    ----------
    text
        As typed: ``"wngrad"``, ``"wngrad[order=lagged]"``, ``"l2[weight=0.01]"``.

    Returns
    -------
    name
        The text before the bracket.
    params
        Each value is an int or a float if it is a plain decimal or infinite (inf, -inf), and is
        else the text itself: `lrbench.config.decimals`.

    Raises
    ------
    UsageError
        For unbalanced brackets, a missing ``=``, an empty name, key or value, or a repeated key.
    """
    if match := CALL.fullmatch(text.strip()):
        raise UsageError(
            f"{quoted(text)} has its parameters in parentheses.",
            f"write them in brackets: '{match[1]}[{match[2]}]'.",
        )
    name, bracket, rest = text.strip().partition("[")
    name = name.strip()
    if not name:
        _refuse(text, "has no name")
    if not bracket:
        if "]" in name:
            _refuse(text, "closes a bracket that was never opened")
        return name, {}
    if not rest.endswith("]"):
        _refuse(text, "does not end with a closing bracket")
    params_text = rest[:-1]
    if "[" in params_text or "]" in params_text:
        _refuse(text, "has a bracket inside the brackets")
    return name, _params(text, params_text)


def value_text(value: Value) -> str:
    """Return the shortest text that `parse_named` reads as `value`: 1 for 1.0, 0.01, lagged."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def part_text(part: Any) -> str:
    """Return the name of a loss with all its parameters: ``huber[threshold=1]``."""
    fields = dataclasses.fields(part) if dataclasses.is_dataclass(part) else ()
    values: dict[str, float] = {field.name: getattr(part, field.name) for field in fields}
    inside = ",".join(f"{key}={value_text(value)}" for key, value in values.items())
    return f"{part.name}[{inside}]" if inside else str(part.name)


def _params(text: str, params_text: str) -> dict[str, Value]:
    params: dict[str, Value] = {}
    for pair in params_text.split(",") if params_text.strip() else []:
        key, equals, value = (s.strip() for s in pair.partition("="))
        if not equals:
            _refuse(text, f"has no '=' in {quoted(pair.strip())}")
        if not key or not value:
            _refuse(text, f"has an empty {'value' if key else 'key'} in {quoted(pair.strip())}")
        if key in params:
            _refuse(text, f"gives {quoted(key)} twice")
        params[key] = read_value(value)
    return params


def read_value(text: str) -> Value:
    """Return a plain decimal or infinite text as a number, and any other text itself."""
    if text in WORDS:
        return float(text)
    # The integer first: a float would lose digits of a long one.
    value: Value | None = whole(text)
    value = decimal(text) if value is None else value
    return text if value is None else value


def _refuse(text: str, reason: str) -> NoReturn:
    raise UsageError(
        f"{quoted(text)} {reason}.", "write it as NAME or 'NAME[key=value,key=value]'."
    )
