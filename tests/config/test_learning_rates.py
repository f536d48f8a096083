from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from lrbench.config.learning_rates import (
    LearningRate,
    learning_rates,
    parse_learning_rates,
    resolve_learning_rates,
)
from lrbench.errors import UsageError


def numbers(*texts: str) -> list[float]:
    return resolve_learning_rates(parse_learning_rates(texts), math.inf)


def test_numbers_lists_and_ranges() -> None:
    assert numbers("100") == [100.0]
    assert numbers("0.1,1, 10") == [0.1, 1.0, 10.0]
    assert numbers("1e-4:1e4:3", "7") == pytest.approx([1e-4, 1.0, 1e4, 7.0])
    assert numbers("5:5:1") == [5.0]


def test_ends_of_a_range_are_exact_and_steps_equal_in_the_logarithm() -> None:
    values = numbers("0.3:700:17")
    assert (values[0], values[-1], len(values)) == (0.3, 700.0, 17)
    steps = np.diff(np.log(values))
    np.testing.assert_allclose(steps, steps[0], rtol=1e-12)


def test_each_value_once_in_the_order_given() -> None:
    assert numbers("10,1", "1,0.1") == [10.0, 1.0, 0.1]


def test_units_of_one_over_L() -> None:
    found = parse_learning_rates(["0.5/L, 2/L", "3", "1/L"])
    assert found == [
        LearningRate(0.5, True),
        LearningRate(2.0, True),
        LearningRate(3.0),
        LearningRate(1.0, True),
    ]
    assert [str(rate) for rate in found] == ["0.5/L", "2/L", "3", "1/L"]
    assert resolve_learning_rates(found, 4.0) == [0.125, 0.5, 3.0, 0.25]
    assert resolve_learning_rates(found, 0.5) == [1.0, 4.0, 3.0, 2.0]


def test_range_in_units_of_one_over_L() -> None:
    found = parse_learning_rates(["0.01/L:100/L:9"])
    assert all(rate.per_L for rate in found)
    expected = [float(f"{10.0 ** (k / 2):.13g}") / 8 for k in range(-4, 5)]
    np.testing.assert_allclose(resolve_learning_rates(found, 8.0), expected, rtol=1e-14)
    assert (resolve_learning_rates(found, 8.0)[0], resolve_learning_rates(found, 8.0)[-1]) == (
        0.01 / 8,
        12.5,
    )


def test_rates_that_fall_together_on_a_problem_count_once() -> None:
    found = parse_learning_rates(["1/L,0.5,1"])
    assert len(found) == 3
    assert resolve_learning_rates(found, 2.0) == [0.5, 1.0]
    assert resolve_learning_rates(found, 1.0) == [1.0, 0.5]


def test_one_over_L_is_not_above_it_in_float64() -> None:
    for L in [3.979642883765846, *np.random.default_rng(0).uniform(0.01, 100, 3000).tolist()]:
        lr0 = LearningRate(1.0, per_L=True).at(L)
        assert 1 / lr0 >= L
        assert lr0 <= 1 / L
        assert lr0 * L <= 1
        assert lr0 * L == pytest.approx(1, rel=1e-15)


@pytest.mark.parametrize("L", [math.inf, math.nan, 0.0])
def test_units_of_one_over_L_need_a_smooth_objective(L: float) -> None:
    assert LearningRate(3.0).at(L) == 3.0
    with pytest.raises(UsageError, match=r"--lr0 0\.5/L has no meaning where L is") as caught:
        LearningRate(0.5, per_L=True).at(L)
    assert "give numbers" in caught.value.hint


@pytest.mark.parametrize(("value", "L"), [(1e300, 1e-300), (1e-300, 1e300)])
def test_rate_that_leaves_float64(value: float, L: float) -> None:
    with pytest.raises(UsageError, match="no positive learning rate in float64"):
        LearningRate(value, per_L=True).at(L)


def test_rates_of_the_python_interface() -> None:
    assert learning_rates([1, 0.5, "10/L,1", LearningRate(2.0, True), np.float64(0.25)]) == [
        LearningRate(1.0),
        LearningRate(0.5),
        LearningRate(10.0, True),
        LearningRate(2.0, True),
        LearningRate(0.25),
    ]
    assert learning_rates(np.array([1.0, 2.0])) == [LearningRate(1.0), LearningRate(2.0)]
    assert learning_rates("0.1,1/L") == [LearningRate(0.1), LearningRate(1.0, True)]
    assert learning_rates(3) == learning_rates(LearningRate(3.0)) == [LearningRate(3.0)]
    assert learning_rates([]) == []


@pytest.mark.parametrize(
    "value",
    [0, -1.0, math.nan, math.inf, 10**400, 1e-320, True, None, 1j, [1.0], LearningRate(-1.0, True)],
)
def test_rates_refuse_what_is_no_positive_number(value: Any) -> None:
    with pytest.raises(UsageError, match=r"^--lr0 .*(positive|not a number)") as caught:
        learning_rates([value])
    assert "give positive numbers" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-1",
        "nan",
        "inf",
        "1e-320",
        "x",
        "1:2",
        "1:2:x",
        "1:2:²",
        "1:2:٣",
        "1:2:1_0",
        "1:2:-3",
        "1:2:0",
        "1:2:100001",
        "1::3",
        "/L",
        "1/l",
        "0/L",
        "inf/L",
        "1/L/L",
        "1:2:3/L",
        "0.1:10/L:3",
        "0.1/L:10:3",
        "10/L:1/L:3",
    ],
)
def test_nonsense_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_learning_rates([text])
    assert repr(text) in error.value.message
    assert "1e-4:1e4:17" in error.value.hint
    assert "0.01/L:100/L:9" in error.value.hint


def test_a_range_has_one_unit() -> None:
    with pytest.raises(UsageError, match=r"0\.1 and 10/L are not in the same unit"):
        parse_learning_rates(["0.1:10/L:3"])


@pytest.mark.parametrize(
    "text",
    ["1:10:" + "9" * 5000, "9" * 5000, "x" * 5000, ":" * 5000, "2:1:" + "0" * 5000, "1:2:3" * 1000],
    ids=range(6),
)
def test_a_long_text_is_shown_in_part(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_learning_rates([text])
    assert repr(text[:60] + "…") in caught.value.message
    assert len(caught.value.message) < 250


def test_a_list_of_huge_numbers_is_refused() -> None:
    value: Any = [10**5000]
    with pytest.raises(UsageError, match="is not a number"):
        learning_rates([value])


def test_a_huge_count_is_refused_before_anything_is_allocated() -> None:
    with pytest.raises(UsageError, match="count"):
        parse_learning_rates(["1:10:1000000000000"])


def test_a_denser_grid_holds_the_coarser_one_to_the_last_bit() -> None:
    for count in (3, 5, 9, 17):
        coarse, dense = (
            [rate.value for rate in parse_learning_rates([f"0.02:30:{n}"])]
            for n in (count, 3 * count - 2)
        )
        assert dense[::3] == coarse
