"""Numbers are plain ASCII decimals, as in LIBSVM text."""

from __future__ import annotations

import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lrbench.config.decimals import decimal, whole
from lrbench.config.named import parse_named

GOOD = ["0", "7", "-7", "+7", "007", "1.", ".5", "-.5e-3", "1E3", "1e+3", " 12", "12\n", "1e999"]

BAD = [
    *("1_000", "1__0", "_1", "1_", "1e1_0", "1_0e1", "0x10", "0b1", "0o7", "1j", "1L", "1d3"),
    *(
        "٣",
        "१",
        "1٣",
        "１",
        "²",
        "½",
        "Ⅷ",
        "1\u00a0000",
        "\u00a01",
        "1\u20092",
        "−1",
        "1,5",
        "1'000",
    ),
    *("nan", "NaN", "-nan", "inf", "Infinity", "INF", "-inf", "1.#INF", "true", "one", "None"),
    *("", " ", "+", "-", ".", "e5", "1e", "1e+", "--1", "+-1", "1 0", "1.2.3", "1e2.5", "1\0"),
]
"""What is no number here, though Python reads much of it as one."""


@pytest.mark.parametrize("text", GOOD)
def test_plain_decimals_are_numbers(text: str) -> None:
    assert decimal(text) == float(text)
    assert whole(text) == (int(text) if text.strip().lstrip("+-").isdigit() else None)


@pytest.mark.parametrize("text", BAD)
def test_nothing_else_is(text: str) -> None:
    assert decimal(text) is None
    assert whole(text) is None


def test_digits_without_end() -> None:
    digits = "1" * (sys.get_int_max_str_digits() + 1)
    assert decimal(digits) == float("inf")
    assert whole(digits) is None
    assert parse_named(f"a[b={digits}]")[1]["b"] == float("inf")


@given(st.text(st.sampled_from("0123456789+-.eE_ \t٣²inaf\u00a0,x"), max_size=7))
@example("1e5")
def test_every_number_is_that_of_python_and_all_ascii(text: str) -> None:
    value = decimal(text)
    if value is not None:
        assert value == float(text)
        assert text.isascii()
        assert not set(text.lower()) & set("_xinaf")
    if whole(text) is not None:
        assert whole(text) == int(text) == value or value is None


@pytest.mark.parametrize("word", ["inf", "+inf", "-inf"])
def test_the_bounds_of_a_box_may_be_infinite(word: str) -> None:
    assert parse_named(f"box[upper={word}]")[1]["upper"] == float(word)
