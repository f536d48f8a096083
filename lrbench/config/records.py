"""Records from JSON: parsed values as the dataclasses that `lrbench.config.plain` wrote.

A reader checks every value against the annotations of its class, and passes over unknown keys. What
types do not say (ranges, lengths) is checked by ``__post_init__``, whose ValueError begins with the
name of the field: ``"lr0 is not positive"``.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, Union

import numpy as np
from numpy.typing import NDArray

from lrbench.config.plain import REQUIRED, Form, Key, NumberOrNaN, mark_of, saved_fields
from lrbench.errors import UsageError, quoted

T = TypeVar("T")

Reader: TypeAlias = Callable[[Any], Any]
"""Returns a parsed value as one of a type, or raises `RecordError`."""

WORDS: Mapping[Any, str] = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
}
"""What errors call a type."""

GROUPS: Mapping[Any, str] = {
    **{(float,) * 2: "a pair of numbers", (int,) * 2: "a pair of integers"},
    **{(bool,) * 2: "a pair of truth values", (float,) * 3: "three numbers"},
}
"""What errors call a tuple of types."""


class RecordError(ValueError):
    """What is wrong in a value, after the place inside it: ``.runs[2].seed is not an integer``."""


class KindError(RecordError):
    """A value is not of its type."""

    def __init__(self, kind: Any, null: bool = False) -> None:
        super().__init__(f" is not {WORDS[kind]}{' or null' * null}")
        self.kind = kind


def read_record(kind: type[T], value: Any, file: str, hint: str) -> T:
    """Return parsed JSON as a record.

    Parameters
    ----------
    kind
        A dataclass.
    value
        What was parsed.
    file
        What errors call the file.
    hint
        The second sentence of errors.

    Raises
    ------
    UsageError
        Such as ``r.json: problems[0].runs[0].seed is not an integer.``
    """
    try:
        record: T = reader(typing.cast("Any", kind))(value)
    except RecordError as fault:
        text = str(fault).removeprefix(".")
        text = f"the content{text}" if text.startswith(" ") else text
        raise UsageError(f"{file}: {text}.", hint) from fault
    return record


@cache
def reader(kind: Any) -> Reader:
    """Return the reader of a type.

    Types are bool, int, float, str, Any, literals and enumerations of texts, unions, sequences,
    tuples, mappings from texts, arrays of numbers (null for NaN), dataclasses, typed dictionaries,
    and any of these with a number (what null stands for) or a `Form` beside it.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        null, form = mark_of(kind, float), mark_of(kind, Form)
        inner = form.read if form else reader(arguments[0])
        return inner if null is None else _or_null(inner, null)
    if origin in (Union, UnionType):
        kinds = tuple(k for k in arguments if k is not NoneType)
        inner = reader(kinds[0]) if len(kinds) == 1 else _any_of(kinds)
        return inner if kinds == arguments else _or_null(inner, None)
    if origin is Literal:
        return _choice({choice: choice for choice in arguments})
    if origin is np.ndarray:
        return _array
    if origin in (Sequence, tuple):
        return _items(arguments)
    if origin in (Mapping, dict):
        return _mapping(reader(arguments[1]))
    if dataclasses.is_dataclass(kind):
        record: Any = kind
        return _object(saved_fields(record), record)
    if typing.is_typeddict(kind):
        return _object([(k, Key(k), hint) for k, hint in typing.get_type_hints(kind).items()], dict)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _choice({member.value: member for member in kind})
    return _scalar(kind)


def _scalar(kind: Any) -> Reader:
    kinds = (int, float) if kind is float else (kind,)

    def read(value: Any) -> Any:
        # A bool is an int to Python, and not to JSON; integers fit 64 bits.
        fits = type(value) is not int or -(2**63) <= value < 2**63
        if kind is Any or (type(value) in kinds and fits):
            return value
        raise KindError(kind)

    return read


def _or_null(inner: Reader, null: Any) -> Reader:
    def read(value: Any) -> Any:
        if value is None:
            return null
        try:
            return inner(value)
        except KindError as fault:
            raise KindError(fault.kind, null=True) from fault

    return read


def _any_of(kinds: Sequence[Any]) -> Reader:
    accepted = (*kinds, int) if float in kinds else tuple(kinds)

    def read(value: Any) -> Any:
        if not isinstance(value, accepted):
            raise RecordError(f" is neither {' nor '.join(WORDS[kind] for kind in kinds)}")
        return value

    return read


def _choice(values: Mapping[str, Any]) -> Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, str):
            raise KindError(str)
        if value not in values:
            raise RecordError(f" cannot be {quoted(value)}")
        return values[value]

    return read


def _items(kinds: tuple[Any, ...]) -> Reader:
    """Return the reader of a sequence, or of a tuple whose items are all of one type."""
    item = reader(kinds[0])
    plain_kinds = tuple(typing.get_args(k)[0] if mark_of(k, float) else k for k in kinds)
    group = GROUPS.get(plain_kinds)

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise KindError(list)
        if group and len(value) != len(kinds):
            raise RecordError(f" is not {group}")
        items: list[Any] = []
        try:
            for each in value:
                items.append(item(each))
        except RecordError as fault:
            raise RecordError(f"[{len(items)}]{fault}") from fault
        return tuple(items)

    return read


def _array(value: Any) -> NDArray[np.float64]:
    # Most columns are floats and nulls alone, of which NumPy makes NaN itself.
    simple = isinstance(value, list) and set(map(type, value)) <= {float, NoneType}
    numbers = value if simple else reader(Sequence[NumberOrNaN])(value)
    return np.array(numbers, dtype=np.float64)


def _inside(key: str, read: Reader, value: Any) -> Any:
    try:
        return read(value)
    except RecordError as fault:
        raise RecordError(f".{key}{fault}") from fault


def _mapping(item: Reader) -> Reader:
    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise KindError(dict)
        return {key: _inside(key, item, each) for key, each in value.items()}

    return read


def _object(fields: Sequence[tuple[str, Key, Any]], make: Callable[..., Any]) -> Reader:
    """Return the reader of an object whose keys are known, from its fields."""
    readers = [
        # Of an optional field None is no key, and null is none of its values.
        (name, key, reader(typing.get_args(kind.__origin__)[0] if key.optional else kind))
        for name, key, kind in fields
    ]
    own = {key.name for _, key, _ in fields if not key.inline}

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise KindError(dict)
        values: dict[str, Any] = {}
        for name, key, item in readers:
            if key.inline:
                values[name] = item({k: v for k, v in value.items() if k not in own})
            elif key.name in value:
                values[name] = _inside(key.name, item, value[key.name])
            elif key.earlier is not REQUIRED:
                values[name] = key.earlier
            elif not key.optional:
                raise RecordError(f".{key.name} is missing")
        try:
            return make(**values)
        except ValueError as error:  # of __post_init__
            raise RecordError(f".{error}") from error

    return read
