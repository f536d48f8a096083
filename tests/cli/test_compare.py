"""`lrbench compare`: every form, its exit codes, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

RUN = ("run", "-p", "log-spectrum", "-s", "wngrad", "-s", "adagrad-norm", "-n", "40", "--lr0")
FORMS = ("table", "plain", "markdown", "latex", "csv", "json", "jsonl")


@pytest.fixture
def files(invoke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """A result, and the same one in which one of four lanes is worse."""
    monkeypatch.chdir(tmp_path)  # short names, as pages show them
    text = invoke(*RUN, "0.3,7", "--format", "json").out
    old, new = Path("old.json"), Path("new.json")
    old.write_text(text)
    values = json.loads(text)
    trace = values["problems"][0]["runs"][2]["trace"]
    trace["suboptimality"] = [1.5 * gap for gap in trace["suboptimality"]]
    values["environment"]["numpy"] = "0.9"
    new.write_text(json.dumps(values))
    return str(old), str(new)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_has_every_lane(form: str, files: tuple[str, str], invoke: Any) -> None:
    outcome = invoke("compare", *files, "--format", form)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.count("worse") >= 1
    assert outcome.out.count("adagrad-norm") == outcome.out.count("wngrad") == 2
    assert all(line == line.rstrip() for line in outcome.out.splitlines())
    if form in ("table", "plain"):
        assert max(map(len, outcome.out.splitlines())) <= 80


def test_numbers_are_those_of_the_results(files: tuple[str, str], invoke: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(invoke("compare", *files, "--format", "csv").out)))
    (values,) = [json.loads(Path(files[0]).read_text())["problems"][0]]
    assert len(rows) == len(values["runs"]) == 4
    for k, (row, run) in enumerate(zip(rows, values["runs"], strict=True)):
        factor = 1.5 if k == 2 else 1.0
        assert float(row["value"]) == run["lr0"]
        assert float(row["base"]) == run["trace"]["suboptimality"][-1]
        assert float(row["ratio"]) == pytest.approx(factor)
        assert row["change"] == ("worse" if k == 2 else "same")
    lines = invoke("compare", *files, "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["change"] for line in lines] == [row["change"] for row in rows]
    content = json.loads(invoke("compare", *files, "--format", "json").out)
    assert content["comparisons"][0]["environment"]["numpy"][1] == "0.9"


def test_only_changed_leaves_out_the_same(files: tuple[str, str], invoke: Any) -> None:
    page = invoke("compare", *files, "--only-changed").out
    assert "wngrad[" not in page
    assert "3 the same" in page
    rows = invoke("compare", *files, "--only-changed", "--format", "csv").out.splitlines()
    assert len(rows) == 2
    content = json.loads(invoke("compare", *files, "--only-changed", "--format", "json").out)
    assert [len(p["lanes"]) for p in content["comparisons"][0]["problems"]] == [1]


def test_fail_on_worse_exits_with_1(files: tuple[str, str], invoke: Any) -> None:
    old, new = files
    assert invoke("compare", old, new, "--fail-on", "worse").code == 1
    assert invoke("compare", new, old, "--fail-on", "worse").code == 0
    assert invoke("compare", new, old, new, "--fail-on", "worse").code == 0
    assert invoke("compare", old, old, new, "--fail-on", "worse").code == 1


def test_fail_on_worse_is_no_pass_of_what_was_not_compared(
    files: tuple[str, str], invoke: Any
) -> None:
    old, _ = files
    values = json.loads(Path(old).read_text())
    (problem,) = values["problems"]
    less = {**problem, "verdicts": []}
    less["runs"] = [run for run in problem["runs"] if run["solver"]["name"] != "adagrad-norm"]
    Path("less.json").write_text(json.dumps({**values, "problems": [less]}))
    two = [problem, {**problem, "name": "second"}]
    Path("two.json").write_text(json.dumps({**values, "problems": two}))
    failing = ("--fail-on", "worse")
    outcome = invoke("compare", old, "less.json", *failing)
    assert outcome.code == 1
    lane = "adagrad-norm, lr0 = 0.3 of log-spectrum, as it is in the base alone (and 1 more)."
    assert outcome.err.startswith(
        f"Error: less.json cannot be compared in all that {old} has: not in {lane}"
    )
    assert "Hint: " in outcome.err
    assert (invoke("compare", old, "less.json").code, invoke("compare", old, "less.json").err) == (
        0,
        "",
    )
    # What the base does not have is no reason to fail.
    more = invoke("compare", "less.json", old, *failing)
    assert (more.code, more.err) == (0, "")
    problems = invoke("compare", "two.json", old, *failing)
    assert problems.code == 1
    assert "not in second, as it is in the base alone." in problems.err


def test_one_lane_that_can_be_compared_is_enough(files: tuple[str, str], invoke: Any) -> None:
    invoke(*RUN[:3], "-s", "sgd-sqrt,wngrad", "-n", "40", "--lr0", "7", "-o", "other.json")
    outcome = invoke("compare", files[0], "other.json")
    assert outcome.code == 0
    assert "not comparable" in outcome.out


def test_a_store_is_compared_with_a_result(invoke: Any, tmp_path: Path) -> None:
    store, saved = str(tmp_path / "s.sqlite"), str(tmp_path / "s.json")
    words = ("sweep", "-p", "log-spectrum", "-s", "wngrad", "--lr0", "0.1,1,9", "-n", "30", "-q")
    invoke(*words, "--store", store, "--save", saved)
    outcome = invoke("compare", saved, store)
    assert outcome.code == 0, outcome.err
    assert "3 same" in outcome.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["OLD"], "one result is given to compare."),
        (["-", "-"], "stdin is given twice."),
        (["OLD", "absent.json"], "there is no file absent.json."),
        (["OLD", "NEW", "--tolerance", "-1"], "invalid value for '--tolerance'"),
        (["OLD", "NEW", "--level", "1"], "invalid value for '--level'"),
        (["OLD", "NEW", "--by", "seconds"], "invalid value for '--by'"),
        (["OLD", "OTHER"], "have no problem in common: log-spectrum, and logreg."),
        (["OLD", "CHANGED"], "another than that of"),
        (["OLD", "OTHERS"], "can be compared with old.json: wngrad[order=current]: it is in"),
        (["OLD", "MINI", "OTHERS"], "MINI.json and"),
        (["OLD", "LINES"], "a\\nb.json have no problem in common"),
    ],
)
def test_refuses(
    words: list[str], message: str, files: tuple[str, str], invoke: Any, tmp_path: Path
) -> None:
    old, new = files
    values = json.loads(Path(old).read_text())
    paths = {"OLD": old, "NEW": new}
    for name, key, value in (("OTHER", "name", "logreg"), ("CHANGED", "fingerprint", "f" * 64)):
        values["problems"][0] |= {"name": "log-spectrum", key: value}
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(values))
        paths[name] = str(path)
    for name, argument in (("OTHERS", "sgd-sqrt"), ("MINI", "wngrad")):
        paths[name] = str(tmp_path / f"{name}.json")
        batches = ("--batch-size", "2") if name == "MINI" else ()
        invoke(*RUN[:3], "-s", argument, "-n", "40", "--lr0", "7", "-o", paths[name], *batches)
    (tmp_path / "a\nb.json").write_bytes(Path(paths["OTHER"]).read_bytes())
    paths["LINES"] = "a\nb.json"
    outcome = invoke("compare", *(paths.get(word, word) for word in words))
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert outcome.err.count("\n") == 2
    assert outcome.err.startswith("Error: ")
