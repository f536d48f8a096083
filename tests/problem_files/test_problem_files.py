import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize
from shipped_problems import LINEAR
from sklearn.datasets import load_breast_cancer, load_diabetes

from lrbench.errors import DataError, UsageError
from lrbench.problem_files import (
    ProblemSpec,
    build_linear,
    canonical,
    load_spec,
    planted,
    spec_from_data,
    with_overrides,
)

TOML = """
loss = "logistic"
penalty = { name = "l2", weight = 0.5 }
start = { name = "normal", scale = 2.0, seed = 3 }

[data]
name = "two.svm"
scale = "unit-rows"
intercept = true
positive = [1]
"""

TWO = "1 1:3 2:4\n2 2:5\n1 1:2\n"
THREE = "1 1:3 2:4\n2 2:5\n3 1:2\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory, in which lie problems/mine.toml and two data files."""
    (tmp_path / "problems").mkdir()
    (tmp_path / "problems" / "mine.toml").write_text(TOML)
    for place in (tmp_path, tmp_path / "problems"):
        (place / "two.svm").write_text(TWO)
        (place / "three.svm").write_text(THREE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str) -> str:
    path = folder / "changed.toml"
    path.write_text(text)
    return str(path)


def test_shipped_problems_build() -> None:
    sizes = {name: build_linear(load_spec(name)).data.shape for name in LINEAR}
    expected = {
        "gaussian": (1000, 2000),
        "least-squares": (442, 11),
        "log-spectrum": (60, 60),
        "logreg": (569, 30),
    }
    assert expected.items() <= sizes.items()


