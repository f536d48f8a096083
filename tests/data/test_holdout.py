"""Held-out samples against scikit-learn: which they are, how they are scaled, what is measured."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import Array, linear_problem, run, task
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.datasets import load_breast_cancer, load_diabetes, load_svmlight_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    hinge_loss,
    log_loss,
    mean_absolute_error,
    mean_pinball_loss,
    mean_squared_error,
)
from sklearn.preprocessing import MaxAbsScaler, Normalizer, StandardScaler

import lrbench
from lrbench.data.dataset import Dataset
from lrbench.data.holdout import matched, split_rows, subset
from lrbench.data.labels import matched_targets
from lrbench.errors import DataError
from lrbench.objective.about import AboutTest
from lrbench.objective.linear.held_out import LinearHeldOut
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.problem_files import (
    build_linear,
    load_spec,
    planted,
    spec_from_data,
    training,
    with_overrides,
)
from lrbench.problem_files.model import ProblemSpec, Split
from lrbench.problem_files.parts import make_loss
from lrbench.results import Status
from lrbench.solvers.sgd import SGD

LOGREG = load_spec("logreg")
SCALERS: dict[str, Any] = {
    "maxabs": MaxAbsScaler,
    "standard": StandardScaler,
    "unit-rows": Normalizer,
}


def held_out(spec: ProblemSpec, fraction: float = 0.3, seed: int = 4) -> ProblemSpec:
    return replace(spec, test=Split(fraction, seed))


def test_a_split_is_seeded_ordered_and_of_the_size_asked_for() -> None:
    train, test = split_rows(1001, 0.2, 3)
    assert len(test) == 200
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(1001))
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()
    np.testing.assert_array_equal(split_rows(1001, 0.2, 3)[1], test)
    assert set(split_rows(1001, 0.3, 3)[1]) > set(test)
    # Of 200 independent draws from 1001, 40 are common on average, with deviation 5.1.
    assert len(set(split_rows(1001, 0.2, 4)[1]) & set(test)) < 80
    counts = sum(np.bincount(split_rows(10, 0.3, seed)[1], minlength=10) for seed in range(2000))
    assert np.abs(np.asarray(counts) - 600).max() < 110  # more than five deviations of 20.5


@pytest.mark.parametrize(("n", "fraction"), [(4, 0.1), (4, 0.9), (1, 0.5)])
def test_a_split_needs_samples_on_both_sides(n: int, fraction: float) -> None:
    with pytest.raises(DataError, match="none is left to"):
        split_rows(n, fraction, 0)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("scale", ["none", *SCALERS])
def test_scaling_is_fitted_on_training_rows_alone(scale: str, intercept: bool) -> None:
    X, target = load_breast_cancer(return_X_y=True)
    train, test = split_rows(len(X), 0.3, 4)
    problem = build_linear(held_out(with_overrides(LOGREG, scale=scale, intercept=intercept)))
    fitted = None if scale == "none" else SCALERS[scale]().fit(X[train])
    expected = [X[rows] if fitted is None else fitted.transform(X[rows]) for rows in (train, test)]
    if intercept:
        expected = [np.column_stack([part, np.ones(len(part))]) for part in expected]
    assert problem.test is not None
    for data, rows in zip((problem.data, problem.test.data), expected, strict=True):
        np.testing.assert_allclose(np.asarray(data.X), rows, rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(problem.y, np.where(target == 0, 1.0, -1.0)[train])
    np.testing.assert_array_equal(problem.test.y, np.where(target == 0, 1.0, -1.0)[test])
    assert problem.penalty.weight == 1 / len(train)


def test_sparse_rows_are_scaled_as_dense_ones(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 9)) * (rng.random((40, 9)) < 0.2)
    X[:, 8] = 1.0
    y = np.where(rng.random(40) < 0.5, 1, -1)
    lines = [
        " ".join([str(label), *(f"{j + 1}:{v!r}" for j, v in enumerate(row.tolist()) if v)])
        for label, row in zip(y, X, strict=True)
    ]
    (tmp_path / "a.svm").write_text("\n".join(lines[:30]))
    (tmp_path / "b.svm").write_text("\n".join(lines[30:]))
    spec = spec_from_data(
        str(tmp_path / "a.svm"), scale="maxabs", test=str(tmp_path / "b.svm"), intercept=True
    )
    problem = build_linear(spec)
    assert problem.test is not None
    assert problem.data.sparse
    assert problem.test.data.sparse
    expected = MaxAbsScaler().fit(X[:30]).transform(X[30:])
    dense = problem.test.data.gather(np.arange(10), True)
    np.testing.assert_allclose(dense[:, :9], expected, rtol=1e-15)
    np.testing.assert_array_equal(dense[:, 9], 1.0)


BINARY = {
    "logistic": lambda y, z: log_loss(y, expit(z)),
    "hinge": hinge_loss,
    "squared-hinge": None,
}
NUMBERS = {
    "squared": lambda y, z: mean_squared_error(y, z) / 2,
    "absolute": mean_absolute_error,
    "quantile[level=0.9]": lambda y, z: mean_pinball_loss(y, z, alpha=0.9),
}


@pytest.mark.parametrize("loss", BINARY)
def test_measures_of_two_classes_are_those_of_sklearn(loss: str) -> None:
    problem = build_linear(held_out(with_overrides(LOGREG, loss=loss, penalty="l2[weight=7]")))
    assert problem.test is not None
    W = np.random.default_rng(1).standard_normal((30, 5))
    found = problem.measures(W)
    assert list(found) == ["test_loss", "test_accuracy"]
    X: Any = problem.test.data.X
    y, check = problem.test.y, BINARY[loss]
    for k, z in enumerate((X @ W).T):
        assert found["test_accuracy"][k] == accuracy_score(y, np.where(z > 0, 1, -1))
        if check is not None:
            assert found["test_loss"][k] == pytest.approx(check(y, z), rel=1e-13)


@pytest.mark.parametrize("loss", NUMBERS)
def test_measures_of_numbers_are_those_of_sklearn(loss: str) -> None:
    problem = build_linear(held_out(with_overrides(load_spec("least-squares"), loss=loss)))
    assert problem.test is not None
    W = 100 * np.random.default_rng(1).standard_normal((11, 3))
    found = problem.measures(W)
    assert list(found) == ["test_loss"]
    Xd, yd = load_diabetes(return_X_y=True)
    rows = split_rows(442, 0.3, 4)[1]
    Z = np.column_stack([Xd[rows], np.ones(len(rows))]) @ W
    expected = [NUMBERS[loss](yd[rows], z) for z in Z.T]
    np.testing.assert_allclose(found["test_loss"], expected, rtol=1e-12)


def test_a_score_of_zero_is_the_class_minus_one() -> None:
    problem = build_linear(held_out(LOGREG))
    assert problem.test is not None
    found = problem.measures(np.zeros((30, 2)))
    np.testing.assert_array_equal(found["test_accuracy"], np.mean(problem.test.y == -1))
    np.testing.assert_allclose(found["test_loss"], np.log(2), rtol=1e-14)


def test_a_score_that_is_no_number_is_right_for_no_class() -> None:
    held = LinearHeldOut(DataMatrix(np.ones((2, 1))), np.array([-1.0, 1.0]), make_loss("logistic"))
    assert held.measures(np.array([[np.nan, -1.0]]))["test_accuracy"].tolist() == [0.0, 0.5]


def test_measures_by_row_blocks_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = build_linear(held_out(LOGREG))
    assert problem.test is not None
    W = np.random.default_rng(2).standard_normal((30, 4))
    whole = problem.measures(W)
    monkeypatch.setattr("lrbench.objective.linear.matrix.BLOCK_ELEMENTS", 40)
    assert len(DataMatrix(problem.test.data.X).blocks(4)) > 10
    again = LinearHeldOut(DataMatrix(problem.test.data.X), problem.test.y, problem.loss)
    parts = again.measures(W)
    np.testing.assert_array_equal(parts["test_accuracy"], whole["test_accuracy"])
    np.testing.assert_allclose(parts["test_loss"], whole["test_loss"], rtol=1e-14)


def test_the_trace_has_the_measures_of_the_last_iterate() -> None:
    problem = linear_problem("logistic", n_samples=30, weight=0.1)
    other = linear_problem("logistic", n_samples=20, seed=1)
    tested = replace(problem, test=LinearHeldOut(other.data, other.y, other.loss))
    work = task(tested, SGD(), [0.5, 1e200], 6)
    steady, lost = run(work)
    assert lost.status is Status.DIVERGED
    assert len(lost.trace["test_loss"]) == len(lost.trace["objective"])
    X: Any = problem.data.X
    w = np.zeros(3)
    for t in range(7):
        z = np.asarray(other.data.X) @ w
        assert steady.trace["test_loss"][t] == pytest.approx(log_loss(other.y, expit(z)), rel=1e-12)
        assert steady.trace["test_accuracy"][t] == np.mean((z > 0) == (other.y > 0))
        pull = -problem.y * expit(-problem.y * (X @ w))
        w = w - 0.5 * (X.T @ pull / 30 + 0.1 * w)
    bare = run(task(problem, SGD(), [0.5, 1e200], 6))[0]
    assert set(steady.trace) - set(bare.trace) == {"test_loss", "test_accuracy"}
    np.testing.assert_array_equal(steady.trace["objective"], bare.trace["objective"])


def converged(spec: ProblemSpec, steps: int) -> tuple[Any, float, float]:
    """Return the problem, and test loss and accuracy of a run that has converged."""
    result = lrbench.run(spec, solvers="fista[restart=gradient]", lr0="1/L", iterations=steps)
    trace = result.problems[0].runs[0].trace
    assert trace["suboptimality"][-1] < 1e-9
    return build_linear(spec), trace["test_loss"][-1], trace["test_accuracy"][-1]


def sklearn_says(X: Any, y: Array, X_test: Any, y_test: Array) -> tuple[float, float]:
    """Return test loss and accuracy of l2-regularised logistic regression of weight 1/n."""
    model = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-10, max_iter=10_000)
    model.fit(X, y)
    probability = model.predict_proba(X_test)
    return float(log_loss(y_test, probability)), float(model.score(X_test, y_test))


def test_a_converged_run_is_as_good_as_sklearn() -> None:
    _, loss, accuracy = converged(held_out(LOGREG), 1500)
    X, target = load_breast_cancer(return_X_y=True)
    train, test = split_rows(len(X), 0.3, 4)
    scaler, y = MaxAbsScaler().fit(X[train]), 1 - target
    parts = scaler.transform(X[train]), y[train], scaler.transform(X[test]), y[test]
    their_loss, their_accuracy = sklearn_says(*parts)
    assert accuracy == their_accuracy > 0.9
    assert loss == pytest.approx(their_loss, rel=1e-5)


@pytest.mark.slow
def test_a9a_and_its_test_part_are_as_good_as_in_sklearn(libsvm_dir: Path) -> None:
    paths = [str(libsvm_dir / name) for name in ("a9a.bz2", "a9a.t.bz2")]
    spec = spec_from_data(paths[0], scale="maxabs", test=paths[1])
    problem, loss, accuracy = converged(spec, 2000)
    X, y = load_svmlight_file(paths[0])
    X_test, y_test = load_svmlight_file(paths[1], n_features=123)
    assert X_test.max(axis=0).toarray()[0, 122] == 0  # the file alone is one feature narrower
    assert problem.test.data.shape == (16281, 123)
    their_loss, their_accuracy = sklearn_says(X, y, X_test, y_test)
    assert accuracy == their_accuracy
    assert loss == pytest.approx(their_loss, rel=1e-5)
    assert accuracy > 0.84


def test_weights_are_for_the_scaling_of_the_training_rows() -> None:
    spec = held_out(with_overrides(LOGREG, scale="standard", intercept=True))
    result = lrbench.run(spec, solvers="wngrad", iterations=20).problems[0]
    assert result.features is not None
    w = result.runs[0].iterates["last"]
    coef, intercept = result.features.undone(w, True)
    X = load_breast_cancer().data
    problem = build_linear(spec)
    assert problem.test is not None
    scores = X[split_rows(len(X), 0.3, 4)[1]] @ coef + intercept
    np.testing.assert_allclose(scores, np.asarray(problem.test.data.X) @ w, rtol=1e-9, atol=1e-11)


def print_of(spec: ProblemSpec) -> str:
    return build_linear(spec).about.fingerprint


def test_fingerprints_are_of_the_training_problem(tmp_path: Path) -> None:
    (tmp_path / "a.svm").write_text("1 1:3 2:4\n-1 2:5\n1 1:2\n-1 1:1\n")
    (tmp_path / "b.svm").write_text("1 1:3\n")
    file = spec_from_data(str(tmp_path / "a.svm"))
    assert print_of(with_overrides(file, test=str(tmp_path / "b.svm"))) == print_of(file)
    splits = [held_out(LOGREG, 0.3, seed) for seed in (0, 1)] + [held_out(LOGREG, 0.2, 0)]
    prints = [print_of(spec) for spec in (LOGREG, *splits)]
    assert len(set(prints)) == 4
    assert print_of(held_out(LOGREG, 0.3, 0)) == prints[1]
    assert print_of(with_overrides(LOGREG, test="0.3")) == prints[1]


def test_a_planted_minimiser_stays_where_it_fits_every_sample() -> None:
    for name, stays in (("gaussian", True), ("log-spectrum", True), ("nesterov", False)):
        spec = held_out(load_spec(name))
        w = planted(spec)
        assert (w is not None) == stays, name
        if w is not None:
            assert build_linear(spec).value(w[:, None])[0] < 1e-25
    assert planted(load_spec("nesterov")) is not None


def test_training_is_the_data_that_a_problem_is_fitted_to() -> None:
    data = training(held_out(LOGREG))
    X, y = load_breast_cancer(return_X_y=True)
    rows = split_rows(len(X), 0.3, 4)[0]
    np.testing.assert_array_equal(np.asarray(data.X), X[rows])
    np.testing.assert_array_equal(data.y, y[rows])


NARROW = np.array([[1.0, 2.0], [0.0, 3.0]])
WIDE = np.array([[1.0, 0, 2, 0, 5, 0], [0, 3.0, 0, 0, 6, 0]])


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("like_sparse", [False, True])
def test_other_data_get_the_width_and_the_form(sparse: bool, like_sparse: bool) -> None:
    like: Any = np.ones((4, 3))
    for X, left_out in ((NARROW, 0), (WIDE, 1), (WIDE[:, :3], 0)):
        given: Any = csr_array(X) if sparse else X.copy()
        out, many = matched(given, csr_array(like) if like_sparse else like)
        expected = np.zeros((2, 3))
        expected[:, : X.shape[1]] = X[:, :3]
        assert many == left_out
        assert isinstance(out, np.ndarray) != like_sparse
        np.testing.assert_array_equal(
            out if isinstance(out, np.ndarray) else out.toarray(), expected
        )
        np.testing.assert_array_equal(given.toarray() if sparse else given, X)


def dataset(y: list[float], labels: tuple[str, ...] | None = None, name: str = "a") -> Dataset:
    return Dataset(name, np.ones((len(y), 1)), np.array(y), "", "", labels)


def test_labels_mean_what_they_mean_in_training() -> None:
    data, y = dataset([3.0, 1.0, 2.0, 1.0]), np.array([-1.0, 1.0, 1.0, 1.0])
    np.testing.assert_array_equal(matched_targets(dataset([2, 3, 3]), data, y), [1, -1, -1])
    with pytest.raises(DataError, match=r"b has the labels 4, 5, and a has only 1, 2, 3\."):
        matched_targets(dataset([5, 1, 4], name="b"), data, y)
    named, other = ("x", "y"), ("y", "z")
    data, y = dataset([0, 1], named), np.array([1.0, -1.0])
    np.testing.assert_array_equal(matched_targets(dataset([1, 1, 0]), data, y), [-1, -1, 1])
    np.testing.assert_array_equal(matched_targets(dataset([0, 0], other), data, y), [-1, -1])
    with pytest.raises(DataError, match="the label z, and a has only x, y"):
        matched_targets(dataset([0, 1], other, "b"), data, y)


def test_positive_labels_hold_for_the_test(tmp_path: Path) -> None:
    (tmp_path / "a.svm").write_text("1 1:3 2:4\n2 2:5\n3 1:2\n3 1:1\n")
    (tmp_path / "b.svm").write_text("3 1:1\n2 1:1\n1 2:1\n")
    spec = spec_from_data(str(tmp_path / "a.svm"), positive="2,3", test=str(tmp_path / "b.svm"))
    problem = build_linear(spec)
    assert problem.test is not None
    np.testing.assert_array_equal(problem.test.y, [1, 1, -1])
    assert problem.about.labels == {"+1": "2, 3", "-1": "1"}
    assert problem.about.test is not None
    assert (problem.about.test.data, problem.about.test.n_samples) == (str(tmp_path / "b.svm"), 3)


def test_both_classes_must_be_left_to_train_on(tmp_path: Path) -> None:
    (tmp_path / "a.svm").write_text("-1 1:1\n" + "1 1:3 2:4\n" * 9)
    (tmp_path / "one.svm").write_text("1 1:3\n")
    spec = spec_from_data(str(tmp_path / "a.svm"))
    seeds = [s for s in range(60) if 0 in split_rows(10, 0.1, s)[1]]
    assert 0 < len(seeds) < 30
    with pytest.raises(DataError, match=r"all samples left to train on are \+1") as caught:
        build_linear(held_out(spec, 0.1, seeds[0]))
    assert f"data.test_seed={seeds[0] + 1}" in caught.value.hint
    build_linear(held_out(with_overrides(spec, loss="squared"), 0.1, seeds[0]))
    build_linear(
        with_overrides(spec, test=str(tmp_path / "one.svm"))
    )  # one class to test on is enough


def test_counts_must_not_be_negative_in_the_test_either(tmp_path: Path) -> None:
    (tmp_path / "a.svm").write_text("1 1:3 2:4\n2 2:5\n")
    (tmp_path / "b.svm").write_text("1 1:3\n-2 2:5\n")
    with pytest.raises(DataError, match=r"b\.svm has 1 negative targets"):
        build_linear(
            spec_from_data(str(tmp_path / "a.svm"), loss="poisson", test=str(tmp_path / "b.svm"))
        )


def test_numbers_too_large_once_scaled_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.svm").write_text("1 1:1e-100 2:4\n-1 2:5\n")
    (tmp_path / "b.svm").write_text("1 1:1e300\n-1 2:5\n")
    spec = spec_from_data(str(tmp_path / "a.svm"), scale="maxabs", test=str(tmp_path / "b.svm"))
    with pytest.raises(DataError, match=r"b\.svm: the value inf of sample 1, feature 1"):
        build_linear(spec)


def test_a_subset_is_another_content() -> None:
    data = dataset([1.0, 2.0, 3.0])
    hashes = {subset(data, np.array(rows)).content_hash for rows in ([0], [1], [0, 1])}
    assert len({data.content_hash, *hashes}) == 4
    assert subset(data, np.array([0, 1])).content_hash in hashes


def test_a_saved_result_keeps_what_was_held_out(tmp_path: Path) -> None:
    result = lrbench.run(held_out(LOGREG), solvers="wngrad", iterations=5)
    result.save(tmp_path / "r.json")
    again = lrbench.Result.load(tmp_path / "r.json")
    expected: Any = {
        "data": "sklearn:breast-cancer",
        "n_samples": 171,
        "fraction": 0.3,
        "seed": 4,
        "features_left_out": 0,
    }
    about = result.problems[0].header.test
    assert about is not None
    expected["majority"] = about.majority
    assert again.problems[0].header.test == AboutTest(**expected)
    for name in ("test_loss", "test_accuracy"):
        old, new = (r.problems[0].runs[0].trace[name] for r in (result, again))
        np.testing.assert_array_equal(old, new)
    values = json.loads(result.to_json())
    for key, bad in (
        ("n_samples", 0),
        ("data", 3),
        ("fraction", "x"),
        ("features_left_out", -1),
        ("majority", "x"),
    ):
        values["problems"][0]["test"] = expected | {key: bad}
        with pytest.raises(lrbench.LrbenchError, match=rf"problems\[0\]\.test\.{key} is"):
            lrbench.Result.from_dict(values)
    del values["problems"][0]["test"]
    assert lrbench.Result.from_dict(values).problems[0].header.test is None
