from __future__ import annotations

import numpy as np
import pytest

from lrbench.errors import UsageError
from lrbench.grid import parse_lr0


def test_numbers_lists_and_ranges() -> None:
    assert parse_lr0(["100"]) == [100.0]
    assert parse_lr0(["0.1,1, 10"]) == [0.1, 1.0, 10.0]
    assert parse_lr0(["1e-4:1e4:3", "7"]) == pytest.approx([1e-4, 1.0, 1e4, 7.0])
    assert parse_lr0(["5:5:1"]) == [5.0]


def test_ends_of_a_range_are_exact_and_steps_equal_in_the_logarithm() -> None:
    values = parse_lr0(["0.3:700:17"])
    assert (values[0], values[-1], len(values)) == (0.3, 700.0, 17)
    steps = np.diff(np.log(values))
    np.testing.assert_allclose(steps, steps[0], rtol=1e-12)


def test_each_value_once_in_the_order_given() -> None:
    assert parse_lr0(["10,1", "1,0.1"]) == [10.0, 1.0, 0.1]


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "nan", "inf", "1e-320", "x", "1:2", "1:2:x", "1::3"]
)
def test_nonsense_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_lr0([text])
    assert repr(text) in error.value.message
    assert "1e-4:1e4:17" in error.value.hint


def test_a_huge_count_is_refused_before_anything_is_allocated() -> None:
    with pytest.raises(UsageError, match="count"):
        parse_lr0(["1:10:1000000000000"])
