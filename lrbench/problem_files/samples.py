"""The samples of a problem, those that it is fitted to and those held out, with their targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from lrbench.arrays import Index, PerSample
from lrbench.config.values import located
from lrbench.data.dataset import Dataset
from lrbench.data.holdout import split_rows, subset
from lrbench.data.labels import (
    binary_targets,
    class_labels,
    class_targets,
    count_targets,
    matched_targets,
)
from lrbench.data.load import DataName, load_data
from lrbench.errors import DataError
from lrbench.problem_files.model import ProblemSpec, Split

Labels = dict[str, str]


class Samples(NamedTuple):
    """The training data and the test data of a problem, before scaling.

    Parameters
    ----------
    train, y
        The data that the problem is fitted to, and the targets for its loss.
    labels
        For two classes, the labels that the targets -1 and +1 stand for.
    test, test_y
        The held-out data and their targets; None where nothing is held out.
    classes
        The labels that the targets 0, 1, ... of a network stand for; empty without classes.
    """

    train: Dataset
    y: PerSample
    labels: Labels | None
    test: Dataset | None = None
    test_y: PerSample | None = None
    classes: Sequence[str] = ()


def read_samples(spec: ProblemSpec) -> Samples:
    """Return the samples of a problem.

    Raises
    ------
    DataError
        As `lrbench.problem_files.build_problem`.
    """
    data = load_data(spec.data)
    # Before the split, so that the label +1 does not depend on which samples are held out.
    with located(spec.name):
        y, labels = _targets(data, spec)
    classes = class_labels(data) if spec.task == "classes" else ()
    if spec.test is None:
        return Samples(data, y, labels, classes=classes)
    if isinstance(spec.test, Split):
        train, held_out = _rows(data, spec.test)
        _check_classes(spec, data, y[train])
        test = subset(data, held_out)
        return Samples(subset(data, train), y[train], labels, test, y[held_out], classes)
    test = load_data(_counted_alike(spec.test, data))
    if test.content_hash == data.content_hash:
        raise DataError(
            f"the test data {test.name} are the training data: nothing is held out.",
            "give other data, or a share such as 0.2.",
        )
    return Samples(data, y, labels, test, _test_targets(test, data, y, spec), classes)


def _counted_alike(test: DataName, data: Dataset) -> DataName:
    """Return the name of the test data with the index base of the training data, if it has none.

    LIBSVM text is known to count from 0 only by an index 0, which may occur in one of the two
    files alone.
    """
    if test.zero_based != "auto" or data.zero_based is None or not test.is_text:
        return test
    return replace(test, zero_based="yes" if data.zero_based else "no")


def training(spec: ProblemSpec) -> Dataset:
    """Return the data that a problem is fitted to, without a check of their targets."""
    data = load_data(spec.data)
    return subset(data, _rows(data, spec.test)[0]) if isinstance(spec.test, Split) else data


def _rows(data: Dataset, split: Split) -> tuple[Index, Index]:
    with located(data.name, DataError):
        return split_rows(len(data.y), split.fraction, split.seed)


def _targets(data: Dataset, spec: ProblemSpec) -> tuple[PerSample, Labels | None]:
    """Return the targets for the loss, and for two classes the labels that they stand for."""
    if spec.binary:
        return binary_targets(data, spec.positive)
    if spec.task == "classes":
        return class_targets(data), None
    return (count_targets(data) if spec.task == "count" else data.y), None


def _test_targets(test: Dataset, data: Dataset, y: PerSample, spec: ProblemSpec) -> PerSample:
    if spec.task in ("binary", "classes"):
        return matched_targets(test, data, y)
    return count_targets(test) if spec.task == "count" else test.y


def _check_classes(spec: ProblemSpec, data: Dataset, y: PerSample) -> None:
    """Refuse a split that leaves only one class in the training data."""
    if spec.task not in ("binary", "classes") or y.min() < y.max():
        return
    assert isinstance(spec.test, Split)
    which = f"{y[0]:+.0f}" if spec.binary else "of one class"
    raise DataError(
        f"{data.name}: without the share {spec.test.fraction:g} that seed {spec.test.seed} holds"
        f" out, all samples left to train on are {which}.",
        f"hold out a smaller share, or other samples (--set data.test_seed={spec.test.seed + 1}).",
    )
