"""How `run` ends: signals, timeouts, failures, refuted optima, closed pipes."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from lrbench.cli import main as command_line
from lrbench.data.libsvm import read
from lrbench.engine import control
from lrbench.engine import run as engine
from lrbench.engine.control import STOPPING
from lrbench.experiment import run_plan as experiment
from lrbench.optimum import find_optimum
from lrbench.plan import prepare
from lrbench.problem_files import build_problem, load_spec
from lrbench.reports import REPORTS
from lrbench.results import Result, files
from lrbench.verdicts import judge_theorems

SIGNALS = pytest.mark.parametrize(
    ("number", "code"), [(number, 128 + number) for number in STOPPING], ids=str
)


@SIGNALS
def test_a_signal_ends_with_what_is_finished(
    number: int, code: int, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = engine.run_lanes

    def run_then_signal(*args: Any, **more: Any) -> Any:
        out = run(*args, **more)
        signal.raise_signal(number)
        return out

    monkeypatch.setattr(engine, "run_lanes", run_then_signal)
    outcome = invoke("run", "-p", "log-spectrum", "-n", "5", "--format", "json")
    assert outcome.code == code
    assert "interrupted" in outcome.err
    runs = json.loads(outcome.out)["problems"][0]["runs"]
    assert [(r["solver"]["name"], r["status"]) for r in runs] == [
        ("wngrad", "completed"),
        ("adagrad-norm", "interrupted"),
        ("sgd", "interrupted"),
    ]
    assert runs[1]["trace"]["iteration"] == []


@pytest.mark.parametrize("command", ["run", "sweep"])
@SIGNALS
def test_a_signal_while_the_result_is_written_does_not_cut_it_off(
    command: str,
    number: int,
    code: int,
    invoke: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    save = Result.save

    def signal_then_save(self: Result, *args: Any, **more: Any) -> None:
        signal.raise_signal(number)
        save(self, *args, **more)

    monkeypatch.setattr(Result, "save", signal_then_save)
    file = tmp_path / "r.json"
    given = ("-p", "log-spectrum", "-n", "5", "-j", "1", "--format", "json", "--save", str(file))
    outcome = invoke(command, *given)
    assert outcome.code == code
    assert outcome.err == "interrupted: every run was finished, and is shown.\n"
    assert json.loads(outcome.out) == json.loads(file.read_text())


def test_a_signal_in_the_middle_of_a_run_keeps_its_checkpoints(
    invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = engine.LaneLoop.checkpoint

    def checkpoint_then_signal(self: engine.LaneLoop) -> None:
        checkpoint(self)
        if self.runner.t == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(engine.LaneLoop, "checkpoint", checkpoint_then_signal)
    outcome = invoke("run", "-p", "log-spectrum", "-s", "sgd", "-n", "50", "--format", "json")
    assert outcome.code == 130
    (run,) = json.loads(outcome.out)["problems"][0]["runs"]
    assert (run["status"], run["status_at"]) == ("interrupted", 2)
    assert run["trace"]["iteration"] == [0, 1, 2]


@pytest.mark.parametrize(
    ("budget", "planned"),
    [(("-n", "50"), "50 steps planned"), (("--passes", "70.5"), "70.5 passes planned")],
    ids=["steps", "passes"],
)
def test_the_page_of_an_interrupted_run_is_of_the_step_at_which_it_ended(
    budget: tuple[str, str], planned: str, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = engine.LaneLoop.go

    def until_37(self: engine.LaneLoop, stop: Any) -> None:
        step(self, lambda t: t == 37 or stop(t))

    monkeypatch.setattr(engine.LaneLoop, "go", until_37)
    words = ("run", "-p", "log-spectrum", "-s", "wngrad", "--runner", "numpy", "--format", "plain")
    page = invoke(*words, *budget).out
    assert f"run      full batches, {planned}, lr0 = 1" in page
    (last,) = [row.split() for row in page.splitlines() if row.startswith("37 ")]
    (ended,) = [row.split() for row in page.splitlines() if row.startswith("wngrad  inter")]
    assert ended[1:4] == ["interrupted", "at", "37"]
    assert float(ended[4]) == pytest.approx(float(last[1]), rel=0.05)  # to two digits
    assert "measured and proved at T = 37" in page
    assert "planned" not in invoke(*words, "-n", "30").out


@SIGNALS
def test_a_signal_while_the_optimum_is_certified(
    number: int, code: int, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "find_optimum", lambda problem, cache: signal.raise_signal(number))
    outcome = invoke("run", "-p", "log-spectrum")
    assert outcome.code == code
    assert outcome.out == ""
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("command", ["run", "sweep"])
@pytest.mark.parametrize("slow", ["build_problem", "find_optimum"])
def test_the_time_may_be_up_before_the_optimum_is_certified(
    slow: str, command: str, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(*args: Any, **more: Any) -> Any:
        while True:
            pass

    monkeypatch.setattr(prepare, slow, endless)
    monkeypatch.setattr(control, "LEAST_SECONDS", 0.01)
    outcome = invoke(command, "-p", "log-spectrum", "--timeout", "0.05")
    assert outcome.code == 3
    assert outcome.out == ""
    error, hint, *_ = outcome.err.splitlines()
    assert error.startswith("Error: the time was up before the optimum of log-spectrum")
    assert "--timeout" in hint


@pytest.mark.parametrize("command", ["run", "sweep"])
def test_the_time_may_be_up_before_the_data_are_read(
    command: str, invoke: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def endless(*args: Any, **more: Any) -> Any:
        while True:
            pass

    monkeypatch.setattr(read, "cached_libsvm", endless)
    monkeypatch.setattr(control, "LEAST_SECONDS", 0.01)
    data = tmp_path / "a.svm"
    data.write_text("1 1:1\n-1 1:2\n")
    outcome = invoke(command, "-d", str(data), "--timeout", "0.05")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.startswith("Error: the time was up before the data were read.\nHint: ")


IGNORED = """
import signal, sys, threading
from lrbench.cli import problems
from lrbench.cli.main import main

