"""Parameters have the types that a class annotates, from a text, from Python and over lanes."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from conftest import Invoke
from rules import written

import lrbench
from lrbench.errors import UsageError
from lrbench.solvers import SOLVERS
from lrbench.solvers.build import build_solver

TYPED = """\
from dataclasses import dataclass
from typing import Literal
import lrbench

@dataclass(frozen=True)
class Typed(lrbench.Solver):
    k: int = 3
    c: float = 0.5
    flag: bool = False
    flavour: Literal["plain", "sour"] = "plain"
    word: str = "a"

    def init(self, W, lr0, facts):
        assert self.flag in (True, False)
        assert isinstance(self.word, str)
        return lr0

    def step(self, W, lr, oracle):
        rate = self.c * lr / (1 + self.k // 2)
        return lrbench.Step(oracle.descend(W, rate, oracle.gradient(W)), rate, lr)

@lrbench.rate_rule
def counted(lr, grad_norm_sq, k: int = 2):
    return lr, lr / (1 + k // 2)
"""

RUN = ("run", "-p", "log-spectrum", "-n", "3", "--format", "json")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, typed=TYPED)
    monkeypatch.chdir(tmp_path)


@dataclass(frozen=True)
class Rule(lrbench.Solver):
    k: int = 3
    c: float = 0.5
    wide: float = float("inf")
    flag: bool = False
    flavour: Literal["plain", "sour"] = "plain"
    word: str = "a"

    def init(self, W: Any, lr0: Any, facts: Any) -> Any:
        return lr0

    def step(self, W: Any, lr: Any, oracle: Any) -> lrbench.Step:
        return lrbench.Step(oracle.descend(W, lr, oracle.gradient(W)), lr, lr)


@pytest.mark.parametrize(
    ("inside", "params"),
    [
        ("k=1", {"k": 1.0}),
        ("k=2.0", {"k": 2.0}),
        ("k=-4,flag=true,word=7", {"k": -4.0, "flag": "true", "word": "7"}),
        ("flavour=sour,c=2", {"flavour": "sour", "c": 2.0}),
    ],
)
def test_texts_are_read_by_type(inside: str, params: dict[str, Any], invoke: Invoke) -> None:
    text = f"typed.py:Typed[{inside}]"
    outcome = invoke(*RUN, "-s", text, "--save", "r.json")
    assert outcome.code == 0, outcome.err
    (run,) = json.loads(outcome.out)["problems"][0]["runs"]
    assert run["error"] is None
    defaults = {"k": 3.0, "c": 0.5, "flag": "false", "flavour": "plain", "word": "a"}
    assert run["solver"]["params"] == defaults | params
    solver, spec = build_solver(text)
    assert [type(v) for v in dataclasses.astuple(solver)] == [int, float, bool, str, str]
    shown = invoke("show", "r.json")
    assert shown.code == 0, shown.err
    assert str(spec) in shown.out


@pytest.mark.parametrize(
    "inside",
    [
        *("k=1.5", "k=a", "k=inf", "k=1e400", "k=1e17", "c=a", "c=nan", "c=inf", "c=-inf"),
        *("c=1e400", "flag=1", "flag=yes", "flavour=1", "flavour=hot"),
    ],
)
def test_a_text_of_another_type_is_two_sentences(inside: str, invoke: Invoke) -> None:
    outcome = invoke(*RUN, "-s", f"typed.py:Typed[{inside}]")
    assert outcome.code == 2, outcome.err
    error, hint = outcome.err.splitlines()
    key = inside.partition("=")[0]
    assert error.startswith(f"Error: solver Typed: {key} cannot be ")
    assert hint.startswith("Hint: ")


def test_whole_numbers_are_swept(invoke: Invoke) -> None:
    words = ("sweep", "-p", "log-spectrum", "-n", "9", "-j", "1", "--lr0", "1/L", "--over")
    for name, rule in (("Typed", "typed.py:Typed"), ("counted", "typed.py:counted")):
        outcome = invoke(*words, "k=1,2,7", "--format", "json", "-s", rule)
        assert outcome.code == 0, outcome.err
        runs = json.loads(outcome.out)["problems"][0]["runs"]
        assert [run["over"] for run in runs] == [{"k": k} for k in (1.0, 2.0, 7.0)]
        rates = [run["trace"]["lr"][1] for run in runs]
        share = 0.5 if name == "Typed" else 1.0
        # Whole numbers in the lanes, too: 7 // 2 is 3, also where the bits are those of a float.
        np.testing.assert_allclose(rates, [share, share / 2, share / 4], rtol=1e-6)
    for values in ("k=1,2.5", "k=1:3:4", "k"):
        outcome = invoke(*words, values, "-s", "typed.py:Typed")
        assert outcome.code == 2
        error, hint = outcome.err.splitlines()
        assert "k" in error
        assert "whole number" in error + hint


WRONG: dict[str, tuple[Any, ...]] = {
    "k": ("x", 1.5, None, [1], True, np.nan, 1j),
    "c": ("x", None, [1.0, 2.0], True, np.nan, np.inf, 1j, {}, np.array([1.0, 2.0]), int),
    "wide": ("x", None, True),
    "flag": (1, "yes", None, 0.0),
    "flavour": ("zz", 1, None, ["plain"]),
    "word": (1, None, b"a", 1.5),
}


@pytest.mark.parametrize(("key", "value"), [(k, v) for k, vs in WRONG.items() for v in vs])
def test_python_values_of_another_type_are_refused_before_any_run(key: str, value: Any) -> None:
    rule = Rule(**{key: value})
    for call in (
        lambda: lrbench.run("log-spectrum", solvers=rule, iterations=2),
        lambda: lrbench.sweep("log-spectrum", solvers=[rule], iterations=2, jobs=1),
        lambda: lrbench.check("log-spectrum", solvers=rule, expect="status = completed"),
        lambda: lrbench.check_contract(rule),
    ):
        with pytest.raises(UsageError, match=f"solver Rule: {key} cannot be") as caught:
            call()
        assert caught.value.hint


def test_python_values_of_the_type_are_taken() -> None:
    values: dict[str, tuple[Any, ...]] = {
        "k": (0, -3, np.int32(4)),
        "c": (1, np.float32(0.25), np.float64(2.0)),
        "wide": (2.5, np.inf),
        "flag": (True,),
        "flavour": ("sour",),
    }
    for key, given in values.items():
        for value in given:
            (run,) = (
                lrbench.run("log-spectrum", solvers=Rule(**{key: value}), iterations=2)
                .problems[0]
                .runs
            )
            assert run.error is None


def test_parameters_of_lrbench_s_own_solvers_are_checked_likewise() -> None:
    checked = 0
    for name in SOLVERS:
        cls = SOLVERS.get(name)
        for field in dataclasses.fields(cls):
            for value in ("zz", None, [1.0, 2.0], 1j):
                with pytest.raises(UsageError):
                    lrbench.run("log-spectrum", solvers=cls(**{field.name: value}), iterations=2)
                checked += 1
    assert checked > 100
