"""``--test`` and ``--zero-based`` on the command line, in problem files and with ``--set``."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import accuracy_score

TRAIN = "1 1:3 2:4\n-1 2:5\n1 1:2 3:1\n-1 1:1\n"
TEST = "1 1:3 5:4 9:1\n-1 2:5 5:1\n1 2:1\n"
SHORT = ("-n", "3", "-s", "wngrad")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory with data, and a folder with a problem file and its data."""
    monkeypatch.chdir(tmp_path)
    inner = tmp_path / "inner"
    inner.mkdir()
    for place, test in ((tmp_path, TEST), (inner, "1 1:1\n")):
        (place / "a.svm").write_text(TRAIN)
        (place / "b.svm").write_text(test)
    (inner / "p.toml").write_text(TOML)
    return tmp_path


TOML = """
loss = "logistic"
[data]
name = "a.svm"
test = "b.svm"
"""


@pytest.fixture
def ran(invoke: Any) -> Any:
    """Return a function that runs options and returns the JSON of the problem."""

    def run(*options: str) -> dict[str, Any]:
        outcome = invoke("run", *options, *SHORT, "-q", "--format", "json")
        assert outcome.code == 0, outcome.err
        found: dict[str, Any] = json.loads(outcome.out)["problems"][0]
        return found

    return run


def test_a_file_is_measured_on(ran: Any) -> None:
    problem = ran("-d", "a.svm", "--test", "b.svm")
    assert problem["test"] == {
        "data": "b.svm",
        "n_samples": 3,
        "fraction": None,
        "seed": None,
        "features_left_out": 2,
        "majority": pytest.approx(2 / 3),
    }
    assert (problem["n_samples"], problem["n_features"]) == (4, 3)
    trace = problem["runs"][0]["trace"]
    assert trace["test_loss"][0] == pytest.approx(math.log(2), rel=1e-14)
    assert trace["test_accuracy"][0] == pytest.approx(1 / 3)  # a score of 0 is not above 0
    bare = ran("-d", "a.svm")
    assert bare["fingerprint"] == problem["fingerprint"]
    assert bare["test"] is None
    assert "test_loss" not in bare["runs"][0]["trace"]
    assert bare["runs"][0]["trace"]["objective"] == trace["objective"]


def test_what_is_left_out_is_said_once_unless_quiet(invoke: Any) -> None:
    said = "b.svm has 2 features that the training data of logreg-a do not have; left out."
    for options, times in (((), 1), (("-q",), 0)):
        outcome = invoke("run", "-d", "a.svm", "--test", "b.svm", *SHORT, *options)
        assert outcome.err.count(said) == times
        assert "test     3 samples of b.svm, majority 0.6667, 2 features left out" in outcome.out
    outcome = invoke("run", "-d", "b.svm", "--test", "a.svm", *SHORT)
    assert outcome.code == 0
    assert "left out" not in outcome.err + outcome.out


def test_a_share_does_not_depend_on_the_seed_of_the_run(ran: Any) -> None:
    batch = ("--batch-size", "1", "-r", "2")
    problem = ran("-d", "a.svm", "--test", "0.25", "--seed", "7", *batch)
    assert problem["test"]["fraction"] == 0.25
    assert (problem["test"]["seed"], problem["test"]["n_samples"]) == (0, 1)
    assert problem["n_samples"] == 3
    assert problem["penalty"]["weight"] == pytest.approx(1 / 3)
    assert problem["fingerprint"] == ran("--test", "0.25", "-d", "a.svm")["fingerprint"]
    starts = {run["trace"]["test_loss"][-1] for run in problem["runs"]}
    assert len(starts) == 2  # other minibatches, one split


def test_every_way_to_ask_is_one(ran: Any, invoke: Any, folder: Path) -> None:
    toml = "inner/p.toml"
    (folder / "inner" / "share.toml").write_text(
        TOML.replace('"b.svm"', "0.5\ntest_seed = 3"),
    )
    share = ran("-p", "inner/share.toml")
    assert (share["test"]["fraction"], share["test"]["seed"]) == (0.5, 3)
    options = ("--set", "data.test_seed=3", "--set", "data.test=0.5")
    for others in ((toml, *options), (toml, *options[2:], *options[:2])):
        assert ran("-p", *others)["fingerprint"] == share["fingerprint"]
    again = ran("-p", toml, "--test", "0.5", "--set", "data.test_seed=3")
    assert again["fingerprint"] == share["fingerprint"]
    # A share on the command line keeps the seed of the file; data drop it.
    assert ran("-p", "inner/share.toml", "--test", "0.25")["test"]["seed"] == 3
    assert ran("-p", "inner/share.toml", "--set", "data.test=0.25")["test"]["seed"] == 3
    for other in (("--test", "b.svm"), ("--set", "data.test=b.svm")):
        assert ran("-p", "inner/share.toml", *other)["test"]["n_samples"] == 3


