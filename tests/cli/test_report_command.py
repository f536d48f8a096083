"""`lrbench report`: files it takes and refuses, and the commands that repeat what it shows."""

from __future__ import annotations

import json
import shlex
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from conftest import Invoke
from reported import charts_of, report_of

import lrbench
from lrbench.cli.main import COMMANDS, group
from lrbench.reports.web.repeating import KEPT, USUAL, VARYING
from lrbench.results import Result


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small saved result."""
    path = tmp_path_factory.mktemp("saved") / "run.json"
    lrbench.run("logreg", solvers=["wngrad"], lr0=[2.0], iterations=7).save(path)
    return path


def test_it_writes_a_page(saved: Path, tmp_path: Path, invoke: Invoke) -> None:
    page = tmp_path / "report.html"
    done = invoke("report", str(saved), "-o", str(page))
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith(f"Note: {page} has ")
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert invoke("report", str(saved), "-o", str(page), "--force", "-q").err == ""
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_it_takes_several_results_and_stores(saved: Path, tmp_path: Path, invoke: Invoke) -> None:
    store, page = tmp_path / "s.sqlite", tmp_path / "r.html"
    words = ["sweep", "-p", "logreg", "-s", "sgd", "--lr0", "0.1,1", "-n", "9", "--store"]
    assert invoke(*words, str(store)).code == 0
    assert invoke("report", str(store), str(saved), str(saved), "-o", str(page)).code == 0
    text = page.read_text(encoding="utf-8")
    assert charts_of(text).keys() == {"p0", "p1", "p2"}
    # What a store was made by is not known.
    assert set(charts_of(text)["p0"]["solvers"][0]["commands"]) == {""}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("page.txt", "does not end in .html."),
        ("page", "does not end in .html."),
        ("folder.html", "is a folder."),
        ("nowhere/page.html", "there is no folder"),
        ("there.html", "there.html exists."),
    ],
)
def test_a_page_that_cannot_be_written(
    saved: Path, tmp_path: Path, invoke: Invoke, name: str, message: str
) -> None:
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "there.html").write_text("mine")
    done = invoke("report", str(saved), "-o", str(tmp_path / name))
    assert done.code == 2
    error, hint = done.err.splitlines()
    assert error.startswith("Error: ")
    assert message in error
    assert hint.startswith("Hint: ")
    assert (tmp_path / "there.html").read_text() == "mine"


def newer(values: dict[str, Any]) -> str:
    return json.dumps({**values, "version": 2})


def empty(values: dict[str, Any]) -> str:
    return json.dumps({**values, "problems": []})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (newer, "is of version 2 of the format, and this lrbench reads 1."),
        (empty, "holds no problem."),
        (lambda values: "", "is empty."),
        (lambda values: "{", "is cut off"),
    ],
)
def test_a_result_that_is_none(
    saved: Path, tmp_path: Path, invoke: Invoke, change: Any, message: str
) -> None:
    bad, page = tmp_path / "bad.json", tmp_path / "page.html"
    bad.write_text(change(json.loads(saved.read_text())))
    done = invoke("report", str(saved), str(bad), "-o", str(page))
    assert done.code == 2
    assert message in done.err.splitlines()[0]
    assert not page.exists()


def test_a_store_in_use_is_read(tmp_path: Path, invoke: Invoke) -> None:
    store, page = tmp_path / "s.sqlite", tmp_path / "r.html"
    words = ["sweep", "-p", "logreg", "-s", "sgd", "--lr0", "0.1,1", "-n", "9", "--store"]
    assert invoke(*words, str(store)).code == 0
    with sqlite3.connect(store) as writer:  # another command that has begun to write
        writer.execute("BEGIN IMMEDIATE")
        assert invoke("report", str(store), "-o", str(page)).code == 0
        writer.rollback()
    writer.close()


def options_of(command: str) -> set[str]:
    """Return the long names of the options of a command."""
    made = group.get_command(click.Context(group), command)
    assert made is not None
    options = [p for p in made.params if isinstance(p, click.Option)]
    return {max(p.opts, key=len) for p in options} | {n for p in options for n in p.secondary_opts}


SHOWN = """
    --format --details --columns --timing --color --save --force --save-weights --store --jobs
    --executor --scheduler --dry-run --progress --no-progress --quiet --strict --timeout --help
    --theory --no-theory --plot --table --traces
