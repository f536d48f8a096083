"""How `run` ends: signals, timeouts, failures, refuted optima, closed pipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lrbench import engine, experiment, prepare
from lrbench.optimum import find
from lrbench.spec import build, load_spec
from lrbench.verdicts import judge_all


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_a_signal_ends_with_what_is_finished(
    number: int, code: int, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = engine.run

    def run_then_signal(*args: Any) -> Any:
        out = run(*args)
        signal.raise_signal(number)
        return out

    monkeypatch.setattr(engine, "run", run_then_signal)
    outcome = invoke("run", "-p", "log-spectrum", "-n", "5", "--format", "json")
    assert outcome.code == code
    assert "interrupted" in outcome.err
    runs = json.loads(outcome.out)["problems"][0]["runs"]
    assert [r["solver"]["name"] for r in runs] == ["wngrad"]
    assert runs[0]["status"] == "completed"


def test_a_signal_in_the_middle_of_a_run_keeps_its_checkpoints(
    invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = engine.Bundle.checkpoint

    def checkpoint_then_signal(self: engine.Bundle) -> None:
        checkpoint(self)
        if self.t == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(engine.Bundle, "checkpoint", checkpoint_then_signal)
    outcome = invoke("run", "-p", "log-spectrum", "-s", "sgd", "-n", "50", "--format", "json")
    assert outcome.code == 130
    (run,) = json.loads(outcome.out)["problems"][0]["runs"]
    assert (run["status"], run["status_at"]) == ("interrupted", 2)
    assert run["trace"]["iteration"] == [0, 1, 2]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_a_signal_while_the_optimum_is_certified(
    number: int, code: int, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "find", lambda problem, cache: signal.raise_signal(number))
    outcome = invoke("run", "-p", "log-spectrum")
    assert outcome.code == code
    assert outcome.out == ""
    assert "Traceback" not in outcome.err


def test_timeout_is_no_error(invoke: Any) -> None:
    outcome = invoke("run", "-p", "log-spectrum", "--timeout", "0.000001", "--format", "json")
    assert outcome.code == 0
    assert "time is up" in outcome.err
    assert json.loads(outcome.out)["format"] == "lrbench-result"


def test_one_bad_problem_does_not_take_the_others_down(invoke: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('loss = "squared"\n[data]\nname = "./nothing.svm"\n')
    outcome = invoke("run", "-p", str(broken), "-p", "log-spectrum", "-n", "5")
    assert outcome.code == 3
    assert "log-spectrum" in outcome.out
    assert outcome.err.startswith("Error: ")
    assert "nothing.svm" in outcome.err


def test_a_refuted_optimum_is_an_error_and_is_forgotten(
    invoke: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LRBENCH_CACHE_DIR", str(tmp_path))
    problem = build(load_spec("logreg"))
    honest = find(problem, cache=tmp_path)
    assert len(list((tmp_path / "optimum").glob("*.npz"))) == 1
    wrong = replace(honest, f_star=honest.f_star + 0.05)
    monkeypatch.setattr(prepare, "find", lambda problem, cache: wrong)
    outcome = invoke("run", "-p", "logreg")
    assert outcome.code == 3
    assert outcome.out == ""
    assert "refuted" in outcome.err
    assert list((tmp_path / "optimum").glob("*.npz")) == []


def test_strict_fails_on_a_violated_bound(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    args = ("run", "-p", "log-spectrum", "-s", "wngrad", "-n", "20")
    assert invoke(*args, "--strict").code == 0

    def failing(*args: Any) -> Any:
        return [replace(v, bound_verdict="fail", failed_at=1) for v in judge_all(*args)]

    monkeypatch.setattr(experiment, "judge_all", failing)
    assert invoke(*args).code == 0
    outcome = invoke(*args, "--strict")
    assert outcome.code == 1
    assert "FAIL at T = 1" in outcome.out


def test_a_solver_that_raises_is_a_row_and_exit_3(
    invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lrbench.solvers.sgd import SGD

    def step(self: SGD, *args: Any) -> Any:
        raise ArithmeticError("no more steps")

    monkeypatch.setattr(SGD, "step", step)
    outcome = invoke("run", "-p", "log-spectrum", "-n", "5", "--format", "json")
    assert outcome.code == 3
    runs = json.loads(outcome.out)["problems"][0]["runs"]
    assert [r["status"] for r in runs] == ["completed", "completed", "failed"]
    assert runs[-1]["error"] == "ArithmeticError: no more steps"


def lrbench(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lrbench", *args],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | env,
    )


def test_head_closes_the_pipe_without_a_word() -> None:
    command = f"{sys.executable} -m lrbench run -p log-spectrum --format json | head -c 10"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout == '{\n "format'[:10]
    assert done.stderr == ""


def test_a_terminal_without_utf8_shows_the_table() -> None:
    done = lrbench(
        "run", "-p", "log-spectrum", "-n", "5", "--format", "table", PYTHONIOENCODING="ascii"
    )
    assert done.returncode == 0, done.stderr
    assert "wngrad" in done.stdout


WARM = """
import sys
from lrbench.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    assert not ended.code, ended.code
heavy = {"sklearn", "scipy.optimize", "scipy.stats", "scipy.linalg", "rich", "matplotlib"}
print(sorted(heavy & set(sys.modules)), file=sys.stderr)
"""


def test_a_warm_run_imports_nothing_heavy(invoke: Any) -> None:
    args = ["run", "--problem", "logreg", "--lr0", "100"]
    assert invoke(*args).code == 0  # fills the caches
    done = subprocess.run(
        [sys.executable, "-c", WARM, *args], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


def test_version_imports_no_numpy() -> None:
    code = "import sys; sys.argv = ['lrbench', '--version']\nfrom lrbench.cli.main import main\n"
    code += "try: main()\nexcept SystemExit: pass\nassert 'numpy' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("lrbench, version ")
