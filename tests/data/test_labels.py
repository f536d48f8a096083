from collections.abc import Sequence

import numpy as np
import pytest

from lrbench.data.dataset import Dataset
from lrbench.data.labels import binary_targets, label_text
from lrbench.errors import DataError, UsageError


def data(y: Sequence[float], labels: tuple[str, ...] | None = None) -> Dataset:
    target = np.array(y, dtype=np.float64)
    return Dataset("mine", np.ones((len(y), 1)), target, "", "", labels)


@pytest.mark.parametrize(
    ("y", "expected", "mapping"),
    [
        ([1, 2, 1], [-1, 1, -1], {"+1": "2", "-1": "1"}),
        ([-1, 1, 1], [-1, 1, 1], {"+1": "1", "-1": "-1"}),
        ([0.5, 0.25], [1, -1], {"+1": "0.5", "-1": "0.25"}),
    ],
)
def test_larger_of_two_is_plus_one(
    y: list[float], expected: list[float], mapping: dict[str, str]
) -> None:
    targets, found = binary_targets(data(y), None)
    np.testing.assert_array_equal(targets, expected)
    assert targets.dtype == np.float64
    assert found == mapping


@pytest.mark.parametrize("positive", [["malignant"], ["0"], ["0.0"], ["+0"]])
def test_names_and_numbers_of_named_classes(positive: list[str]) -> None:
    targets, mapping = binary_targets(data([0, 1, 1], ("malignant", "benign")), positive)
    np.testing.assert_array_equal(targets, [1, -1, -1])
    assert mapping == {"+1": "malignant", "-1": "benign"}


def test_several_positive_labels_make_many_classes_two() -> None:
    targets, mapping = binary_targets(data([3, 1, 2, 3, 5]), ["3", "5"])
    np.testing.assert_array_equal(targets, [1, -1, -1, 1, 1])
    assert mapping == {"+1": "3, 5", "-1": "1, 2"}


def test_a_long_list_of_labels_is_cut() -> None:
    _, mapping = binary_targets(data(range(20)), ["7"])
    assert mapping["-1"] == "0, 1, 2, 3, 4, 5, 6, 8, 9, 10, … (19 in all)"


def test_one_label_only() -> None:
    for positive in (None, ["2"]):
        with pytest.raises(DataError, match="mine has one label only: 2"):
            binary_targets(data([2, 2]), positive)


def test_more_than_two_labels() -> None:
    with pytest.raises(DataError, match="mine has 3 labels") as caught:
        binary_targets(data([0, 1, 2], ("a", "b", "c")), None)
    assert "a, b, c" in caught.value.hint


@pytest.mark.parametrize(("n", "hint"), [(20, "--positive"), (21, "--loss squared")])
def test_many_labels_are_a_regression(n: int, hint: str) -> None:
    with pytest.raises(DataError, match=f"mine has {n} labels") as caught:
        binary_targets(data(range(n)), None)
    assert hint in caught.value.hint
    assert ("--positive" in caught.value.hint) != ("--loss squared" in caught.value.hint)


def test_unknown_positive_label_lists_those_there_are() -> None:
    with pytest.raises(UsageError, match="no label 'maligant'") as caught:
        binary_targets(data([0, 1], ("malignant", "benign")), ["maligant"])
    assert caught.value.hint == "its labels are malignant, benign."


def test_all_labels_positive() -> None:
    with pytest.raises(UsageError, match="positive names all labels"):
        binary_targets(data([0, 1]), ["0", "1"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        ("+1", "1"),
        ("1.0", "1"),
        (-1, "-1"),
        (0.1, "0.1"),
        (" a b", "a b"),
        ("inf", "inf"),
    ],
)
def test_label_text(value: float | str, text: str) -> None:
    assert label_text(value) == text