"""
"""The options on which no number depends."""


@pytest.mark.parametrize("command", ["run", "sweep"])
def test_every_option_is_repeated_or_changes_no_number(command: str) -> None:
    assert command in COMMANDS
    assert options_of(command) - {*SHOWN.split()} <= {*KEPT, *VARYING}
    assert {*USUAL} <= {*KEPT}


@pytest.mark.parametrize(
    ("word", "options"),
    [
        ("--set=data.name=$(rm x); a b", "--set 'data.name=$(rm x); a b' -s "),
        ("--set=data.name=a\nrm x", ""),
        ("--set=data.name=\u202ea", ""),
        ("--set=data.name=\x1b[2J", ""),
    ],
)
def test_a_command_is_safe_to_paste(saved: Path, word: str, options: str) -> None:
    result = replace(Result.load(saved), command=("run", "--problem=logreg", word))
    (command,) = charts_of(report_of(result))["p0"]["solvers"][0]["commands"]
    assert command.startswith(f"lrbench run -p logreg {options}") if options else command == ""


COMMANDS_TO_REPEAT = [
    "sweep -p logreg -s wngrad -s adagrad-norm[eta=0.5] -s sgd --lr0 0.01:100:5 -n 60",
    "sweep -p log-spectrum -s sgd --lr0 0.1/L:1/L:3 --batch-size 5 -r 3 --seed 4 --passes 9",
    "sweep -p logreg -s wngrad[c=2] -s adagrad-norm --over scale=0.1:10:3 -n 40 --target 20%",
    "sweep -p logreg -s adagrad-norm --over eta=0.1:10:3 --lr0 0.5 -n 40 --scale standard",
    "sweep -p logreg -s adagrad-norm --over eta=0.1:10:3 --over lr0=0.2,2 -n 40",
    "sweep -p logreg -p lasso -s sgd -s dog --lr0 0.1,0.7 -n 30 --set data.intercept=true",
    "sweep -p logreg -s sgd -s half.py:Half --lr0 0.1,0.7 -n 30",
    "run -p logreg -s wngrad -s sgd --lr0 100 -n 30",
]


RULE = """
from dataclasses import dataclass
import lrbench

@dataclass(frozen=True)
class Half(lrbench.Solver):
    def init(self, W, lr0, facts):
        return lr0 / 2

    def step(self, W, lr, oracle):
        return lrbench.Step(oracle.descend(W, lr, oracle.gradient(W)), lr, lr)
"""


@pytest.mark.parametrize("words", COMMANDS_TO_REPEAT)
def test_the_command_of_a_point_repeats_it(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Invoke
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("half.py").write_text(RULE, encoding="utf-8")
    result, page = tmp_path / "sweep.json", tmp_path / "page.html"
    assert invoke(*words.split(), "-o", str(result), "-q").code == 0
    assert invoke("report", str(result), "-o", str(page), "-q").code == 0
    original = Result.load(result)
    charts = charts_of(page.read_text(encoding="utf-8"))
    for k, problem in enumerate(original.problems):
        for s in charts[f"p{k}"]["solvers"]:
            command, value = s["commands"][-1], s["values"][-1]
            again = tmp_path / "again.json"
            name, *rest = shlex.split(command)
            assert name == "lrbench"
            done = invoke(*rest, "-o", str(again), "-q", "--force")
            assert done.code == 0, command
            (repeated,) = Result.load(again).problems
            assert repeated.header.fingerprint == problem.header.fingerprint
            lanes = {run.lane for run in repeated.runs}
            assert [v for _, v in lanes] == [value]
            runs = [run for run in problem.runs if run.lane in lanes]
            assert len(runs) == len(repeated.runs) > 0
            for a, b in zip(runs, repeated.runs, strict=True):
                assert (a.seed, a.status, a.status_at) == (b.seed, b.status, b.status_at)
                np.testing.assert_array_equal(a.trace["objective"], b.trace["objective"])
