"""`lrbench show`: saved results as run showed them, and shipped problems byte for byte."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lrbench.problem_files import shipped

RUN = ("run", "-p", "log-spectrum", "-s", "wngrad", "-s", "sgd", "--lr0", "0.1,1", "-n", "50")
PROBLEMS = Path(__file__).parents[2] / "problems"


@pytest.fixture
def saved(invoke: Any, tmp_path: Path) -> str:
    path = tmp_path / "r.json"
    path.write_text(invoke(*RUN, "--format", "json").out)
    return str(path)


@pytest.mark.parametrize("form", [None, "table", "plain", "markdown", "latex", "csv"])
def test_shows_what_run_showed(form: str | None, saved: str, invoke: Any) -> None:
    options = () if form is None else ("--format", form)
    outcome = invoke("show", saved, *options)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == invoke(*RUN, *options).out


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_shows_json_again(form: str, saved: str, invoke: Any) -> None:
    outcome = invoke("show", saved, "--format", form)
    assert outcome.code == 0
    text = Path(saved).read_text()
    if form == "json":
        assert outcome.out == text
    else:
        assert outcome.out.count("\n") == text.count('"setting"') == 4


def test_reads_stdin(saved: str, invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(Path(saved).read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert invoke("show", "-").out == invoke("show", saved).out


def test_what_is_wrong_with_stdin_is_said(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"format": ')))
    outcome = invoke("show", "-")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("Error: stdin is cut off")


def test_view_options(saved: str, invoke: Any) -> None:
    assert "T  passes" in invoke("show", saved, "--details").out
    assert "s of steps" in invoke("show", saved, "--timing").out
    assert re.search(r"\bT +b +objective\n", invoke("show", saved, "--columns", "b,objective").out)
    head = invoke("show", saved, "--columns", "b", "--format", "csv").out.splitlines()[0]
    assert head == "problem,solver,params,lr0,seed,status,iteration,b"
    assert "\x1b[" in invoke("show", saved, "--format", "table", "--color", "always").out


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (("--columns", "objektive"), "no column 'objektive'", "did you mean objective?"),
        (("--columns", ""), "no column ''", "choose from"),
        (("--columns", "lr", "--format", "json"), "does not change the format json", "csv"),
        (("--format", "latexx"), "no format 'latexx'", "did you mean latex?"),
        (("second.json",), "2 results", "one at a time"),
    ],
)
def test_wrong_options(
    args: tuple[str, ...], message: str, hint: str, saved: str, invoke: Any
) -> None:
    outcome = invoke("show", saved, *args)
    assert (outcome.code, outcome.out) == (2, "")
    error, advice = outcome.err.splitlines()
    assert error.startswith("Error: ")
    assert message in error
    assert advice.startswith("Hint: ")
    assert hint in advice


@pytest.mark.parametrize("content", [None, "", "{", "not JSON", '{"format": "other"}'])
def test_wrong_files(content: str | None, tmp_path: Path, invoke: Any) -> None:
    path = tmp_path / "r.json"
    if content is not None:
        path.write_text(content)
    outcome = invoke("show", str(path))
    assert (outcome.code, outcome.out) == (2, "")
    assert len(outcome.err.splitlines()) == 2
    assert str(path) in outcome.err


def test_columns_of_a_solver_of_its_own_can_be_asked_for(saved: str, invoke: Any) -> None:
    path = Path(saved)
    path.write_text(path.read_text().replace('"b":', '"my_state":'))
    outcome = invoke("show", saved, "--columns", "my_state", "--format", "csv")
    assert outcome.code == 0
    assert outcome.out.splitlines()[0].endswith(",my_state")


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_problem_byte_for_byte(name: str) -> None:
    command = [sys.executable, "-m", "lrbench", "show", "problem", name]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout == (PROBLEMS / f"{name}.toml").read_bytes()


@pytest.mark.parametrize(
    ("names", "hint"),
    [(("logregg",), "did you mean logreg?"), ((), "choose from"), (("a", "b"), "choose from")],
)
def test_a_problem_that_is_not_shipped(names: tuple[str, ...], hint: str, invoke: Any) -> None:
    outcome = invoke("show", "problem", *names)
    assert (outcome.code, outcome.out) == (2, "")
    assert hint in outcome.err


@pytest.mark.parametrize(
    "option",
    [("--format", "csv"), ("--details",), ("--columns", "lr"), ("--timing",), ("--color", "never")],
)
def test_a_problem_has_no_views(option: tuple[str, ...], invoke: Any) -> None:
    outcome = invoke("show", "problem", "logreg", *option)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"{option[0]} does not change" in outcome.err


def test_a_result_without_a_problem(saved: str, invoke: Any) -> None:
    content = json.loads(Path(saved).read_text()) | {"problems": []}
    Path(saved).write_text(json.dumps(content))
    outcome = invoke("show", saved)
    assert outcome.code == 2
    assert "holds no problem" in outcome.err


@pytest.mark.parametrize("form", ["plain", "table", "markdown", "latex", "csv", "jsonl"])
def test_a_stdout_without_unicode_is_no_error(form: str, saved: str) -> None:
    path = Path(saved)
    path.write_text(path.read_text().replace('"log-spectrum"', '"log-spéctrum"'), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "lrbench", "show", saved, "--format", form],
        capture_output=True,
        env=os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert rb"log-sp\xe9ctrum" in done.stdout or rb"log-sp\u00e9ctrum" in done.stdout


@pytest.mark.parametrize("command", ["show", "check", "compare", "plot"])
def test_the_name_of_a_problem_is_no_file(command: str, invoke: Any) -> None:
    more = ("lasso",) if command == "compare" else ()
    outcome = invoke(command, "logreg", *more)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "Error: there is no file logreg, which is the name of a problem.\n"
        "Hint: lrbench show problem logreg shows its file, and lrbench run logreg --save FILE.json"
        " writes a result.\n"
    )


def test_show_has_problems_without_an_option(invoke: Any) -> None:
    for option in ("-p", "--problem"):
        hint = "Hint: lrbench show problem NAME shows the file of a problem."
        assert invoke("show", option, "logreg").err.splitlines()[1] == hint
