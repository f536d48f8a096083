"""Numbers and integers, and what is neither."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrbench.config.values import (
    as_integer,
    as_number,
    checked,
    checked_positive,
    checked_seed,
)
from lrbench.errors import UsageError

NUMBERS: list[tuple[Any, float | None]] = [
    (0.1, 0.1),
    (-7, -7.0),
    (10**400, math.inf),
    (-(10**400), -math.inf),
    (math.inf, math.inf),
    (np.float32(0.5), 0.5),
    (np.int64(3), 3.0),
    (np.array(2.5), 2.5),
    (Fraction(3, 8), 0.375),
    (Decimal("0.25"), 0.25),
    (True, None),
    (np.True_, None),
    (np.complex128(0.5), None),
    (np.array([0.5 + 0j]), None),
    ("1", None),
    (None, None),
    ([1.0], None),
    (np.array([1.0, 2.0]), None),
    (1j, None),
]


@pytest.mark.parametrize(("value", "number"), NUMBERS)
def test_what_is_a_number(value: Any, number: float | None) -> None:
    assert as_number(value) == number
    assert type(as_number(value)) is (float if number is not None else type(None))


def test_nan_is_a_number() -> None:
    number = as_number(math.nan)
    assert number is not None
    assert math.isnan(number)


@pytest.mark.parametrize("value", [3, np.int32(3), np.uint8(3), 10**400, -5])
def test_what_is_an_integer(value: Any) -> None:
    assert as_integer(value) == value
    assert type(as_integer(value)) is int


@pytest.mark.parametrize("value", [3.0, True, "3", None, [3], np.float64(3), Fraction(3)])
def test_what_is_no_integer(value: Any) -> None:
    assert as_integer(value) is None


def test_the_ends_of_a_range_are_in_it() -> None:
    assert [as_integer(n, 2, 5) for n in (1, 2, 5, 6)] == [None, 2, 5, None]
    assert as_integer(-1, 0) is None
    assert as_integer(10**400, 0) == 10**400


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (True, int, "a is True, not a whole number"),
        (1.0, int, "a is 1.0, not a whole number"),
        (True, float, "a is True, not a number"),
        ("1", float, "a is '1', not a number"),
        (1, bool, "a is 1, not true or false"),
        (1, str, "a is 1, not a text"),
        ({}, list, "a is {}, not a list"),
        ([], dict, "a is [], not a table"),
    ],
)
def test_a_value_of_another_type(value: Any, kind: type, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked(value, "a", kind)
    assert caught.value.message == f"{words}."
    assert caught.value.hint == f"give {words.partition(', not ')[2]}."


def test_values_of_their_types() -> None:
    values = [(3, int), (0.25, float), ("b", str), (False, bool), ([1], list), ({"a": 1}, dict)]
    for value, kind in values:
        assert checked(value, "a", kind) is value
    assert repr(checked(3, "a", float)) == "3.0"
    assert checked(10**400, "a", float) == math.inf


def test_positive_numbers_and_seeds() -> None:
    assert checked_positive(3, "a", "a positive number") == 3.0
    assert checked_seed(0, "s") == 0
    for value in (0, -0.5, math.inf, math.nan, 10**400, True, "1"):
        with pytest.raises(UsageError, match=r"^a is .*, not a number above 0\.$") as caught:
            checked_positive(value, "a", "a number above 0")
        assert caught.value.hint == "give a number above 0."
    with pytest.raises(UsageError, match=r"^s is -3, which is negative\.$"):
        checked_seed(-3, "s")
    with pytest.raises(UsageError, match=r"^s is 3\.0, not a whole number\.$"):
        checked_seed(3.0, "s")
