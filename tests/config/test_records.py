"""Records and JSON: both forms by hand, and every value that is no value of its type."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, TypedDict

import numpy as np
import pytest
from numpy.typing import NDArray

from lrbench.config.plain import Form, Key, NumberOrInf, NumberOrNaN, plain
from lrbench.config.records import read_record
from lrbench.errors import UsageError


class Colour(StrEnum):
    """Two texts."""

    RED = "red"
    BLUE = "dark-blue"


class Point(TypedDict):
    """Two numbers by name."""

    x: float
    y: int


@dataclass(frozen=True)
class Part:
    """A record inside another one."""

    size: int
    others: Annotated[Mapping[str, float | None], Key(inline=True)]

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError("size is too small")


@dataclass(frozen=True)
class Whole:
    """Every kind of field."""

    colour: Colour
    side: Literal["left", "right"] | None
    flag: bool
    text: str
    parts: Sequence[Part]
    inner: Annotated[Part, Key(inline=True)]
    width: Annotated[float, Key("breadth")]
    limit: NumberOrInf
    gaps: Sequence[NumberOrNaN]
    pair: tuple[float, float] | None
    flags: tuple[bool, bool]
    three: tuple[float, float, float]
    window: tuple[int, int]
    value: Mapping[str, float | str]
    point: Point
    reverse: Annotated[str, Form(lambda v: v[::-1], lambda v: v[::-1])]
    column: Annotated[Any, Form(lambda v: tuple(v), list)]
    anything: Any
    later: Annotated[tuple[int, ...], Key(earlier=(7,))] = ()
    absent: Annotated[Part | None, Key(optional=True)] = None
    unsaved: Annotated[str, Key(saved=False)] = "kept here"


VALUES: dict[str, Any] = {
    "colour": "dark-blue",
    "side": None,
    "flag": False,
    "text": "a\nb",
    "parts": [{"size": 3, "a": 0.5, "b": None}, {"size": 2**62}],
    "size": 11,
    "density": 1.25,
    "breadth": 3,
    "limit": None,
    "gaps": [0.1, None, -7],
    "pair": [1.5, 2],
    "flags": [True, False],
    "three": [1, 2.5, 4],
    "window": [13, 17],
    "value": {"n": 3, "s": "t", "x": 1e-300},
    "point": {"x": 0.75, "y": -4},
    "reverse": "abc",
    "column": [1, "x"],
    "anything": {"a": [None]},
    "later": [19, 23],
    "absent": {"size": 29},
}


def read(**changes: Any) -> Whole:
    values = VALUES | changes
    return read_record(Whole, {k: v for k, v in values.items() if v is not ...}, "f", "Hint.")


def test_a_record_is_what_was_written_by_hand() -> None:
    whole = read()
    assert (whole.colour, whole.side, whole.flag, whole.text) == (Colour.BLUE, None, False, "a\nb")
    assert whole.parts == (Part(3, {"a": 0.5, "b": None}), Part(2**62, {}))
    assert whole.inner == Part(11, {"density": 1.25})
    assert (whole.width, whole.limit, whole.pair) == (3, math.inf, (1.5, 2))
    assert whole.gaps[::2] == (0.1, -7)
    assert math.isnan(whole.gaps[1])
    assert (whole.flags, whole.three, whole.window) == ((True, False), (1, 2.5, 4), (13, 17))
    assert (whole.value, whole.point) == (VALUES["value"], VALUES["point"])
    assert (whole.reverse, whole.column, whole.anything) == ("cba", (1, "x"), {"a": [None]})
    assert (whole.later, whole.absent, whole.unsaved) == ((19, 23), Part(29, {}), "kept here")


def test_what_is_read_is_written_as_it_was() -> None:
    assert json.dumps(plain(read())) == json.dumps(VALUES)
    assert list(plain(read(absent=...))) == [key for key in VALUES if key != "absent"]


def test_keys_of_other_versions() -> None:
    assert read(later=...).later == (7,)
    assert read(absent=...).absent is None
    point = {"x": 0.5, "y": 1, "z": "of a later version"}
    assert read(point=point).point == {"x": 0.5, "y": 1}


@pytest.mark.parametrize("key", sorted(VALUES.keys() - {"density", "later", "absent"}))
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(**{key: ...})
    assert (caught.value.message, caught.value.hint) == (f"f: {key} is missing.", "Hint.")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("colour", 3, "colour is not a text"),
        ("colour", "RED", "colour cannot be 'RED'"),
        ("colour", None, "colour is not a text"),
        ("side", 3, "side is not a text or null"),
        ("side", "up", "side cannot be 'up'"),
        ("flag", 1, "flag is not true or false"),
        ("text", None, "text is not a text"),
        ("parts", {}, "parts is not a list"),
        ("parts", [{"size": 1}, 3], "parts[1] is not an object"),
        ("parts", [{"size": 1}, {"size": 0}], "parts[1].size is too small"),
        ("parts", [{"size": 1.0}], "parts[0].size is not an integer"),
        ("parts", [{"size": True}], "parts[0].size is not an integer"),
        ("parts", [{"size": 2**63}], "parts[0].size is not an integer"),
        ("parts", [{"size": 5, "a": "x"}], "parts[0].a is not a number or null"),
        ("parts", [{}], "parts[0].size is missing"),
        ("size", 0, "size is too small"),
        ("density", "x", "density is not a number or null"),
        ("breadth", None, "breadth is not a number"),
        ("breadth", 2**63, "breadth is not a number"),
        ("breadth", True, "breadth is not a number"),
        ("limit", "x", "limit is not a number or null"),
        ("gaps", None, "gaps is not a list"),
        ("gaps", [1, "x"], "gaps[1] is not a number or null"),
        ("pair", [1], "pair is not a pair of numbers"),
        ("pair", [1, None], "pair[1] is not a number"),
        ("pair", 3, "pair is not a list or null"),
        ("flags", [True], "flags is not a pair of truth values"),
        ("flags", [True, 0], "flags[1] is not true or false"),
        ("three", [1, 2], "three is not three numbers"),
        ("window", [1, 2, 3], "window is not a pair of integers"),
        ("value", [], "value is not an object"),
        ("value", {"a": []}, "value.a is neither a number nor a text"),
        ("value", {"a": None}, "value.a is neither a number nor a text"),
        ("point", 3, "point is not an object"),
        ("point", {"x": 1}, "point.y is missing"),
        ("point", {"x": 1, "y": 1.5}, "point.y is not an integer"),
        ("later", ["x"], "later[0] is not an integer"),
        ("absent", None, "absent is not an object"),
        ("absent", {"size": -3}, "absent.size is too small"),
    ],
)
def test_a_value_of_another_type_is_named(key: str, value: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(**{key: value})
    assert caught.value.message == f"f: {message}."


def test_what_is_no_object_at_all() -> None:
    with pytest.raises(UsageError, match=r"^f: the content is not an object\.$"):
        read_record(Whole, [VALUES], "f", "Hint.")


@dataclass(frozen=True)
class Table:
    """Columns by name."""

    columns: Mapping[str, NDArray[np.float64]]


def columns_of(**columns: Any) -> Mapping[str, NDArray[np.float64]]:
    return read_record(Table, {"columns": columns}, "f", "Hint.").columns


def test_columns_are_arrays_with_nan_for_null() -> None:
    columns = columns_of(a=[0.5, None, 3.0], b=[1, 2.5, -(2**63)], c=[])
    expected = {"a": [0.5, math.nan, 3.0], "b": [1.0, 2.5, -(2.0**63)], "c": []}
    for name, numbers in expected.items():
        assert columns[name].dtype == np.float64
        np.testing.assert_array_equal(columns[name], numbers)
    infinite = np.array([1.5, math.inf, math.nan, -math.inf])
    assert plain(Table({"a": infinite})) == {"columns": {"a": [1.5, None, None, None]}}
    assert plain(np.arange(3)) == [0, 1, 2]


@pytest.mark.parametrize("wrong", ["1", True, [], 2**63, {}])
def test_what_is_no_number_in_a_column_is_named(wrong: Any) -> None:
    for column, k in (([0.5, wrong], 1), ([1, 2.5, None, wrong, wrong], 3)):
        with pytest.raises(UsageError, match=rf"^f: columns.b\[{k}\] is not a number or null\.$"):
            columns_of(a=[1.0], b=column)
    with pytest.raises(UsageError, match=r"^f: columns.b is not a list\.$"):
        columns_of(b=None)


def test_values_of_numpy_and_enumerations_are_plain() -> None:
    values = {"a": np.float64(0.1), "b": np.int64(3), "c": np.bool_(True), "d": Colour.RED}
    assert json.dumps(plain(values)) == '{"a": 0.1, "b": 3, "c": true, "d": "red"}'
    assert plain((math.inf, [-math.inf, math.nan])) == [None, [None, None]]
