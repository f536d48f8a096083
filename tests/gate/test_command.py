"""The command that a failing check names runs what the check ran."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gate_runs import configured

import lrbench
from lrbench.gate import CheckFailedError, load_config
from lrbench.problem_files import load_spec, with_overrides
from lrbench.results import Result
from lrbench.solvers.sgd import SGD

NEVER = "rate >= 50"

RULE = """
from dataclasses import dataclass

import lrbench

@dataclass(frozen=True)
class Halved(lrbench.Solver):
    share: float = 0.5

    def init(self, W, lr0, facts):
        return (lr0,)

    def step(self, W, state, oracle):
        lr = self.share * state[0]
        return lrbench.Step(oracle.descend(W, lr, oracle.gradient(W)), lr, state)
"""


def command_of(problem: Any, expect: str = NEVER, **options: Any) -> str:
    """Return the command that the message of a failing check names; empty if there is none."""
    with pytest.raises(CheckFailedError) as caught:
        lrbench.check(problem, expect=expect, **options)
    (outcome,) = caught.value.outcomes
    line = str(caught.value).splitlines()[-1]
    if not outcome.command:
        assert "no command repeats these runs" in line
        return ""
    assert line == f"  to see the runs: {outcome.command}"
    return outcome.command


def repeated(command: str, invoke: Any, path: Path) -> Result:
    """Return the result of a command."""
    first, *words = shlex.split(command)
    assert first == "lrbench"
    done = invoke(*words, "-q", "--no-progress", "--save", str(path))
    assert done.code == 0, done.err
    return Result.load(path)


def assert_same_runs(a: Result, b: Result) -> None:
    (p,), (q,) = a.problems, b.problems
    assert (p.header.fingerprint, len(p.runs)) == (q.header.fingerprint, len(q.runs))
    for run, other in zip(p.runs, q.runs, strict=True):
        assert (run.lane, run.seed, run.status_at) == (other.lane, other.seed, other.status_at)
        np.testing.assert_array_equal(run.trace["iteration"], other.trace["iteration"])
        np.testing.assert_array_equal(run.trace["suboptimality"], other.trace["suboptimality"])


RUNS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "rates": {"solvers": "gd", "lr0": [0.1, 1 / 3, "0.25/L"], "iterations": 7},
    "texts": {"solvers": ["wngrad[order=lagged]", "gd"], "lr0": ["0.5/L", "1/L"], "passes": 3},
    "over": {"solvers": "adagrad-norm", "over": {"eta": [0.3, 1.7]}, "lr0": 2.0, "iterations": 9},
    "over-lr0": {"solvers": "gd", "over": "lr0=0.2,0.7", "iterations": 6, "seed": 4},
    "minibatches": {
        "solvers": "gd",
        "lr0": 0.3,
        "batch_size": 16,
        "sampling": "reshuffle",
        "replicates": 2,
        "seed": 3,
        "passes": 1.5,
        "checkpoints_per_decade": 5,
    },
    "ball": {"solvers": "gd", "radius": 12.5, "iterations": 5, "threads": 2},
    "minimum": {"solvers": "gd", "f_star": -0.25, "iterations": 5},
    "target": {"solvers": "gd", "target": "30%", "iterations": 400, "timeout": 500.0},
}


@pytest.mark.parametrize("name", sorted(RUNS))
def test_the_command_runs_what_the_check_ran(name: str, tmp_path: Path, invoke: Any) -> None:
    command = command_of("logreg", **RUNS[name])
    assert command.startswith("lrbench run --problem logreg -s ")
    expected = lrbench.run("logreg", **RUNS[name])
    assert_same_runs(repeated(command, invoke, tmp_path / "r.json"), expected)


SWEEPS: dict[str, dict[str, Any]] = {
    "range": {"solvers": "gd", "lr0": "0.1:10:3", "iterations": 30},
    "arrival": {"solvers": "gd", "lr0": [0.4, 0.9], "arrival": "first", "iterations": 30},
    "at": {"solvers": "gd", "lr0": 0.9, "arrival": "end", "target": "20%,5%", "at": [7, 40]},
}


@pytest.mark.parametrize("name", sorted(SWEEPS))
def test_the_command_of_a_sweep(name: str, tmp_path: Path, invoke: Any) -> None:
    options = SWEEPS[name]
    command = command_of("logreg", sweep=True, **options)
    assert command.startswith("lrbench sweep --problem logreg -s gd ")
    expected = lrbench.sweep("logreg", jobs=1, **options)
    assert_same_runs(repeated(f"{command} -j 1", invoke, tmp_path / "r.json"), expected)


def test_a_solver_of_the_user_is_named_by_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gate_rules.py").write_text(RULE)
    monkeypatch.syspath_prepend(tmp_path)
    import gate_rules  # type: ignore[import-not-found,unused-ignore]

    try:
        for solvers in (gate_rules.Halved, gate_rules.Halved(share=0.25), "gate_rules.py:Halved"):
            options: dict[str, Any] = {"solvers": solvers, "lr0": 0.8, "iterations": 6}
            command = command_of("logreg", **options)
            assert " -s gate_rules.py:Halved" in command.replace("'", "")
            expected = lrbench.run("logreg", **options)
            (tmp_path / "r.json").unlink(missing_ok=True)
            assert_same_runs(repeated(command, invoke, tmp_path / "r.json"), expected)
    finally:
        del sys.modules["gate_rules"]


def test_a_solver_of_lrbench_that_was_made_in_python(tmp_path: Path, invoke: Any) -> None:
    command = command_of("logreg", solvers=[SGD()], lr0=0.5, iterations=3)
    assert "-s sgd " in command


def test_a_class_inside_a_function_has_no_command() -> None:
    @dataclass(frozen=True)
    class Local(SGD):
        name = "local"

    assert command_of("logreg", solvers=Local, iterations=3) == ""


def test_a_problem_that_no_word_names_has_no_command(tmp_path: Path) -> None:
    spec = load_spec("logreg")
    assert "--problem logreg" in command_of(spec, solvers="gd", iterations=3)
    assert command_of(with_overrides(spec, penalty="none"), solvers="gd", iterations=3) == ""


def test_a_recorded_command_is_named_without_the_files_that_it_wrote(
    tmp_path: Path, invoke: Any
) -> None:
    path = tmp_path / "r.json"
    words = ["run", "-p", "logreg", "-s", "gd", "--lr0", "0.25", "-n", "5", "-q"]
    assert invoke(*words, "--save", str(path), "--force").code == 0
    result = Result.load(path)
    command = command_of(result)
    assert str(path) not in command
    path.unlink()
    assert_same_runs(repeated(command, invoke, path), result)


PROBLEMS = {
    "named": 'problem = "logreg"',
    "changed": 'problem = "logreg"\npenalty = "l2[weight=0.1]"\nintercept = true\nscale = "none"',
    "other-data": 'problem = "logreg"\ndata = "sklearn:wine"\npositive = "1"\ntest = 0.25',
    "no-intercept": 'problem = "logreg"\nintercept = false\nstart = "normal[scale=0.1,seed=2]"',
    "set": 'problem = "logreg"\nset = ["penalty.weight=0.2", "data.scale=standard"]',
    "data": 'data = "sklearn:wine"\npositive = ["0", "2"]\nset = "data.scale=maxabs"',
    "file": 'problem = "mine.toml"',
}


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_the_command_of_a_configured_check_has_its_problem(
    name: str, tmp_path: Path, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRBENCH_JOBS", "1")
    (tmp_path / "mine.toml").write_text(invoke("show", "problem", "log-spectrum").out)
    lines = f'[[check]]\nname = "a"\n{PROBLEMS[name]}\nsolver = "gd"\niterations = 4\n'
    (check,) = load_config(Path(configured(tmp_path, f"{lines}expect = '{NEVER}'"))).checks
    shown = repeated(check.command, invoke, tmp_path / "r.json")
    expected = lrbench.run(check.spec, solvers="gd", iterations=4)
    assert_same_runs(shown, expected)
    out = invoke("check", "--config", str(tmp_path / "lrbench.toml"))
    assert out.code == 1
    assert f"  to see the runs: {check.command}\n" in out.out  # on one line, to be copied
