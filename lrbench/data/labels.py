"""Labels of any value turned into -1 and +1, and counts checked."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lrbench.arrays import PerSample
from lrbench.config.named import value_text
from lrbench.data.dataset import Dataset
from lrbench.errors import DataError, UsageError, quoted

SHOWN = 10
"""How many labels a sentence lists."""

CLASSES = 20
"""More labels than this are taken for the targets of a regression."""


def label_text(value: float | str) -> str:
    """Return the one way to write a label: 1 for 1.0 and ``"+1"``; a name as it is."""
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return str(value).strip()
    if not math.isfinite(number):
        return str(value).strip()
    return value_text(number)


def binary_targets(
    data: Dataset, positive: Sequence[str] | None
) -> tuple[PerSample, dict[str, str]]:
    """Return targets -1 and +1, and which labels they stand for.

    Parameters
    ----------
    data
        y holds labels of any value.
    positive
        The labels that are +1, by name or number; all others are -1. None: there must be two
        labels, and the larger number is +1.

    Returns
    -------
    y
        (n_samples,), -1.0 and +1.0.
    mapping
        ``{"+1": "malignant", "-1": "benign"}``.

    Raises
    ------
    DataError
        For one label only, or more than two without `positive`.
    UsageError
        For a positive label that the data do not have, or where no label is left for -1.
    """
    values = np.unique(data.y)
    names = [_name(data, value) for value in values]
    if len(values) < 2:
        raise DataError(
            f"{data.name} has one label only: {names[0]}.",
            "a binary loss needs two labels: use other data, or a regression loss such as squared.",
        )
    if positive is not None:
        chosen = _chosen(data, values, names, positive)
    elif len(values) == 2:
        chosen = np.array([False, True])
    else:
        raise DataError(
            f"{data.name} has {len(values)} labels, and a binary loss needs two.",
            f"say which count as +1 with --positive, out of {_listed(names)}; "
            "or use a regression loss such as squared."
            if len(values) <= CLASSES
            else "so many labels are a regression: give --loss squared.",
        )
    y = np.where(chosen[np.searchsorted(values, data.y)], 1.0, -1.0)
    plus = [name for name, is_plus in zip(names, chosen, strict=True) if is_plus]
    minus = [name for name, is_plus in zip(names, chosen, strict=True) if not is_plus]
    return y, {"+1": _listed(plus), "-1": _listed(minus)}


def matched_targets(test: Dataset, data: Dataset, y: PerSample) -> PerSample:
    """Return targets -1 and +1 of other samples, by what their labels stand for in `data`.

    Parameters
    ----------
    test
        y holds labels that occur in `data`.
    data, y
        The data with which `binary_targets` returned these targets.

    Raises
    ------
    DataError
        For a label that `data` does not have.
    """
    values, first = np.unique(data.y, return_index=True)
    labels = np.unique(test.y)
    named = data.labels is not None and test.labels is not None
    known = [_name(data, v) if named else label_text(float(v)) for v in values]
    seen = [_name(test, v) if named else label_text(float(v)) for v in labels]
    strange = [name for name in seen if name not in known]
    if strange:
        raise DataError(
            f"{test.name} has the label{'s' * (len(strange) > 1)} {_listed(strange)}, and"
            f" {data.name} has only {_listed(known)}.",
            "test on data with the labels of the training data.",
        )
    sign = dict(zip(known, y[first], strict=True))
    signs = np.array([sign[name] for name in seen])
    return signs[np.searchsorted(labels, test.y)]


def count_targets(data: Dataset) -> PerSample:
    """Return the targets of a loss for counts; raise `DataError` where one is negative.

    Numbers that are no integers are let through: rates per unit are fitted the same way.
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


def _chosen(
    data: Dataset, values: PerSample, names: Sequence[str], positive: Sequence[str]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which of the labels are +1."""
    numbers = [label_text(float(value)) for value in values]
    chosen = np.zeros(len(values), dtype=np.bool_)
    for label in positive:
        text = label_text(label)
        known = names if text in names else numbers
        if text not in known:
            raise UsageError(
                f"{data.name} has no label {quoted(label)}.", f"its labels are {_listed(names)}."
            )
        chosen[known.index(text)] = True
    if chosen.all() or not chosen.any():
        raise UsageError(
            f"positive names {'all' if chosen.all() else 'none of the'} labels of {data.name}.",
            f"name some, not all, of {_listed(names)}.",
        )
    return chosen


def _listed(names: Sequence[str]) -> str:
    if len(names) <= SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:SHOWN])}, … ({len(names)} in all)"
