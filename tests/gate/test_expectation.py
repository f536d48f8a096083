"""Expectations: what is read, and what is refused in two sentences."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrbench.errors import UsageError
from lrbench.gate import parse_expectation
from lrbench.gate.expectation import QUANTITIES


@pytest.mark.parametrize(
    ("text", "quantity", "operator", "value", "options"),
    [
        ("bound = pass", "bound", "=", "pass", {}),
        ("bound[theorem=C2'] == pass", "bound", "=", "pass", {"theorem": "C2'"}),
        ("rate >= 0.9", "rate", ">=", 0.9, {}),
        ("suboptimality <= 1e-4", "suboptimality", "<=", 1e-4, {}),
        ("suboptimality[at=1000]<=1e-4", "suboptimality", "<=", 1e-4, {"at": 1000}),
        ("suboptimality[of=average,at=5] <= 1", "suboptimality", "<=", 1.0, {"of": "average"}),
        ("passes_to_target <= 40", "passes_to_target", "<=", 40.0, {}),
        ("usable_decades >= 3", "usable_decades", ">=", 3.0, {}),
        ("status != diverged", "status", "!=", "diverged", {}),
        ("test_accuracy >= 0.9", "test_accuracy", ">=", 0.9, {}),
        ("rate[lr0=0.1, solver=wngrad] >= 1", "rate", ">=", 1.0, {"lr0": 0.1, "solver": "wngrad"}),
        ("  rate\n  >=  1 ", "rate", ">=", 1.0, {}),
    ],
)
def test_what_is_written_is_what_is_meant(
    text: str, quantity: str, operator: str, value: float | str, options: dict[str, object]
) -> None:
    found = parse_expectation(text)
    assert (found.quantity, found.operator, found.value) == (quantity, operator, value)
    assert options.items() <= dict(found.options).items()
    assert found.text == " ".join(text.split())


def test_gd_is_sgd_as_in_results() -> None:
    assert parse_expectation("bound[solver=gd] = pass").options == {"solver": "sgd"}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "write it"),
        ("[]", "write it"),
        ("rate", "write it"),
        ("rate > 1", "write <= or >="),
        ("rate =< 1", "<= or >="),
        ("rate = 1", "<= or >="),
        ("bound <= 1", "write ="),
        ("rate >= nan", "write it"),
        ("rate >= inf", "write it"),
        ("rate >= 1e999", "write it"),
        ("rate >= quick", "write it"),
        ("rat >= 1", "did you mean rate?"),
        ("rate[off=last] >= 1", "did you mean of?"),
        ("rate[of=lst] >= 1", "did you mean last?"),
        ("bound = fail", "pass"),
        ("bound[theorem=C22] = pass", "C2"),
        ("bound[theorem=1] = pass", "W1"),
        ("status = divergd", "did you mean diverged?"),
        ("suboptimality[at=-1] <= 1", "whole number"),
        ("suboptimality[at=1.5] <= 1", "whole number"),
        ("suboptimality[at=x] <= 1", "whole number"),
        ("rate[lr0=nan] >= 1", "number"),
        ("rate[lr0=-1] >= 1", "number"),
        ("rate[lr0=x] >= 1", "number"),
        (f"rate[lr0=1{'0' * 400}] >= 1", "number"),
        ("usable_decades[lr0=1] >= 1", "solver"),
        ("rate[of] >= 1", "NAME"),
    ],
)
def test_anything_else_is_refused_with_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_expectation(text)
    assert hint in refused.value.hint
    assert refused.value.message.endswith(".")


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert parse_expectation(text).quantity in QUANTITIES


@given(
    st.sampled_from([q for q, about in QUANTITIES.items() if not about.words]),
    st.sampled_from(["<=", ">="]),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_every_number_is_read_back_exactly(quantity: str, operator: str, value: float) -> None:
    found = parse_expectation(f"{quantity}{operator}{value!r}")
    assert isinstance(found.value, float)
    assert math.copysign(1.0, found.value) == math.copysign(1.0, value)
    assert found.value == value
