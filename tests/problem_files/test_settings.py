"""`--set KEY=VALUE`: the same problem as a file that says so, and the same refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lrbench.errors import UsageError
from lrbench.problem_files import (
    ProblemSpec,
    build_linear,
    canonical,
    load_spec,
    spec_from_data,
    with_overrides,
    with_settings,
)

FILE = """
title = "{title}"
loss = "{loss}"
penalty = {{ name = "l2", weight = {weight} }}
start = {{ name = "normal", scale = {start}, seed = {seed} }}
[data]
name = "two.svm"
scale = "{scale}"
intercept = {intercept}
positive = {positive}
"""
OLD = {
    "title": "old",
    "loss": "logistic",
    "weight": "0.5",
    "start": "2.0",
    "seed": "3",
    "scale": "none",
    "intercept": "false",
    "positive": "[1]",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of problem files with two.svm in it; the working directory is another."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "two.svm").write_text("1 1:3 2:4\n2 2:5\n1 1:2\n")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "files"


def read(folder: Path, **changes: str) -> ProblemSpec:
    path = folder / "mine.toml"
    path.write_text(FILE.format(**(OLD | changes)))
    return load_spec(path)


@pytest.mark.parametrize(
    ("key", "hole", "value"),
    [
        ("title", "title", "new"),
        ("data.scale", "scale", "maxabs"),
        ("data.intercept", "intercept", "true"),
        ("data.positive", "positive", "[2]"),
        ("start.scale", "start", "0.25"),
        ("start.seed", "seed", "7"),
    ],
)
def test_setting_is_the_line_of_the_file(folder: Path, key: str, hole: str, value: str) -> None:
    assert with_settings(read(folder), [f"{key}={value}"]) == read(folder, **{hole: value})


def test_setting_that_makes_another_objective_makes_the_title_anew(folder: Path) -> None:
    new = with_settings(read(folder), ["penalty.weight=0.01"])
    title = "logistic loss with l2 penalty on two"
    assert new == replace(read(folder, weight="0.01"), title=title)
    assert with_settings(read(folder), ["penalty.weight=0.5"]).title == "old"
    for settings in (["title=mine", "loss=squared"], ["loss=squared", 'title="mine"']):
        assert with_settings(read(folder), settings).title == "mine"


def test_values_are_toml_or_texts() -> None:
    old = load_spec("logreg")
    assert with_settings(old, ["title=a = b # c"]).title == "a = b # c"
    assert with_settings(old, ['title="1"']).title == "1"
    assert with_settings(old, [" data.scale = none "]).scale == "none"
    assert with_settings(old, ["penalty.weight=1/n_samples"]) == old
    assert with_settings(old, ["data.positive=benign"]).positive == ("benign",)
    assert with_settings(old, ["data.positive=1"]).positive == ("1",)
    assert str(with_settings(old, ['penalty={name="l2", weight=3}']).penalty) == "l2[weight=3]"
    assert str(with_settings(old, ["penalty=l2[weight=3]"]).penalty) == "l2[weight=3]"
    assert with_settings(old, []) == old


def test_stated_constants_stay_with_the_problem_they_are_of() -> None:
    old = load_spec("logreg")
    assert old.claims
    assert with_settings(old, ["title=mine"]).claims == old.claims
    for other in ("penalty.weight=3", "loss=hinge", "start.name=normal", "data.scale=none"):
        assert with_settings(old, [other]).claims == ()


def test_an_option_has_the_loss_and_a_setting_the_model_that_it_is_of() -> None:
    spec = load_spec("logreg")
    by_settings = with_settings(spec, ["loss=softmax", "penalty=none", "model.hidden=[16]"])
    by_both = with_overrides(spec, loss="softmax", penalty="none", settings=["model.hidden=[16]"])
    assert by_both == by_settings
    assert canonical(by_both) == canonical(by_settings)


@pytest.mark.parametrize(
    ("problem", "settings", "says", "hint"),
    [
        ("logreg", ["model.hiden=16"], "no key 'hiden'", "did you mean hidden?"),
        ("mlp-digits", ["model.name=resnet", "model.hidden=16"], "no key 'hidden'", "channels"),
        ("logreg", ["model.normalisation=weight"], "no hidden layers", "--reparam weight-norm"),
        ("mlp-digits", ["model=linear"], "loss softmax is one of networks", "--loss squared"),
    ],
)
def test_what_a_model_lacks_is_said_after_what_it_has_too_much(
    problem: str, settings: list[str], says: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        with_overrides(load_spec(problem), settings=settings)
    assert says in caught.value.message
    assert hint in caught.value.hint


def test_names_are_set_first_and_the_last_of_two_counts() -> None:
    old = load_spec("logreg")
    normal = "normal[scale=0.1,seed=3]"
    for settings in (
        ["start=normal", "start.scale=0.1", "start.seed=3"],
        ["start.seed=3", "start.scale=0.1", "start.name=normal"],
    ):
        assert str(with_settings(old, settings).start) == normal
    assert with_settings(old, ["data.scale=none", "data.scale=standard"]).scale == "standard"
    generated = ["data.n_features=4", "data.L=2", "data.name=generated:nesterov", "loss=squared"]
    new = with_settings(old, [*generated, "penalty=none", "data.scale=none"])
    assert build_linear(new).data.shape == (5, 4)
    assert (new.name, new.title) == ("logreg", "squared loss on nesterov")


def test_another_name_loses_old_parameters_and_keeps_what_is_not_of_the_part() -> None:
    old = with_overrides(load_spec("logreg"), penalty="l2[weight=3]", intercept=True)
    assert str(with_settings(old, ["penalty.name=none"]).penalty) == "none"
    assert str(with_settings(old, ["penalty.name=l2"]).penalty) == "l2[weight=3]"
    small = with_overrides(old, data="generated:gaussian[n_samples=3,n_features=2]", scale="none")
    new = with_settings(small, ["data.name=sklearn:diabetes", "loss=squared"])
    assert (new.data.name, dict(new.data.params)) == ("sklearn:diabetes", {})
    assert with_settings(small, ["data.n_samples=5"]).data.params == {
        "n_samples": 5,
        "n_features": 2,
    }
    changed = with_settings(old, ["data.name=sklearn:iris"])
    assert (changed.scale, changed.intercept, changed.positive) == ("maxabs", True, ("malignant",))


def test_relative_data_are_those_of_the_file_until_they_are_named(folder: Path) -> None:
    old = read(folder)
    assert build_linear(with_settings(old, ["data.scale=maxabs"])).data.shape == (3, 2)
    (folder.parent / "here" / "three.svm").write_text("1 1:3 2:4 3:1\n2 2:5\n")
    assert build_linear(with_settings(old, ["data.name=three.svm"])).data.shape == (2, 3)


def test_options_then_settings_without_a_file(folder: Path) -> None:
    path = str(folder / "two.svm")
    made = spec_from_data(path, scale="none", penalty="l2[weight=0.1]")
    new = with_settings(made, ["data.scale=maxabs", "penalty.weight=0.2"])
    assert canonical(new) == canonical(
        spec_from_data(path, scale="maxabs", penalty="l2[weight=0.2]")
    )


@pytest.mark.parametrize(
    ("setting", "says", "hint"),
    [
        ("titel=x", "--set 'titel' is no key of a problem file", "did you mean title?"),
        ("los=x", "'los' is no key", "loss"),
        ("scale=none", "'scale' is no key", "start.scale or reparametrisation.scale or data.scale"),
        ("weight=1", "'weight' is no key", "penalty.weight"),
        ("data.=1", "'data.' is no key", "did you mean data."),
        ("loss.x=1", "--set loss.x: the loss logistic has no parameters", "leave them out"),
        ("title.x=1", "'title.x' is no key", "title"),
        ("data.scale.x=1", "'data.scale.x' is no key", "data.scale"),
        ("data\n=1", r"--set data: data is 1, not a table", "table"),
        ("data.scal=none", "--set data.scal: there is no key 'scal' in the table data", "scale"),
        ("data.n_samples=3", "no key 'n_samples' in the table data", "name"),
        ("penalty.wieght=1", "no key 'wieght' in the penalty l2", "weight"),
        ("start.seed=3", "the start zeros has no parameters", "choose normal"),
        ("data.scale", "'data.scale' has no equals sign", "KEY=VALUE"),
        ("", "'' has no equals sign", "KEY=VALUE"),
        ("=3", "'=3' has no key", "KEY=VALUE"),
        ("title=3", "--set title: title is 3, not a text", "a text"),
        ("title=2020-01-01", "title is datetime.date", "a text"),
        ("data.intercept=yes", "intercept is 'yes', not true or false", "true or false"),
        ("data.intercept=1", "intercept is 1, not true or false", "true or false"),
        ("penalty.weight=-1", "--set penalty.weight: weight is -1, not a positive", "1/n_samples"),
        ("penalty.weight=1" + "0" * 400, "weight is 10000", "1/n_samples"),
        ("penalty.weight=1" + "0" * 5000, "weight is '10000", "1/n_samples"),
        ("penalty.weight=1\nloss=2", r"weight is '1\\nloss=2', not a positive", "1/n_samples"),
        ("loss=logistik", "--set loss: there is no loss 'logistik'", "logistic"),
        ("loss=", "the loss is missing", "logistic"),
        ("data.scale=max", "no scaling 'max'", "maxabs"),
        ("data.name=sklearn:irs", "no data set 'sklearn:irs'", "iris"),
        ("data.name=3", "name is 3, not a text", "a text"),
    ],
)
def test_refusals_name_the_key(setting: str, says: str, hint: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        with_settings(load_spec("logreg"), [setting])
    assert caught.value.message.startswith("--set ")
    assert caught.value.message.endswith(".")
    assert hint in caught.value.hint
    assert "\n" not in caught.value.message


def test_label_of_four_hundred_digits_is_a_text() -> None:
    digits = "1" + "0" * 400
    new = with_settings(load_spec("logreg"), [f"data.positive={digits}"])
    assert new.positive == (digits,)
