"""Targets -1 and +1 from labels of any kind, and the check of counts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lrbench.arrays import PerSample, distinct
from lrbench.config.decimals import decimal, whole
from lrbench.config.named import value_text
from lrbench.data.dataset import Dataset
from lrbench.errors import DataError, UsageError, quoted

MAX_LISTED = 10
"""The number of labels that a message lists."""

MOST_OUTPUTS = 200
"""A network has at most so many outputs."""

REGRESSION_ABOVE = 20
"""More labels than this are assumed to be the targets of a regression."""


def label_text(value: float | str) -> str:
    """Return the canonical text of a label: 1 for 1.0 and ``"+1"``; a name is unchanged.

    A text is a number if it is one in LIBSVM text. An integer that float64 does not hold stays as
    it is, because no label of data is this number.
    """
    number = value if isinstance(value, float) else decimal(str(value))
    exact = None if isinstance(value, float) else whole(str(value))
    if number is None or not math.isfinite(number) or exact not in (None, number):
        return str(value).strip()
    return value_text(number)


def binary_targets(
    data: Dataset, positive: Sequence[str] | None
) -> tuple[PerSample, dict[str, str]]:
    """Return targets -1 and +1, and the labels that they stand for.

    Parameters
    ----------
    data
        Its y holds labels of any value.
    positive
        The labels that become +1, by name or number; all others become -1. If None, there must be
        two labels, and the larger number becomes +1.

    Returns
    -------
    y
        (n_samples,), -1.0 and +1.0.
    mapping
        ``{"+1": "malignant", "-1": "benign"}``.

    Raises
    ------
    DataError
        If there is only one label, or if there are more than two and `positive` is None.
    UsageError
        If the data do not have a label of `positive`, or if `positive` has none or all of them.
    """
    values = distinct(data.y)
    names = [_name(data, value) for value in values]
    if len(values) < 2:
        raise DataError(
            f"{data.name} has one label only: {names[0]}.",
            "a binary loss needs two labels: use other data, or a regression loss such as squared.",
        )
    if positive is not None:
        is_positive = _is_positive(data, values, names, positive)
    elif len(values) == 2:
        is_positive = np.array([False, True])
    else:
        raise DataError(
            f"{data.name} has {len(values)} labels, and a binary loss needs two.",
            f"choose the labels that become +1 with --positive, out of {_listed(names)}; "
            "or use a regression loss such as squared."
            if len(values) <= REGRESSION_ABOVE
            else "with so many labels, use a regression loss: give --loss squared.",
        )
    y = np.where(is_positive[np.searchsorted(values, data.y)], 1.0, -1.0)
    plus = [name for name, is_plus in zip(names, is_positive, strict=True) if is_plus]
    minus = [name for name, is_plus in zip(names, is_positive, strict=True) if not is_plus]
    return y, {"+1": _listed(plus), "-1": _listed(minus)}


def class_targets(data: Dataset) -> PerSample:
    """Return the number of the class of every sample, from 0 in the order of the labels.

    Raises
    ------
    DataError
        If there is only one label, or more than `MOST_OUTPUTS`.
    """
    values, numbers = np.unique(data.y, return_inverse=True)
    if len(values) < 2:
        raise DataError(
            f"{data.name} has one label only: {_name(data, values[0])}.",
            "a loss of classes needs two or more: use other data, or the loss squared.",
        )
    if len(values) > MOST_OUTPUTS:
        raise DataError(
            f"{data.name} has {len(values)} labels, which are too many for classes.",
            "use the loss squared, which is for targets that are numbers.",
        )
    return numbers.astype(np.float64)


def class_labels(data: Dataset) -> list[str]:
    """Return the labels of the classes, in the order in which `class_targets` counts them."""
    return [_name(data, value) for value in np.unique(data.y)]


def matched_targets(test: Dataset, data: Dataset, y: PerSample) -> PerSample:
    """Return the targets of other samples whose labels mean the same as in `data`.

    Parameters
    ----------
    test
        Its y holds labels that occur in `data`.
    data, y
        The training data and the targets that `binary_targets` or `class_targets` returned for
        them.

    Raises
    ------
    DataError
        For a label that `data` does not have.
    """
    values, first = np.unique(data.y, return_index=True)
    test_values = np.unique(test.y)
    # By name where both have names: the same class may have another number in each.
    named = data.labels is not None and test.labels is not None
    train_labels = [_name(data, v) if named else label_text(float(v)) for v in values]
    test_labels = [_name(test, v) if named else label_text(float(v)) for v in test_values]
    unknown = [label for label in test_labels if label not in train_labels]
    if unknown:
        raise DataError(
            f"{test.name} has the label{'s' * (len(unknown) > 1)} {_listed(unknown)}, and"
            f" {data.name} has only {_listed(train_labels)}.",
            "test on data with the labels of the training data.",
        )
    target = dict(zip(train_labels, y[first], strict=True))
    targets = np.array([target[label] for label in test_labels])
    return targets[np.searchsorted(test_values, test.y)]


def count_targets(data: Dataset) -> PerSample:
    """Return the targets for a loss of counts; raise `DataError` if one is negative.

    Numbers that are not integers are allowed, because rates per unit are fitted in the same way.
    """
    negative = np.flatnonzero(data.y < 0)
    if len(negative):
        first = int(negative[0])
        raise DataError(
            f"{data.name} has {len(negative)} negative targets, the first {data.y[first]:g} in row"
            f" {first + 1}, and the loss is for counts.",
            "use data with counts, or a regression loss such as squared.",
        )
    return data.y


def _name(data: Dataset, value: float) -> str:
    if data.labels is None:
        return label_text(float(value))
    return data.labels[int(value)]


def _is_positive(
    data: Dataset, values: PerSample, names: Sequence[str], positive: Sequence[str]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return for each label whether it becomes +1, (n_labels,)."""
    numbers = [label_text(float(value)) for value in values]
    is_positive = np.zeros(len(values), dtype=np.bool_)
    for label in positive:
        text = label_text(label)
        labels = names if text in names else numbers
        if text not in labels:
            raise UsageError(
                f"{data.name} has no label {quoted(label)}.", f"its labels are {_listed(names)}."
            )
        is_positive[labels.index(text)] = True
    if is_positive.all() or not is_positive.any():
        amount = "all" if is_positive.all() else "none of the"
        raise UsageError(
            f"positive names {amount} labels of {data.name}.",
            f"name some, not all, of {_listed(names)}.",
        )
    return is_positive


def _listed(names: Sequence[str]) -> str:
    if len(names) <= MAX_LISTED:
        return ", ".join(names)
    return f"{', '.join(names[:MAX_LISTED])}, … ({len(names)} in all)"
