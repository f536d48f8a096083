"""Whatever a class of the user prints is on stderr, wherever it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Invoke
from rules import written

import lrbench

LOUD = '''\
from dataclasses import dataclass

import lrbench
from lrbench.theory.certificates import C7LastGradient

print("loud: import")


class LoudTheorem(C7LastGradient):
    """Says that it is judged."""

    def hypotheses(self, *args, **named):
        print("loud: hypotheses")
        return super().hypotheses(*args, **named)


@dataclass(frozen=True)
class Loud(lrbench.Solver):
    """A rule that prints wherever it is called."""

    c: float = 0.3
    theorems = (LoudTheorem(),)

    def __post_init__(self):
        print("loud: made")

    @property
    def needs(self):
        print("loud: needs")
        return ()

    def init(self, W, lr0, facts):
        print("loud: init")
        return lr0

    def step(self, W, lr, oracle):
        print("loud: step")
        g = oracle.gradient(W)
        return lrbench.Step(oracle.descend(W, self.c * lr, g), self.c * lr, lr)

    def output(self, W, state):
        print("loud: output")
        return None
'''

CHECK = """
[[check]]
name = "gated"
problem = "log-spectrum"
solver = "loud.py"
lr0 = "1/L"
iterations = 4
expect = ["status = completed"]
baseline = true
"""

RUN = ("-p", "log-spectrum", "-s", "loud.py", "--lr0", "1/L,2/L", "-n", "4")

COMMANDS = {
    "run": (("run", *RUN), {"import", "made", "needs", "init", "step", "output", "hypotheses"}),
    "run json": (("run", *RUN, "--format", "json"), {"step", "hypotheses"}),
    "dry run": (("run", *RUN, "--dry-run"), {"import", "made", "step"}),
    "sweep": (("sweep", *RUN, "-j", "1", "--format", "csv"), {"step", "hypotheses"}),
    "over": (("sweep", *RUN[:4], "-j", "1", "-n", "4", "--over", "c=1,2"), {"made", "step"}),
    "theory": (("theory", *RUN[:6]), {"made", "hypotheses"}),
    "list": (("list", "solvers", "loud.py"), {"import", "needs"}),
    "test": (("test", "loud.py", "--format", "json"), {"init", "step", "output"}),
    "check": (("check", "--config", "c.toml", "-j", "1", "--save-baseline"), {"step", "made"}),
    "check json": (
        ("check", "--config", "c.toml", "-j", "1", "--save-baseline", "--format", "json"),
        {"import", "init", "step", "hypotheses"},
    ),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The text differs from test to test: a module is imported once for each text.
    written(tmp_path, loud=f"{LOUD}# {tmp_path}\n")
    (tmp_path / "c.toml").write_text(CHECK, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
def test_in_every_command(command: str, invoke: Invoke) -> None:
    words, said = COMMANDS[command]
    outcome = invoke(*words)
    assert outcome.code == 0, outcome.err
    assert outcome.out
    assert "loud: " not in outcome.out
    assert said <= {line.partition(": ")[2] for line in outcome.err.splitlines()}


def test_in_every_function(capsys: pytest.CaptureFixture[str]) -> None:
    class Loud(lrbench.Solver):
        def init(self, W: Any, lr0: Any, facts: Any) -> Any:
            print("loud: init")  # noqa: T201
            return lr0

        def step(self, W: Any, lr: Any, oracle: Any) -> lrbench.Step:
            print("loud: step")  # noqa: T201
            return lrbench.Step(oracle.descend(W, lr, oracle.gradient(W)), lr, lr)

    common: dict[str, Any] = {"solvers": [Loud()], "lr0": "1/L", "iterations": 3}
    lrbench.run("log-spectrum", **common)
    lrbench.sweep("log-spectrum", jobs=1, **common)
    lrbench.check("log-spectrum", expect="status = completed", **common)
    for update in (True, False):
        lrbench.check("log-spectrum", baseline="b.jsonl", update=update, **common)
    lrbench.check_contract(Loud)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("loud: step") > 20