def test_logreg_is_the_flagship() -> None:
    problem = build_linear(load_spec("logreg"))
    X, target = load_breast_cancer(return_X_y=True)
    X, y = X / X.max(axis=0), np.where(target == 0, 1.0, -1.0)
    n = len(y)

    def objective(w: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        return float(np.mean(np.logaddexp(0.0, -y * (X @ w))) + w @ w / (2 * n))

    w = np.random.default_rng(0).standard_normal(30)
    assert problem.value(w[:, None])[0] == pytest.approx(objective(w), rel=1e-13)
    gap = objective(np.zeros(30)) - minimize(objective, np.zeros(30)).fun
    assert gap == pytest.approx(0.43, abs=0.005)
    assert problem.about.labels == {"+1": "malignant", "-1": "benign"}
    assert (problem.about.data, problem.about.scale) == ("sklearn:breast-cancer", "maxabs")
    assert problem.about.start == "zeros"
    assert not problem.w0.any()


def test_least_squares_is_the_textbook_one() -> None:
    problem = build_linear(load_spec("least-squares"))
    X, y = load_diabetes(return_X_y=True)
    X = np.column_stack([X, np.ones(len(y))])
    w = np.linalg.lstsq(X, y, rcond=None)[0]
    expected = 0.5 * np.mean((X @ w - y) ** 2)
    assert problem.value(w[:, None])[0] == pytest.approx(expected, rel=1e-13)
    assert problem.intercept
    assert problem.about.labels is None


@pytest.mark.parametrize("name", ["gaussian", "log-spectrum"])
def test_planted_minimiser(name: str) -> None:
    spec = load_spec(name)
    w = planted(spec)
    assert w is not None
    assert build_linear(spec).value(w[:, None])[0] < 1e-25
    wide = with_overrides(spec, intercept=True)
    w = planted(wide)
    assert w is not None
    assert build_linear(wide).value(w[:, None])[0] < 1e-25
    assert planted(with_overrides(spec, scale="unit-rows")) is None
    assert planted(with_overrides(spec, penalty="l2")) is None
    assert planted(load_spec("least-squares")) is None


def test_file_is_read_in_full(folder: Path) -> None:
    spec = load_spec("problems/mine.toml")
    assert (spec.name, spec.title) == ("mine", "logistic loss with l2 penalty on two")
    problem = build_linear(spec)
    assert problem.penalty.weight == 0.5
    expected = np.array([[0.6, 0.8, 1], [0, 1, 1], [1, 0, 1]])
    np.testing.assert_allclose(problem.data.gather(np.arange(3), True), expected, rtol=1e-15)
    np.testing.assert_array_equal(problem.y, [1, -1, 1])
    np.testing.assert_array_equal(problem.w0, 2 * np.random.default_rng(3).standard_normal(3))
    assert problem.about.start == "normal[scale=2,seed=3]"
    assert problem.about.labels == {"+1": "1", "-1": "2"}


def test_defaults_of_a_file(folder: Path) -> None:
    spec = load_spec(write(folder, 'loss = "logistic"\npenalty = "l2"\n[data]\nname = "two.svm"'))
    assert (spec.scale, spec.intercept, spec.positive) == ("maxabs", False, None)
    assert build_linear(spec).penalty.weight == pytest.approx(1 / 3, rel=1e-15)
    assert str(spec.penalty) == "l2[weight=1/n_samples]"


@pytest.mark.parametrize(
    ("old", "new", "says", "hint"),
    [
        ("loss =", "los =", "no key 'los' in a problem file", "loss"),
        ("weight", "wieght", "no key 'wieght' in the penalty l2", "weight"),
        ("scale = 2.0", "scales = 2.0", "no key 'scales' in the start normal", "scale"),
        ("intercept", "intercep", "no key 'intercep' in the table data", "intercept"),
        ('"logistic"', '"logistik"', "no loss 'logistik'", "logistic"),
        ('"l2"', '"l3"', "no penalty 'l3'", "l2"),
        ('"normal"', '"norml"', "no start 'norml'", "normal"),
        ('"unit-rows"', '"unitrows"', "no scaling 'unitrows'", "unit-rows"),
        ('"two.svm"', '"sklearn:irs"', "no data set 'sklearn:irs'", "iris"),
        ('"logistic"', "3", "loss is 3, not a text", "a text"),
        ("= true", "= 1", "intercept is 1, not true or false", "true or false"),
        ("= 0.5", "= -0.5", "weight is -0.5, not a positive number", "1/n_samples"),
        ("= 0.5", "= inf", "weight is inf, not a positive number", "1/n_samples"),
        ("= 0.5", '= "1/n"', "weight is '1/n', not a positive number", "1/n_samples"),
        ("= 0.5", "= true", "weight is True, not a positive number", "1/n_samples"),
        ("seed = 3", "seed = 3.5", "seed is 3.5, not a whole number", "whole"),
        ("seed = 3", "seed = -3", "seed is -3, which is negative", "from 0"),
        ("[1]", "[true]", "not a label", "a name"),
        ("[1]", "[]", "empty label", "at least one"),
        ("[1]", "{ a = 1 }", "not a label", "a name"),
        ('{ name = "l2", weight = 0.5 }', "3", "penalty is 3, not a table", "table"),
        ('{ name = "l2", weight = 0.5 }', "{ weight = 1 }", "penalty has no name", "name"),
        (
            '{ name = "l2", weight = 0.5 }',
            '"none[weight=1]"',
            "none has no param",
            "leave them out",
        ),
        ('name = "two.svm"', "", "has no name", "path"),
        ("[data]", "[daten]", "no key 'daten'", "data"),
        ('loss = "logistic"', "", "loss is missing", "logistic"),
        ("= true", "=", "is not TOML: .*line 9", "lrbench show problem"),
        (
            '"two.svm"',
            '"generated:gaussian"\nn_samplez = 3',
            "no parameter 'n_samplez'",
            "n_samples",
        ),
    ],
)
def test_errors_say_file_and_key(folder: Path, old: str, new: str, says: str, hint: str) -> None:
    assert old in TOML
    path = write(folder, TOML.replace(old, new, 1))
    with pytest.raises(UsageError, match=says) as caught:
        load_spec(path)
    assert caught.value.message.startswith(path)
    assert caught.value.message.endswith(".")
    assert hint in caught.value.hint


def test_missing_table_and_files(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"the table \[data\] is missing"):
        load_spec(write(folder, 'loss = "logistic"'))
    with pytest.raises(UsageError, match="there is no problem 'logrg'") as caught:
        load_spec("logrg")
    assert caught.value.hint == "did you mean logreg?"
    with pytest.raises(UsageError, match=r"there is no problem file absent\.toml"):
        load_spec("absent.toml")
    (folder / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"binary\.toml is not TOML"):
        load_spec("binary.toml")
    (folder / "dir.toml").mkdir()
    with pytest.raises(UsageError, match=r"dir\.toml cannot be read"):
        load_spec("dir.toml")


def test_data_replace_the_whole_table(folder: Path) -> None:
    spec = with_overrides(load_spec("logreg"), data="two.svm")
    assert (spec.scale, spec.intercept, spec.positive) == ("none", False, None)
    assert (spec.loss, spec.penalty) == ("logistic", load_spec("logreg").penalty)
    assert (spec.name, spec.title) == ("logreg-two", "logistic loss with l2 penalty on two")
    assert build_linear(spec).about.labels == {"+1": "2", "-1": "1"}


def test_each_override() -> None:
    old = load_spec("logreg")
    assert old.claims
    assert with_overrides(old) == old
    assert with_overrides(old, scale="none") == replace(old, scale="none", claims=())
    assert with_overrides(old, intercept=True) == replace(old, intercept=True, claims=())
    assert with_overrides(old, positive="benign").positive == ("benign",)
    assert with_overrides(old, positive="a, 1.0").positive == ("a", "1")
    assert with_overrides(old, positive=["a,b"]).positive == ("a,b",)
    assert str(with_overrides(old, start="normal[seed=4]").start) == "normal[scale=1,seed=4]"
    new = with_overrides(old, loss="squared", penalty="l2[weight=0.1]", scale="standard")
    problem = build_linear(new)
    assert problem.penalty.weight == 0.1
    assert set(np.unique(problem.y)) == {0.0, 1.0}  # numbers as they are
    assert problem.about.labels is None
    small = with_overrides(old, data="generated:gaussian[n_samples=3,n_features=2]", loss="squared")
    assert build_linear(small).data.shape == (3, 2)


def test_overrides_refuse_what_files_refuse(folder: Path) -> None:
    old = load_spec("logreg")
    with pytest.raises(UsageError, match="no loss"):
        with_overrides(old, loss="logit")
    with pytest.raises(UsageError, match="no scaling"):
        with_overrides(old, scale="max")
    with pytest.raises(UsageError, match="does not end with a closing bracket"):
        with_overrides(old, penalty="l2[weight=1")
    with pytest.raises(UsageError, match="positive has no meaning for the squared loss"):
        with_overrides(load_spec("least-squares"), positive="1")
    with pytest.raises(UsageError, match="the name of the data is empty"):
        with_overrides(old, data="")


def test_data_alone(folder: Path) -> None:
    two, three = spec_from_data("two.svm"), spec_from_data("three.svm")
    assert (two.name, two.loss, str(two.penalty)) == (
        "logreg-two",
        "logistic",
        "l2[weight=1/n_samples]",
    )
    assert (three.name, three.loss, str(three.penalty)) == (
        "least-squares-three",
        "squared",
        "none",
    )
    assert two.scale == three.scale == "none"
    chosen = spec_from_data("three.svm", positive="2,3", penalty="none", scale="maxabs")
    assert (chosen.loss, str(chosen.penalty), chosen.scale) == ("logistic", "none", "maxabs")
    np.testing.assert_array_equal(build_linear(chosen).y, [-1, 1, 1])
    assert spec_from_data("two.svm", loss="squared").loss == "squared"


def test_labels_that_do_not_fit(folder: Path) -> None:
    with pytest.raises(DataError, match=r"three\.svm has 3 labels"):
        build_linear(with_overrides(load_spec("logreg"), data="three.svm"))
    with pytest.raises(UsageError, match="no label '9'"):
        build_linear(spec_from_data("two.svm", positive="9"))
    (folder / "wide.svm").write_text("1 9:1\n2 8:1\n")
    with pytest.raises(UsageError, match="'standard' cannot be used on a sparse"):
        build_linear(spec_from_data("wide.svm", scale="standard"))


def print_of(spec: ProblemSpec) -> str:
    return build_linear(spec).about.fingerprint


def test_fingerprint_is_of_the_problem_not_of_its_names(folder: Path) -> None:
    spec = spec_from_data("two.svm")
    same = [
        spec_from_data("./two.svm"),
        spec_from_data(str(folder / "two.svm"), penalty="l2[weight=1/n_samples]"),
        replace(spec, name="other", title="other"),
        with_overrides(load_spec("logreg"), data="problems/two.svm"),
    ]
    other = [
        spec_from_data("two.svm", scale="maxabs"),
        spec_from_data("two.svm", intercept=True),
        spec_from_data("two.svm", positive="1"),
        spec_from_data("two.svm", loss="squared"),
        spec_from_data("two.svm", penalty="l2[weight=0.5]"),
        spec_from_data("two.svm", start="normal"),
        spec_from_data("three.svm", positive="2,3"),
    ]
    assert {print_of(s) for s in same} == {print_of(spec)}
    assert len({print_of(s) for s in [spec, *other]}) == 1 + len(other)


def test_canonical_is_sorted_json() -> None:
    text = canonical(load_spec("logreg"))
    read = json.loads(text)
    assert text == json.dumps(read, sort_keys=True)
    assert read["penalty"] == {"name": "l2", "weight": "1/n_samples"}
    assert read["positive"] == ["malignant"]
    squared = with_overrides(load_spec("logreg"), loss="squared")
    assert json.loads(canonical(squared))["positive"] is None