class Finalised:
    def __del__(self):
        signal.raise_signal(int(sys.argv[1]))

def slow(*args):
    Finalised()
    # Until the signal is sent again; if it never is, the test fails and does not hang.
    threading.Event().wait(100)

problems.specs_from = slow
main([*sys.argv[2:]])
"""


@pytest.mark.parametrize(
    ("command", "number"),
    [*(("run", number) for number in STOPPING), ("theory", signal.SIGINT)],
    ids=str,
)
def test_a_signal_that_python_ignores_is_sent_again(command: str, number: signal.Signals) -> None:
    # In a process of its own, whose threads and handlers are those of a command.
    words = [sys.executable, "-c", IGNORED, str(int(number)), command, "-p", "log-spectrum"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 128 + number, done.stderr
    assert done.stderr.strip().startswith("Error: interrupted.\nHint: ")


@pytest.mark.parametrize("timeout", ["99999999999999999999", "9223372036854775808h"])
def test_a_time_limit_beyond_every_timer_is_none(timeout: str, invoke: Any) -> None:
    outcome = invoke("run", "-p", "log-spectrum", "-n", "2", "-q", "--timeout", timeout)
    assert (outcome.code, outcome.err) == (0, "")


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
    problem = build_problem(load_spec("logreg"))
    honest = find_optimum(problem, cache=tmp_path)
    assert len(list((tmp_path / "optimum").glob("*.npz"))) == 1
    wrong = replace(honest, f_star=honest.f_star + 0.05)
    monkeypatch.setattr(prepare, "find_optimum", lambda problem, cache: wrong)
    outcome = invoke("run", "-p", "logreg")
    assert outcome.code == 3
    assert outcome.out == ""
    assert "refuted" in outcome.err
    assert list((tmp_path / "optimum").glob("*.npz")) == []


def test_strict_fails_on_a_violated_bound(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    args = ("run", "-p", "log-spectrum", "-s", "wngrad", "-n", "20")
    assert invoke(*args, "--strict").code == 0

    def failing(*args: Any) -> Any:
        return [replace(v, bound_verdict="fail", failed_at=1) for v in judge_theorems(*args)]

    monkeypatch.setattr(experiment, "judge_theorems", failing)
    assert invoke(*args).code == 0
    outcome = invoke(*args, "--strict")
    assert outcome.code == 1
    assert "VIOLATED 14 of 14" in outcome.out


def test_a_solver_that_raises_is_a_row_and_exit_3(
    invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lrbench.solvers.sgd import SGD

    def step(self: SGD, *args: Any) -> Any:
        raise ArithmeticError("no more steps")

    monkeypatch.setattr(SGD, "step", step)
    args = ("-p", "log-spectrum", "-n", "5", "--runner", "numpy", "--format", "json")
    outcome = invoke("run", *args)
    assert outcome.code == 3
    runs = json.loads(outcome.out)["problems"][0]["runs"]
    assert [r["status"] for r in runs] == ["completed", "completed", "failed"]
    assert runs[-1]["error"] == "ArithmeticError: no more steps"


@pytest.mark.parametrize("name", list(command_line.COMMANDS))
def test_an_exception_that_nobody_foresaw_has_a_code_of_its_own(
    name: str, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = command_line.group.get_command(click.Context(command_line.group), name)
    assert command is not None

    def fault(context: click.Context) -> None:
        raise ZeroDivisionError("a fault\nof two lines")

    monkeypatch.setattr(command, "invoke", fault)
    operands = {
        "show": ("problem", "logreg"),
        "list": ("solvers",),
        "record": ("--iterates", "w.npy"),
        "new": ("solver", "rule.py"),
        "compare": ("a.json", "b.json"),
        "plot": ("a.json",),
        "report": ("a.json", "-o", "a.html"),
        "test": ("sgd",),
    }
    args = (name, *operands.get(name, ()))
    if isinstance(command, click.Group):
        args = (name, next(iter(command.commands)))
    monkeypatch.delenv(command_line.TRACEBACK, raising=False)
    outcome = invoke(*args)
    assert outcome.code == 70
    error, hint = outcome.err.splitlines()
    place = "cli/test_run_endings.py"
    assert error.startswith(
        f"Error: lrbench has a fault: ZeroDivisionError: a fault of two lines ({place}"
    )
    assert hint.startswith("Hint: report it")
    monkeypatch.setenv(command_line.TRACEBACK, "1")
    assert "Traceback" in invoke(*args).err


def lrbench(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lrbench", *args],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | env,
    )


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which `lrbench` is this interpreter's; any part that fails counts."""
    line = command.replace("lrbench", f"{sys.executable} -m lrbench", 1)
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "command",
    [
        "lrbench run -p log-spectrum -n 9 --format json | head -c 1",
        "lrbench run -p log-spectrum -n 9 | true",
        "lrbench run -p log-spectrum -n 900 --format csv | head -1",
        "lrbench theory -p log-spectrum | true",
        "lrbench list theorems | true",
        "lrbench sys-info | true",
        "lrbench --help | true",
    ],
)
def test_a_reader_may_close_the_pipe(command: str) -> None:
    done = shell(command)
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    "command", ["run -p log-spectrum -n 9", "run -p log-spectrum --format json", "list solvers"]
)
def test_a_full_disk_is_an_error(command: str) -> None:
    done = shell(f"lrbench {command} > /dev/full")
    assert done.returncode == 3
    lines = done.stderr.splitlines()
    assert [line.split(":")[0] for line in lines] == ["Error", "Hint"]
    assert "No space left" in lines[0]