def test_paths_are_relative_to_the_file_or_to_the_working_directory(ran: Any) -> None:
    toml = "inner/p.toml"
    assert ran("-p", toml)["test"]["n_samples"] == 1
    assert ran("-p", toml, "--set", "data.scale=none")["test"]["n_samples"] == 1
    for options in (("--test", "b.svm"), ("--set", "data.test=b.svm")):
        assert ran("-p", toml, *options)["test"]["n_samples"] == 3
        assert ran("-p", toml, *options, "--set", "data.scale=none")["test"]["n_samples"] == 3


def test_other_data_drop_the_test_of_the_old(ran: Any) -> None:
    toml = "inner/p.toml"
    assert ran("-p", toml, "-d", "a.svm")["test"] is None
    assert ran("-p", toml, "--set", "data.name=./a.svm")["test"] is None
    assert ran("-p", toml, "-d", "a.svm", "--test", "b.svm")["test"]["n_samples"] == 3
    split = ("--test", "0.5", "--set", "data.name=./a.svm")
    assert ran("-p", toml, *split)["test"]["fraction"] == 0.5


ZERO = {"b.svm": "1 1:3 3:4\n-1 2:6\n", "zero.svm": "1 0:3 2:4\n-1 1:5\n"}


def test_zero_based_holds_for_both_files(ran: Any, invoke: Any, folder: Path) -> None:
    for name, text in ZERO.items():
        (folder / name).write_text(text)
    sizes = {
        base: ran("-d", "b.svm", "--zero-based", base)["n_features"]
        for base in ("auto", "no", "yes")
    }
    assert sizes == {"auto": 3, "no": 3, "yes": 4}
    options = ("-d", "zero.svm", "--test", "b.svm")
    assert ran(*options)["test"]["features_left_out"] == 1
    assert ran(*options, "--zero-based", "yes")["test"]["features_left_out"] == 1
    assert ran(*options, "--set", "data.zero_based=yes")["test"]["features_left_out"] == 1
    (folder / "p.toml").write_text(TOML.replace("a.svm", "zero.svm"))
    assert ran("-p", "p.toml", "--zero-based", "yes")["test"]["features_left_out"] == 1
    outcome = invoke("run", *options, "--zero-based", "no", *SHORT)
    assert outcome.code == 3
    assert "zero.svm" in outcome.err


BAD = {
    ("--test", "0"): (2, "test is '0', which is not between 0 and 1", "such as 0.2"),
    ("--test", "1"): (2, "test is '1', which is not between 0 and 1", "./1"),
    ("--test", "1.5"): (2, "test is '1.5'", "such as 0.2"),
    ("--test", "nan"): (2, "test is 'nan'", "such as 0.2"),
    ("--test", "-0.1"): (2, "test is '-0.1'", "such as 0.2"),
    ("--test", ""): (2, "the name of the data is empty", "a path"),
    ("--test", "0.01"): (3, "the share 0.01 of 4 samples is 0", "a larger share"),
    ("--test", "0.99"): (3, "the share 0.99 of 4 samples is 4", "a smaller share"),
    ("--test", "0.7"): (3, "all samples left to train on are +1", "data.test_seed=1"),
    ("--test", "empty.svm"): (3, "empty.svm is empty", "LABEL"),
    ("--test", "absent.svm"): (3, "there is no file absent.svm", "path"),
    ("--test", "sklearn:irs"): (2, "no data set 'sklearn:irs'", "iris"),
    ("--test", "other.svm"): (3, "other.svm has the label 2, and a.svm has only -1, 1", "labels"),
    ("--test", "./a.svm"): (3, "./a.svm are the training data", "such as 0.2"),
    ("--test", "a.svm", "--test", "0.5"): (2, "given 2 times", "--help"),
    ("--zero-based", "maybe"): (2, "'maybe' is not one of 'auto', 'yes', 'no'", "--help"),
    ("--set", "data.test=true"): (2, "test is True", "text"),
    ("--set", "data.test_seed=1"): (2, "test_seed has no meaning without test", "0.2"),
    ("--test", "a.svm", "--set", "data.test_seed=1"): (2, "no meaning for test = 'a.svm'", "0.2"),
    ("--test", "0.5", "--set", "data.test_seed=-1"): (2, "test_seed is -1", "from 0"),
    ("--test", "0.5", "--set", "data.test_seed=1.5"): (2, "test_seed is 1.5", "whole number"),
    ("--set", "data.zero_based=ye"): (2, "zero_based is 'ye'", "yes"),
    ("--set", "data.tets=0.5"): (2, "'tets'", "test"),
    ("--zero-based", "yes", "--test", "sklearn:iris"): (2, "'sklearn:iris' are not LIBSVM", "out"),
}


