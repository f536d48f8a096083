"""The text form of a part and its parameters: ``name[key=value,...]``."""

from __future__ import annotations

from typing import NoReturn, TypeAlias

from lrbench.errors import UsageError, quoted

Value: TypeAlias = int | float | str


def parse_named(text: str) -> tuple[str, dict[str, Value]]:
    """Return the name and the parameters in ``name[key=value,...]``; the brackets may be missing.

    Parameters
    ----------
    text
        As typed: ``"wngrad"``, ``"wngrad[order=lagged]"``, ``"l2[weight=0.01]"``.

    Returns
    -------
    name
        What stands before the bracket.
    params
        Each value is an int or a float where it reads as one, else the text itself.

    Raises
    ------
    UsageError
        For unbalanced brackets, a missing ``=``, an empty name, key or value, or a doubled key.
    """
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
    inside = rest[:-1]
    if "[" in inside or "]" in inside:
        _refuse(text, "has a bracket inside the brackets")
    return name, _params(text, inside)


def value_text(value: Value) -> str:
    """Return the shortest text that `parse_named` reads as `value`: 1 for 1.0, 0.01, lagged."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _params(text: str, inside: str) -> dict[str, Value]:
    params: dict[str, Value] = {}
    for item in inside.split(",") if inside.strip() else []:
        key, equals, value = (s.strip() for s in item.partition("="))
        if not equals:
            _refuse(text, f"has no '=' in {quoted(item.strip())}")
        if not key or not value:
            _refuse(text, f"has an empty {'value' if key else 'key'} in {quoted(item.strip())}")
        if key in params:
            _refuse(text, f"gives {quoted(key)} twice")
        params[key] = _value(value)
    return params


def _value(text: str) -> Value:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _refuse(text: str, why: str) -> NoReturn:
    raise UsageError(f"{quoted(text)} {why}.", "write it as NAME or 'NAME[key=value,key=value]'.")
