"""Targets: numbers and shares of the gap at the start."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrbench.config.targets import Target, targets
from lrbench.errors import UsageError
from lrbench.plan.plan import Plan


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.25, [Target(0.25)]),
        (np.float64(2.0), [Target(2.0)]),
        (3, [Target(3.0)]),
        ("1e-3", [Target(1e-3)]),
        ("1%", [Target(1.0, percent=True)]),
        (" 0.1 % , 5 ", [Target(0.1, percent=True), Target(5.0)]),
        ("10%,1%,10%", [Target(10.0, percent=True), Target(1.0, percent=True)]),
        (["10%", 0.5, "2,10%"], [Target(10.0, percent=True), Target(0.5), Target(2.0)]),
        (np.array([0.5, 0.125]), [Target(0.5), Target(0.125)]),
        ("loss=0.1, loss = 1e-3", [Target(0.1, measure="loss"), Target(1e-3, measure="loss")]),
        ("loss=-4,loss=0", [Target(-4.0, measure="loss"), Target(0.0, measure="loss")]),
        ("accuracy=95%", [Target(95.0, percent=True, measure="test_error")]),
        ("accuracy=0.5", [Target(0.5, measure="test_error")]),
        ([], []),
    ],
)
def test_targets(value: Any, expected: list[Target]) -> None:
    assert targets(value) == expected
    assert targets(",".join(map(str, expected)) or []) == expected


@pytest.mark.parametrize(
    "value",
    [
        *("", "%", "1%%", "-1%", "0%", "1,", "inf%", "1e999%", "1_0%", "%1", "1 0%"),
        *("\N{ARABIC-INDIC DIGIT ONE}%", b"1", 0, -1, True, None, [None], [[1]], {}.keys),
    ],
)
def test_what_is_no_target(value: Any) -> None:
    with pytest.raises(UsageError, match=r"^--target .* is not a positive number, or a share"):
        targets(value)


@pytest.mark.parametrize("value", ["100%", "1%,250%", ["1%", "100.0001%"]])
def test_the_whole_gap_at_the_start_is_no_target(value: Any) -> None:
    with pytest.raises(UsageError, match=r"% of F\(w_0\) - f\* is reached before the first step"):
        targets(value)
    assert targets("99.99%") == [Target(99.99, percent=True)]


def test_levels_of_f_and_of_the_held_out_error() -> None:
    of = [target.on(37.0) for target in targets("loss=0.3,accuracy=95%,accuracy=0.75")]
    assert of == [0.3, 1.0 - 0.95, 0.25]
    plan = Plan(sweep=True, target="accuracy=90%,accuracy=95%")
    assert plan.target_measure == "test_error"
    assert plan.target_on(float("nan")) == pytest.approx(0.05, rel=1e-15)
    with pytest.raises(UsageError, match="levels of several measures"):
        Plan(sweep=True, target="accuracy=90%,loss=1")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("accuracy=100%", "an accuracy that no run exceeds"),
        ("accuracy=1", "an accuracy that no run exceeds"),
        ("loss=5%", "is a share, and F has no level"),
        ("loss=", "has no number that F may come to"),
        ("loss=nan", "has no number that F may come to"),
        ("loss=-inf", "has no number that F may come to"),
        ("loss=%", "has no number that F may come to"),
        ("accuracy=0", "is not a share of the held-out samples above 0"),
        ("accuracy=-1%", "is not a share of the held-out samples above 0"),
        ("accuracy=nan", "is not a share of the held-out samples above 0"),
        ("accuracy=", "is not a share of the held-out samples above 0"),
        ("error=0.1", "is not a positive number"),
    ],
)
def test_what_is_no_level(value: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        targets(value)


def test_a_share_is_one_of_the_gap_at_the_start() -> None:
    for text in ("1%", "0.3%", "12.5%"):
        (target,) = targets(text)
        exact = Fraction(text[:-1]) / 100 * 37
        assert target.on(37.0) == pytest.approx(float(exact), rel=1e-15)
    plan = Plan(sweep=True, target="10%,3,1%")
    assert plan.targets_on(200.0) == [20.0, 3.0, 2.0]
    assert plan.target_on(200.0) == 2.0
    assert plan.target_on(500.0) == 3.0
    assert plan.targets_on(300.0) == [30.0, 3.0]  # 1 % of it is 3
    assert Plan(sweep=True).target_on(200.0) == 0.01 * 200.0
    assert Plan().target_on(200.0) is None
    assert Plan(target="5%").target_on(200.0) == 10.0
    with pytest.raises(UsageError, match="a run ends at one target, and --target has 2"):
        Plan(target="5%,1%")
    with pytest.raises(UsageError, match="there is no target"):
        Plan(sweep=True, target=[])


def test_an_accuracy_of_exactly_the_target_has_arrived() -> None:
    """The level is 1 minus a share of samples, which no binary number need be."""
    for k in range(1, 1000):
        level = 1.0 - k / 1000  # of 1000 samples
        assert level <= Target(k / 10, percent=True, measure="test_error").on(1.0), k
