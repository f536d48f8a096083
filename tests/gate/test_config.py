"""lrbench.toml: what is read, and every mistake in two sentences."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest
from gate_runs import BASE, configured, made_check
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrbench.errors import UsageError
from lrbench.gate import Check, load_config
from lrbench.plan.options import DEFAULT_SWEEP
from lrbench.plan.plan import Plan
from lrbench.problem_files import load_spec, spec_from_data, with_overrides, with_settings


def refused(folder: Path, text: str) -> UsageError:
    with pytest.raises(UsageError) as error:
        load_config(Path(configured(folder, text)))
    assert error.value.message.endswith(".")
    assert error.value.hint.endswith(".") or error.value.hint.endswith("?")
    return error.value


def only(folder: Path, text: str) -> Check:
    (check,) = load_config(Path(configured(folder, text))).checks
    return check


def test_every_key_is_read(tmp_path: Path) -> None:
    check = only(
        tmp_path,
        """
        [[check]]
        name = "all of it"
        data = "sklearn:breast-cancer"
        loss = "logistic"
        penalty = "l2[weight=0.01]"
        scale = "standard"
        intercept = true
        test = 0.25
        solver = ["wngrad", "sgd"]
        lr0 = ["0.1/L", 3]
        batch_size = 16
        sampling = "reshuffle"
        passes = 2
        seed = 5
        replicates = 3
        target = 1e-3
        timeout = 60
        threads = 1
        checkpoints_per_decade = 4
        expect = ["status = completed", "rate >= 0.1"]
        baseline = true
        tolerance = 1e-3
        allow_inconclusive = true
        """,
    )
    assert (check.name, check.baseline, check.tolerance) == ("all of it", True, 1e-3)
    assert check.allow_inconclusive
    assert [e.text for e in check.expectations] == ["status = completed", "rate >= 0.1"]
    assert check.plan.seeds == range(5, 8)
    assert (check.plan.batch_size, check.plan.passes, check.plan.target) == (16, 2.0, "0.001")
    assert (check.plan.sampling, check.plan.timeout) == ("reshuffle", 60.0)
    assert [str(spec.name) for _, spec in check.plan.built] == ["wngrad", "sgd"]
    spec = spec_from_data("sklearn:breast-cancer", loss="logistic", penalty="l2[weight=0.01]")
    spec = with_overrides(spec, scale="standard", intercept=True, test=0.25)
    assert check.spec == spec


def test_what_is_left_out_has_the_defaults(tmp_path: Path) -> None:
    check = only(tmp_path, '[[check]]\nname = "a"\nproblem = "logreg"\nexpect = "bound = pass"\n')
    assert check.plan == Plan(lr0=1.0)
    assert (check.tolerance, check.baseline, check.allow_inconclusive) == (1e-6, False, False)
    assert check.spec == load_spec("logreg")


def test_usable_decades_make_a_sweep(tmp_path: Path) -> None:
    check = only(tmp_path, BASE.replace('lr0 = "0.5/L"', 'expect = "usable_decades >= 3"'))
    assert check.plan.sweep
    assert check.plan.learning_rates == Plan(lr0=DEFAULT_SWEEP).learning_rates


def test_paths_are_beside_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "mine.svm").write_text("1 1:1\n-1 1:-1\n1 2:1\n")
    monkeypatch.chdir(tmp_path)
    text = '[[check]]\nname = "a"\ndata = "mine.svm"\nloss = "squared"\nexpect = "rate >= 0"\n'
    config = load_config(Path(configured(folder, f'baselines = "b.jsonl"\n{text}')))
    assert config.checks[0].spec.data.name == str(folder / "mine.svm")
    assert config.baselines == folder / "b.jsonl"


def test_the_lines_of_the_hint_are_a_configuration(tmp_path: Path) -> None:
    hint = refused(tmp_path, "").hint
    lines = re.findall(r"\[\[check\]\]|[a-z]+ = (?:\[.*?\]|\".*?\")", hint)
    assert only(tmp_path, "\n".join(lines)).name == "mine"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "no [[check]] table", "[[check]]"),
        ("check = 1", "not a list of tables", "[[check]]"),
        ('[check]\nname = "a"', "not a list of tables", "[[check]]"),
        ("check = [1]", "not a table", "a table"),
        (f"chek = 1\n{BASE}", "no key 'chek'", "did you mean check?"),
        (f"baselines = 1\n{BASE}", "baselines is 1", "a text"),
        (f'{BASE}baseline = true\n{BASE}expect = "rate >= 0"', "two checks are called 'a'", "own"),
        (BASE.replace('"a"', "3"), "name is 3", "a text"),
        (BASE.replace('"a"', '" "'), "no name", "name"),
        (BASE.replace('"a"', r'"a\nb"'), "cannot be called", "one line"),
        (BASE.replace('"a"', r'"a\u001b[31m"'), "cannot be called", "one line"),
        (BASE.replace('problem = "log-spectrum"', ""), "neither a problem nor data", "problem"),
        (BASE.replace("log-spectrum", "logrg"), "no problem 'logrg'", "did you mean logreg?"),
        (f"[[check]\n{BASE}", "is not TOML", "[[check]]"),
        (BASE.replace("log-spectrum", "lasso"), "expects nothing", "expect"),
    ],
)
def test_a_file_that_is_wrong(text: str, message: str, hint: str, tmp_path: Path) -> None:
    error = refused(tmp_path, text)
    assert str(tmp_path / "lrbench.toml") in error.message
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("expect = 3", "expect is 3"),
        ("expect = [3]", "expect is 3"),
        ('expect = ["[]"]', "no expectation"),
        ('expect = ["rate >= nan"]', "not a number"),
        ("iteratons = 3", "no key 'iteratons'"),
        ("passes = 3", "given twice"),
        ("timeout = -1", "timeout = -1 is"),
        ('target = "x"', "target x is"),
        ('target = ["1%", 2]', "a run ends at one target"),
        ('arrival = "end"', "the rule of arrival end is of a sweep"),
        ("at = [5, 7]", "at is of a sweep"),
        ('sweep = true\nat = "x"', "x"),
        ("sweep = true\narrival = 3", "arrival = 3 is not known"),
        ("radius = inf", "radius inf is"),
        ("f_star = nan", "f_star nan is"),
        ("threads = 100000", "threads = 100000 is"),
        ("seed = true", "seed True is"),
        ("batch_size = 0", "batch_size = 0 is"),
        ("sampling = []", "sampling [] is"),
        ("replicates = 3", "no random part"),
        ("tolerance = -1.0", "the tolerance of 'a' is -1"),
        ("tolerance = nan", "the tolerance of 'a' is nan"),
        ("tolerance = 1e-9", "the tolerance of 'a' is 1e-09"),
        (f"tolerance = 1{'0' * 400}", "the tolerance of 'a' is inf"),
        ('tolerance = "x"', "tolerance is 'x'"),
        ('baseline = "b.jsonl"', "baseline is 'b.jsonl'"),
        ('allow_inconclusive = "yes"', "allow_inconclusive is 'yes'"),
        ('sweep = "yes"', "sweep is 'yes'"),
        ('intercept = "yes"', "intercept is 'yes'"),
        ("scale = 3", "scale is 3"),
        ("loss = [1]", "loss is [1]"),
        ("penalty = []", "penalty is []"),
        ("start = 3", "start is 3"),
        ("test = true", "test is True"),
        ("zero_based = 3", "zero_based is 3"),
        ('positive = "1"', "positive has no meaning"),
        ('set = "x"', "set 'x' has"),
        ("set = 3", "set is 3"),
        ("data = 3", "data is 3"),
        (f"checkpoints_per_decade = {10**30}", "checkpoints_per_decade = 1"),
    ],
)
def test_a_check_that_is_wrong_names_itself(line: str, message: str, tmp_path: Path) -> None:
    error = refused(tmp_path, f"{BASE}{line}\n")
    assert "check 1: 'a': " in error.message
    assert message in error.message


@pytest.mark.parametrize("line", ["lr0 = nan", "lr0 = 0", "lr0 = true", "lr0 = []", "lr0 = {a=1}"])
def test_a_learning_rate_that_is_none(line: str, tmp_path: Path) -> None:
    assert "learning rate" in refused(tmp_path, BASE.replace('lr0 = "0.5/L"', line)).message or line


def test_what_cannot_be_read(tmp_path: Path) -> None:
    for path, why in ((tmp_path, "is a directory"), (tmp_path / "none.toml", "there is no file")):
        with pytest.raises(UsageError, match=why):
            load_config(path)
    (tmp_path / "b.toml").write_bytes(bytes(range(128, 256)))
    with pytest.raises(UsageError, match="not UTF-8 text"):
        load_config(tmp_path / "b.toml")


KEYS = "name problem data solver lr0 expect baseline tolerance seed test set positive loss scale"
VALUES = st.recursive(
    st.integers() | st.booleans() | st.sampled_from(["nan", "-inf", "1e999", "1979-05-27"]),
    lambda inner: st.lists(inner, max_size=2).map(lambda v: f"[{', '.join(map(str, v))}]"),
).map(lambda v: str(v).lower())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(KEYS.split()), VALUES | st.text("abc[]/:=,. ", max_size=9).map(repr))
def test_no_value_breaks_the_reader(tmp_path: Path, key: str, value: str) -> None:
    kept = [line for line in BASE.splitlines() if not line.startswith(f"{key} ")]
    path = configured(tmp_path, "\n".join([*kept, f"{key} = {value}", ""]))
    with contextlib.suppress(UsageError):
        load_config(Path(path))


def about(folder: Path, more: str) -> str:
    return only(folder, f"{BASE.replace('iterations = 20', '')}baseline = true\n{more}\n").about


def test_what_is_run_is_said_exactly(tmp_path: Path) -> None:
    lines: tuple[str, ...] = (
        "iterations = 1234567",
        "iterations = 1234568",
        "passes = 1.00000001",
        "passes = 1",
    )
    lines += ("f_star = 0.12345678", "f_star = 0.12345679", "target = 1e-9", "sweep = true")
    lines += ("batch_size = 8", "batch_size = 8\nseed = 1", 'batch_size = 8\nsampling="reshuffle"')
    texts = [about(tmp_path, line) for line in lines]
    assert len(set(texts)) == len(texts)


def test_one_expectation_of_a_sweep_among_others_makes_one(tmp_path: Path) -> None:
    expect = 'expect = ["usable_decades >= 2", "status != failed"]'
    assert only(tmp_path, BASE + expect).plan.sweep
    assert not only(tmp_path, BASE + 'expect = ["status != failed"]').plan.sweep


def test_what_is_run_in_words() -> None:
    def words(**plan: Any) -> str:
        return made_check("rate >= 0", **plan).about

    assert words() == "log-spectrum, sgd, lr0 = 0.5/L, full batches, iterations = 20"
    six = [0.5, 1, 2, 3, 4, 5.5]
    assert words(lr0=six).split(", ")[2] == "lr0 = 0.5,1,2,3,4,5.5"
    assert words(lr0=[*six, 7]).split(", ")[2] == "7 lr0 from 0.5 to 7"
    assert words(batch_size=4, seed=5).split(", ")[3:5] == ["batches of 4", "seed 5"]
    several = words(batch_size=4, seed=5, replicates=3, sampling="reshuffle").split(", ")
    assert several[3:5] == ["batches of 4 reshuffled", "seeds 5 to 7"]
    assert words(iterations=None, passes=2.5, radius=3.0, target=0.25).split(", ")[4:] == [
        "passes = 2.5",
        "radius = 3",
        "target = 0.25",
    ]
    assert words(checkpoints_per_decade=7).endswith(", iterations = 20, 7 checkpoints a decade")
    assert words(checkpoints_per_decade=Plan.checkpoints_per_decade) == words()


def test_the_least_and_the_largest_tolerance() -> None:
    assert made_check("rate >= 0", tolerance=1e-7).tolerance == 1e-7
    assert made_check("rate >= 0", tolerance=0.999).tolerance == 0.999
    for tolerance in (0.99e-7, 1.0, 0.0, -1.0, float("nan")):
        with pytest.raises(UsageError, match="the tolerance of 'a' is"):
            made_check("rate >= 0", tolerance=tolerance)


CLAIMS = 'loss = "squared"\n[data]\nname = "sklearn:diabetes"\n[constants]\nL = 1.0\nmu = 0\n'


def test_constants_of_a_problem_file(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(CLAIMS)
    spec = load_spec(path)
    assert dict(spec.claims) == {"L": 1.0, "mu": 0.0}
    changes: list[dict[str, Any]] = [
        {"test": 0.2},
        {"scale": "none"},
        {"penalty": "l2[weight=1]"},
        {"start": "zeros"},
        {"data": "sklearn:diabetes"},
    ]
    for change in changes:
        assert with_overrides(spec, **change).claims == ()
    assert with_overrides(spec).claims == spec.claims
    assert with_settings(spec, ["penalty.name=l2"]).claims == ()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("LL = 1", "no key 'LL'"),
        ('L = "1"', "L is '1'"),
        ("L = true", "L is True"),
        ("L = nan", "constants.L is nan"),
        ("L = inf", "constants.L is inf"),
        (f"L = 1{'0' * 400}", "constants.L is inf"),
        ("L = [1]", "L is [1]"),
    ],
)
def test_constants_that_are_none(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(CLAIMS.replace("L = 1.0", line))
    with pytest.raises(UsageError) as error:
        load_spec(path)
    assert message in error.value.message
    path.write_text(f"constants = 3\n{CLAIMS.partition('[constants]')[0]}")
    with pytest.raises(UsageError, match="constants is 3"):
        load_spec(path)
