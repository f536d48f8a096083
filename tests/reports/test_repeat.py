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
        (
            ["--at=20,300,4", "--f-star=0.25"],
            {},
            "-p logreg -s gd --lr0 3.162277660168 --iterations 300 --f-star 0.25",
        ),
        (
            ["--at=20,300", "--passes=400"],
            {},
            "-p logreg -s gd --lr0 3.162277660168 --passes 400",
        ),
    ],
)
def test_the_words(more: list[str], over: dict[str, Any], words: str) -> None:
    command = [
        word
        for word in SWEEP
        if not any(w.startswith("--seed=") for w in more) or word != "--seed=0"
    ]
    text = repeating([*command, *more], choice(**over), 0, 1, ["gd"])
    assert text == f"lrbench run {words} --save-weights weights.npz"


@pytest.mark.parametrize(
    ("typed", "names", "solver"),
    [
        (["rules/a.py", "wngrad"], ["my-rule", "wngrad"], "rules/a.py"),
        (["wngrad", "a.py:B[c=2]", "a.py:B[c=3]"], ["wngrad", "my-rule"], "a.py:B"),
        (["package.rules:Rule"], ["my-rule"], "package.rules:Rule"),
        (["a.py", "a.py:B"], ["my-rule"], None),  # which of them is typed is not known
    ],
)
def test_a_class_in_a_file_is_named_as_it_was_typed(
    typed: list[str], names: list[str], solver: str | None
) -> None:
    command = ["sweep", "--problem=logreg", *(f"--solver={text}" for text in typed)]
    advised = choice(solver=SolverSpec("my-rule"))
    text = repeating(command, advised, 0, 1, names)
    expected = f"lrbench run -p logreg -s {solver} --lr0 3.162277660168 --save-weights weights.npz"
    assert text == (expected if solver else "")
    assert "-s gd --lr0" in repeating([*command, "--solver=gd"], choice(), 0, 1, [*names, "gd"])


AXES = {
    "scale-and-lr0": "--over scale=1:30:3 --lr0 2,7",
    "scale-and-lr0-of-one": "-s adagrad-norm --over scale=3:30:3 --lr0 2:7:2",
    "eta-and-lr0": "-s adagrad-norm --over eta=3:30:3 --lr0 2,7",
    "eta-and-over-lr0": "-s adagrad-norm --over eta=3:30:3 --over lr0=2,70",
    "over-lr0-and-eta": "-s adagrad-norm --over lr0=2:70:3 --over eta=3,11",
    "c-and-lr0": "-s wngrad --over c=0.3,1.7 --lr0 0.7:7:3",
    "file": "-s rules.py:Rule -s wngrad --over c=0.3,1.7 --lr0 2:20:3",
    "whole-number": "-s rules.py --over whole=1,1234567 --lr0 2e5,3e6",
    "no-lr0": "-s dog --over r_eps=1e-3,1e-1",
    "batches": "-s sgd,wngrad --lr0 0.3:3:2 --batch-size 64 --passes 30 --sampling reshuffle",
    "at": "-s gd --lr0 1:5:3 --at 30,300",
}
"""The axes of sweeps, one of each kind."""

RULE = """
from dataclasses import dataclass
import lrbench

@dataclass(frozen=True)
class Rule(lrbench.Solver):
    name = "constant"
    c: float = 1.0
    whole: int = 2

    def init(self, W, lr0, facts):
        return lr0

    def step(self, W, state, oracle):
        gradient = oracle.gradient(W).dense()
        return lrbench.Step(W - self.c / self.whole * state * gradient, state, state)
"""


@pytest.mark.parametrize("axes", AXES.values(), ids=AXES)
def test_what_is_advised_runs_as_that_lane_did(
    axes: str, invoke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rules.py").write_text(RULE)
    budget = "" if "--passes" in axes or "--at" in axes else "-n 300"
    words = f"sweep -p logreg {axes} {budget} --target 20% -j 1 --save s.json"
    page = invoke(*words.split()).out.replace(" \\\n   ", "")
    (command,) = [line for line in page.splitlines() if line.startswith("  lrbench run ")]
    again = invoke(*shlex.split(command)[1:], "--save", "r.json")
    assert again.code == 0, again.err
    swept = json.loads(Path("s.json").read_text())["problems"][0]
    advised = swept["sweep"]["advice"]["choice"]
    (run,) = json.loads(Path("r.json").read_text())["problems"][0]["runs"]
    (lane,) = [
        r
        for r in swept["runs"]
        if r["solver"]["name"] == advised["solver"]["name"]
        and r["over"] == advised["over"]
        and r["lr0"] == advised["lr0"]
    ]
    assert (run["lr0"], run["solver"]["name"]) == (lane["lr0"], lane["solver"]["name"])
    assert run["solver"]["params"] == pytest.approx(lane["solver"]["params"])
    traces = [
        dict(zip(r["trace"]["iteration"], r["trace"]["objective"], strict=True))
        for r in (run, lane)
    ]
    shared = sorted(traces[0].keys() & traces[1].keys())
    assert len(shared) > 3
    for iteration in shared:
        assert traces[0][iteration] == pytest.approx(traces[1][iteration], rel=1e-9)


def test_brackets_name_what_is_held_of_two_axes(invoke: Any) -> None:
    words = ["sweep", "logreg", "-s", "adagrad-norm", "--over", "eta=3:30:2", "-n", "9", "-j", "1"]
    held = invoke(*words, "--lr0", "2,7")
    assert "adagrad-norm[lr0/eta=7] " in held.out
    assert "lr0/eta in brackets: the value of --lr0" in held.out
    page = invoke(*words, "--over", "lr0=2,7").out
    assert "adagrad-norm[lr0=7] " in page
    assert "lr0/eta" not in page


def test_of_several_problems_it_is_the_one() -> None:
    command = ["sweep", "--problem=a", "--problem=b c"]
    assert repeating(command, choice(), 1, 2, ["gd"]).startswith("lrbench run -p 'b c' -s gd ")
    assert repeating(command, choice(), 0, 1, ["gd"]) == ""  # which of them could not be run?
    assert repeating(["sweep", "--data=x.svm"], choice(), 1, 2, ["gd"]).startswith(
        "lrbench run --data x.svm"
    )
    assert repeating([], choice(), 0, 1, ["gd"]) == ""
    assert repeating(["run", "--problem=a"], choice(), 0, 1, ["gd"]) == ""


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
