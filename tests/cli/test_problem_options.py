"""Problems said in options alone, without a problem file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Invoke

from lrbench.plan.options import PROBLEM_OPTIONS

TWO = "1 1:3 2:4\n-1 2:5\n1 1:2 3:1\n-1 1:1\n"
DEFAULTS = {
    "loss": "logistic",
    "penalty": {"name": "l2", "weight": 0.25},
    "scale": "none",
    "intercept": False,
    "labels": {"+1": "1", "-1": "-1"},
    "start": "zeros",
    "n_features": 3,
}


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ((), {}),
        (("--loss", "squared"), {"loss": "squared", "labels": None, "penalty": "none"}),
        (("--penalty", "none"), {"penalty": "none"}),
        (("--penalty", "l2[weight=0.1]"), {"penalty": {"name": "l2", "weight": 0.1}}),
        (("--penalty", "l2[weight=1/n_samples]"), {}),
        (("--scale", "unit-rows"), {"scale": "unit-rows"}),
        (("--intercept",), {"intercept": True, "n_features": 4}),
        (("--no-intercept",), {}),
        (("--positive=-1",), {"labels": {"+1": "-1", "-1": "1"}}),
        (("--start", "normal"), {"start": "normal[scale=1,seed=0]"}),
        (("--start", "normal[scale=0.1,seed=3]"), {"start": "normal[scale=0.1,seed=3]"}),
        (
            ("--loss", "squared", "--penalty", "l2", "--scale", "maxabs", "--intercept"),
            {"loss": "squared", "labels": None, "scale": "maxabs", "n_features": 4}
            | {"intercept": True},
        ),
    ],
)
def test_each_option_without_a_file(
    options: tuple[str, ...], changed: dict[str, Any], invoke: Any, tmp_path: Path
) -> None:
    file = tmp_path / "two.svm"
    file.write_text(TWO)
    outcome = invoke("run", "-d", str(file), *options, "-n", "2", "-q", "--format", "json")
    assert outcome.code == 0, outcome.err
    problem = json.loads(outcome.out)["problems"][0]
    expected = DEFAULTS | changed
    if expected["penalty"] == "none":
        assert problem["penalty"]["name"] == expected.pop("penalty")
    assert {key: problem[key] for key in expected} == expected


def test_start_is_where_the_run_starts(invoke: Any, tmp_path: Path) -> None:
    file = tmp_path / "two.svm"
    file.write_text(TWO)
    options = ("--start", "normal[scale=0.1,seed=3]", "--loss", "squared", "-n", "1", "-q")
    outcome = invoke("run", "-d", str(file), *options, "--format", "json")
    X = np.array([[3, 4, 0], [0, 5, 0], [2, 0, 1], [1, 0, 0]])
    w = 0.1 * np.random.default_rng(3).standard_normal(3)
    F = 0.5 * np.mean((X @ w - [1, -1, 1, -1]) ** 2)
    for run in json.loads(outcome.out)["problems"][0]["runs"]:
        assert run["trace"]["objective"][0] == pytest.approx(F, rel=1e-13)


REPEATED = {
    "loss": "logistic",
    "penalty": "none",
    "scale": "none",
    "positive": "1",
    "start": "zeros",
    "reparam": "none",
    "backend": "numpy",
    "device": "cpu",
    "test": "0.2",
    "zero_based": "auto",
    "data": "sklearn:iris",
}


def test_every_option_of_a_problem_with_a_value_is_tried() -> None:
    assert {*REPEATED, "intercept"} == {*PROBLEM_OPTIONS, "data"}  # that one is a flag


@pytest.mark.parametrize("command", ["run", "sweep", "theory", "record"])
@pytest.mark.parametrize("name", REPEATED)
def test_an_option_that_makes_one_problem_is_not_given_twice(
    name: str, command: str, invoke: Invoke
) -> None:
    flag = f"--{name.replace('_', '-')}"
    done = invoke(command, "-p", "logreg", flag, REPEATED[name], flag, REPEATED[name])
    assert (done.code, done.out) == (2, "")
    assert f"{flag} is given 2 times, but takes only one value" in done.err


@pytest.mark.parametrize(
    ("labels", "options", "note"),
    [
        ([3, 8, 3, -1], (), "the 3 labels of {} are the targets of the squared loss"),
        ([1, 1, 1, 1], (), "{} has one label only, and it is the target of the squared loss"),
        ([3, 8, 3, -1], ("--loss", "squared"), None),
        ([3, 8, 3, -1], ("--positive", "8"), None),
        ([3, 8, 3, 8], (), None),  # two classes
        ([3, 8.5, 3, -1], (), None),  # no classes
        (range(30), (), None),
    ],
    ids=["three", "one", "loss", "positive", "two", "fraction", "many"],
)
def test_labels_that_become_numbers_are_told(
    labels: Sequence[float], options: tuple[str, ...], note: str | None, invoke: Any, tmp_path: Path
) -> None:
    file = tmp_path / "few.svm"
    file.write_text("".join(f"{y} 1:{k + 1} 2:{k % 3}\n" for k, y in enumerate(labels)))
    words = ("run", "-d", str(file), "--scale", "maxabs", *options, "-n", "2")
    outcome = invoke(*words)
    assert outcome.code == 0, outcome.err
    if note is None:
        assert outcome.err == ""
    else:
        assert outcome.err.startswith(f"Note: {note.format(file)}")
    assert invoke(*words, "-q").err == ""
