"""The command below the advice runs the advised lane again, and keeps its weights."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrbench.config.solver_spec import SolverSpec
from lrbench.reports.repeat import repeating
from lrbench.results import Choice

SWEEP = ["sweep", "--problem=logreg", "--lr0=1e-4:1e4:33", "--arrival=confirmed", "--seed=0"]


def choice(**changes: Any) -> Choice:
    values: dict[str, Any] = {
        "solver": SolverSpec("gd"),
        "lr0": 3.162277660168,
        "passes": 96.0,
        "usable": None,
        "usable_decades": 0.0,
        "may_be_wider": False,
    }
    return Choice(**values | changes)


@pytest.mark.parametrize(
    ("more", "over", "words"),
    [
        ([], {}, "-p logreg -s gd --lr0 3.162277660168"),
        (["--iterations=500"], {}, "-p logreg -s gd --lr0 3.162277660168 --iterations 500"),
        (
            ["--seed=3", "--replicates=5"],
            {},
            "-p logreg -s gd --lr0 3.162277660168 --replicates 5 --seed 3",
        ),
        (
            ["--test=0.2", "--no-intercept", "--save=x.json", "--store=y", "--target=0.1"],
            {},
            "-p logreg --test 0.2 --no-intercept -s gd --lr0 3.162277660168",
        ),
        ([], {"over": {"eta": 2.5}}, "-p logreg -s 'gd[eta=2.5]' --lr0 3.162277660168"),
        ([], {"over": {"eta": 2.5}, "lr0": None}, "-p logreg -s 'gd[eta=2.5]'"),
    ],
)
def test_the_words(more: list[str], over: dict[str, Any], words: str) -> None:
    command = [
        word
        for word in SWEEP
        if not any(w.startswith("--seed=") for w in more) or word != "--seed=0"
    ]
    text = repeating([*command, *more], choice(**over), 0, 1)
    assert text == f"lrbench run {words} --save-weights weights.npz"


def test_of_several_problems_it_is_the_one() -> None:
    command = ["sweep", "--problem=a", "--problem=b c"]
    assert repeating(command, choice(), 1, 2).startswith("lrbench run -p 'b c' -s gd ")
    assert repeating(command, choice(), 0, 1) == ""  # which of them could not be run?
    assert repeating(["sweep", "--data=x.svm"], choice(), 1, 2).startswith(
        "lrbench run --data x.svm"
    )
    assert repeating([], choice(), 0, 1) == ""
    assert repeating(["run", "--problem=a"], choice(), 0, 1) == ""


def test_it_runs_and_has_the_numbers_of_the_sweep(
    invoke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = (
        "sweep",
        "-p",
        "logreg",
        "-s",
        "wngrad",
        "-s",
        "gd",
        "--lr0",
        "0.01:100:9",
        "-n",
        "300",
    )
    outcome = invoke(*sweep, "-j", "1", "--save", "s.json")
    page = outcome.out.replace(" \\\n   ", "")
    (command,) = [line for line in page.splitlines() if line.startswith("  lrbench run ")]
    again = invoke(*shlex.split(command)[1:], "--save", "r.json")
    assert again.code == 0, again.err
    assert "sgd" not in page
    with np.load("weights.npz") as weights:
        assert np.isfinite(weights["coef"]).all()
    advised = json.loads(Path("s.json").read_text())["problems"][0]["sweep"]["advice"]["choice"]
    (run,) = json.loads(Path("r.json").read_text())["problems"][0]["runs"]
    assert run["solver"]["name"] == advised["solver"]["name"]
    assert run["lr0"] == advised["lr0"]


def test_a_long_command_is_broken_where_a_shell_reads_on(invoke: Any) -> None:
    words = ("sweep", "-p", "logreg", "-s", "gd", "--lr0", "0.01:100:9", "-n", "300", "-j", "1")
    lines = invoke(*words, "--test", "0.2").out.splitlines()
    at = next(k for k, text in enumerate(lines) if text.startswith("  lrbench run "))
    assert lines[at].endswith(" \\")
    assert lines[at + 1].startswith("    --")
    assert lines[at + 1].endswith("--save-weights weights.npz")
    assert max(map(len, lines)) <= 80