@pytest.mark.parametrize("options", BAD, ids=" ".join)
def test_mistakes_get_two_sentences(options: tuple[str, ...], invoke: Any, folder: Path) -> None:
    code, says, advice = BAD[options]
    (folder / "empty.svm").write_text("")
    (folder / "other.svm").write_text("1 1:3\n2 1:1\n")
    outcome = invoke("run", "-d", "a.svm", *options, *SHORT, "-q")
    assert (outcome.code, outcome.out) == (code, "")
    error, hint = outcome.err.splitlines()
    assert error.startswith("Error: ")
    assert hint.startswith("Hint: ")
    assert says in error
    assert advice in hint


def test_zero_based_is_refused_for_what_is_no_libsvm_text(invoke: Any) -> None:
    for name in ("logreg", "gaussian"):
        outcome = invoke("run", "-p", name, "--zero-based", "no", *SHORT)
        assert outcome.code == 2
        assert "not LIBSVM text" in outcome.err


def test_a_bad_problem_file_says_which_file(invoke: Any, folder: Path) -> None:
    path = folder / "bad.toml"
    path.write_text(TOML.replace('"b.svm"', "1.5"))
    outcome = invoke("run", "-p", str(path))
    assert outcome.code == 2
    assert outcome.err.startswith(f"Error: {path}: test is 1.5")


def test_regression_has_a_loss_and_no_accuracy(invoke: Any) -> None:
    options = ("-d", "a.svm", "--loss", "squared", "--test", "other.svm")
    Path("other.svm").write_text("7 1:1\n-3 2:1\n")
    outcome = invoke("run", *options, *SHORT, "--format", "csv")
    header, first, *_ = csv.reader(io.StringIO(outcome.out))
    assert "test_accuracy" not in header
    assert float(first[header.index("test_loss")]) == (7**2 + 3**2) / 4


def test_columns_can_be_asked_for(invoke: Any) -> None:
    columns = ("--columns", "test_accuracy,test_loss")
    options = ("run", "-d", "a.svm", "--test", "b.svm", *SHORT, *columns)
    table = list(csv.DictReader(io.StringIO(invoke(*options, "--format", "csv").out)))
    assert list(table[0])[-3:] == ["iteration", "test_accuracy", "test_loss"]
    page = invoke(*options).out.splitlines()
    head = next(k for k, line in enumerate(page) if line.split() == ["T", *columns[1].split(",")])
    last = page[head + 1 + len(table)].split()
    assert float(last[1]) == pytest.approx(float(table[-1]["test_accuracy"]), abs=5e-5)
    assert float(last[2]) == pytest.approx(float(table[-1]["test_loss"]), rel=1e-3)
    outcome = invoke(*options[:-1], "test_acuracy")
    assert outcome.code == 2
    assert "test_accuracy" in outcome.err


def test_predictions_of_saved_weights_have_the_accuracy_that_is_shown(invoke: Any) -> None:
    import numpy as np
    from sklearn.datasets import load_breast_cancer

    from lrbench.data.holdout import split_rows

    options = ("run", "-p", "logreg", "--test", "0.3", "--set", "data.scale=standard", *SHORT)
    outcome = invoke(*options, "--save-weights", "w.npz", "--format", "json", "-q")
    run = json.loads(outcome.out)["problems"][0]["runs"][0]
    assert run["trace"]["objective"][-1] == min(run["trace"]["objective"])  # the best is the last
    with np.load("w.npz") as saved:
        X, y = load_breast_cancer(return_X_y=True)
        rows = split_rows(len(X), 0.3, 0)[1]
        scores = X[rows] @ saved["coef"] + saved["intercept"]
    assert run["trace"]["test_accuracy"][-1] == accuracy_score(y[rows] == 0, scores > 0)


def test_theory_and_dry_run_take_problems_with_a_test(invoke: Any) -> None:
    options = ("-d", "a.svm", "--test", "b.svm", "-s", "wngrad", "-q")
    outcome = invoke("theory", *options)
    assert outcome.code == 0
    assert "test     3 samples of b.svm, majority 0.6667, 2 features left out" in outcome.out
    told = json.loads(invoke("theory", *options, "--format", "json").out)
    assert told["problems"][0]["test"]["n_samples"] == 3
    outcome = invoke("run", *options, "--dry-run")
    assert (outcome.code, outcome.err) == (0, "")