def test_a_closed_stderr_is_no_error() -> None:
    assert shell("lrbench run -p log-spectrum -n 9 2>&-").returncode == 0


def test_a_full_stderr_keeps_the_exit_code() -> None:
    assert shell("lrbench run -p nope 2>/dev/full").returncode == 2


def test_save_and_save_weights_may_not_be_one_file(invoke: Any, tmp_path: Path) -> None:
    file = tmp_path / "one"
    args = ("run", "-p", "log-spectrum", "-n", "3", "--force")
    outcome = invoke(*args, "--save", str(file), "--save-weights", str(tmp_path / "." / "one"))
    assert outcome.code == 2
    assert outcome.out == ""
    assert not file.exists()


def test_a_result_is_saved_even_if_stdout_is_full(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    file = tmp_path / "saved.json"
    assert shell(f"lrbench run -p log-spectrum -n 3 --save {file} > /dev/full").returncode == 3
    assert json.loads(file.read_text())["format"] == "lrbench-result"


@pytest.mark.parametrize("form", list(REPORTS))
@pytest.mark.parametrize("option", ["--save", "--save-weights"])
def test_the_page_is_there_if_a_file_cannot_be_written(
    option: str, form: str, invoke: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(path: Path, fill: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    args = ("run", "-p", "log-spectrum", "-n", "3", "--format", form, "-q")
    page = invoke(*args).out
    monkeypatch.setattr(files, "write_atomically", full)
    outcome = invoke(*args, option, str(tmp_path / "file"))
    assert outcome.code == 3
    assert "cannot be written: no space left" in outcome.err
    assert len(outcome.out) > 0.9 * len(page)  # clocks and the recorded command differ


def test_a_terminal_without_utf8_shows_the_table() -> None:
    done = lrbench(
        "run", "-p", "log-spectrum", "-n", "5", "--format", "table", PYTHONIOENCODING="ascii"
    )
    assert done.returncode == 0, done.stderr
    assert "wngrad" in done.stdout
