"""The pytest plugin in a suite that is not lrbench's."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
ON_CI = ("CI", "BUILD_NUMBER")

SUITE = """
import lrbench as module

def test_passes(lrbench):
    assert lrbench.check("log-spectrum", solvers="gd", lr0="1/L", expect="bound = pass").passed

def test_fails(lrbench):
    lrbench.check("log-spectrum", solvers="gd", lr0="1/L", expect="rate >= 50")

def test_fails_without_the_fixture():
    module.check("log-spectrum", solvers="gd", lr0="1/L", expect="rate >= 50")

def test_misspelt(lrbench):
    lrbench.run("log-spectrm", solvers="gd")

def test_misspelt_in_a_check(lrbench):
    lrbench.check("log-spectrum", solvers="gd", baseline="b.jsonl", tolerance=1e-9)

def test_chained(lrbench):
    lrbench.check("log-spectrum", solvers="gd", baseline=".")

def test_of_its_own_mistake(lrbench):
    lrbench.run("log-spectrum", 1, 2)

def test_keyword(lrbench):
    lrbench.check("log-spectrum", solver="gd")

def test_keyword_outside():
    module.check("log-spectrum", solver="gd")

def test_keyword_of_run(lrbench):
    lrbench.run("log-spectrum", solver="gd")

def test_keyword_of_record():
    module.record("log-spectrum", solvers="mine")

def test_all_public_names(lrbench):
    assert all(getattr(lrbench, name) is getattr(module, name) for name in module.__all__
               if name != "check")
    assert lrbench.run("log-spectrum", solvers="gd", lr0="1/L", iterations=3).problems
"""

BASELINE = """
def test_baseline(lrbench):
    lrbench.check("log-spectrum", solvers="gd", lr0="RATE/L", iterations=20, baseline="b.jsonl")
"""

IDLE = """
def test_nothing():
    pass
"""

CONFTEST = """
import sys

def pytest_collection_finish(session):
    ours = sorted(name for name in sys.modules if name.split(".")[0] in {"lrbench", "numpy"})
    print("imported:", *ours)
"""


RESULT = """
import pytest

@pytest.mark.parametrize("rate", ["1/L", "0.5/L"])
def test_result(lrbench, rate):
    result = lrbench.run("log-spectrum", solvers="gd", lr0=rate, iterations=30)
    lrbench.check(result, expect="rate >= 50")
"""


def suite(
    folder: Path, *words: str, cached: bool = False, **files: str
) -> subprocess.CompletedProcess[str]:
    """Run pytest, with every warning an error, on files in a folder that is not lrbench's."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    command = ["-W", "error", "-m", "pytest", "-W", "error"]
    command += [] if cached else ["-p", "no:cacheprovider"]
    # Not by its entry point, which the tree under test may not be installed with.
    command += ["-p", "lrbench.pytest_plugin", "-q", "--color", "no", *words]
    # Where one of `ON_CI` is set, pytest repeats every message, whole, in its summary.
    environment = {key: value for key, value in os.environ.items() if key not in ON_CI}
    environment |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the report of each test of `SUITE` that fails."""
    done = suite(tmp_path_factory.mktemp("foreign"), test_it=SUITE)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.startswith(".FFFFFFFFFF."), done.stdout
    parts = re.split(r"(?m)^_+ (test_\w+) _+$", done.stdout.partition("short test summary")[0])
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", ["test_fails", "test_fails_without_the_fixture"])
def test_a_failing_check_shows_its_line_the_figures_and_the_command(
    name: str, reports: dict[str, str]
) -> None:
    text = reports[name]
    lines = [line[1:].strip() for line in text.splitlines() if line.startswith((">", "E"))]
    call, title, finding, command = lines
    assert call.endswith('.check("log-spectrum", solvers="gd", lr0="1/L", expect="rate >= 50")')
    assert title.endswith(
        "CheckFailedError: FAIL log-spectrum: log-spectrum, sgd, lr0 = 1/L, full batches"
    )
    assert re.match(r"FAIL rate >= 50 \[sgd, lr0 = 1\]: measured 0\.99\d*, wanted >= 50: ", finding)
    assert command == "to see the runs: lrbench run --problem log-spectrum -s gd --lr0 1/L"
    assert re.findall(r"(?m)^(\S+):\d+: ", text) == ["test_it.py"]  # no frame of lrbench


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("test_misspelt", "there is no problem 'log-spectrm'.", "did you mean log-spectrum?"),
        (
            "test_misspelt_in_a_check",
            "the tolerance of 'log-spectrum' is 1e-09.",
            "give a number from 1e-07 (baselines have eight digits) to 1.",
        ),
    ],
)
def test_a_mistake_of_the_test_has_no_frame_of_lrbench_and_its_hint(
    name: str, message: str, hint: str, reports: dict[str, str]
) -> None:
    text = reports[name]
    assert f"UsageError: {message}\nE       Hint: {hint}\n" in text
    assert re.findall(r"(?m)^(\S+):\d+: ", text) == ["test_it.py"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("test_keyword", "solvers"),
        ("test_keyword_outside", "solvers"),
        ("test_keyword_of_run", "solvers"),
        ("test_keyword_of_record", "solver"),
    ],
)
def test_a_wrong_keyword_has_no_frame_of_lrbench_and_the_right_one(
    name: str, meant: str, reports: dict[str, str]
) -> None:
    text = reports[name]
    error = re.search(r"E +TypeError: \w+\(\) got an unexpected keyword argument '\w+': (.*)", text)
    assert error is not None
    assert error[1] == f"did you mean {meant}?"
    assert re.findall(r"(?m)^(\S+):\d+: ", text) == ["test_it.py"]


def test_the_cause_of_an_error_is_not_shown(reports: dict[str, str]) -> None:
    text = reports["test_chained"]
    assert "cannot be read: is a directory.\nE       Hint: check the path.\n" in text
    assert "IsADirectoryError" not in text


def test_any_other_exception_keeps_its_frames(reports: dict[str, str]) -> None:
    assert "TypeError" in reports["test_of_its_own_mistake"]


def test_full_trace_shows_every_frame(tmp_path: Path) -> None:
    done = suite(tmp_path, "--full-trace", "-k", "misspelt_in", test_it=SUITE)
    assert "lrbench/gate/check.py" in done.stdout


def test_a_baseline_lies_beside_its_test_and_is_made_by_an_option(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    test = tmp_path / "tests" / "test_it.py"
    test.write_text(BASELINE.replace("RATE", "0.5"))
    missing = suite(tmp_path)
    assert missing.returncode == 1
    assert "pytest --lrbench-update" in missing.stdout
    assert list((tmp_path / "tests").glob("*.jsonl")) == []
    assert suite(tmp_path, "--lrbench-update").returncode == 0
    baseline = tmp_path / "tests" / "b.jsonl"
    before = baseline.read_bytes()
    assert suite(tmp_path).returncode == 0
    test.write_text(BASELINE.replace("RATE", "0.25"))
    changed = suite(tmp_path)
    assert changed.returncode == 1
    assert "its baseline is of: log-spectrum, sgd, lr0 = 0.5/L" in changed.stdout
    assert baseline.read_bytes() == before


def test_a_result_that_fails_is_kept_and_a_command_shows_it(
    tmp_path: Path, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = suite(tmp_path, cached=True, test_it=RESULT)
    assert done.returncode == 1
    commands = re.findall(r"(?m)^E +to see the runs: (.*)$", done.stdout)
    assert len(commands) == 2
    for command, rate in zip(commands, (1.0, 0.5), strict=True):
        words = shlex.split(command)
        assert words[:2] == ["lrbench", "show"]
        shown = invoke(*words[1:], "--format", "json")
        (run,) = json.loads(shown.out)["problems"][0]["runs"]
        assert run["lr0"] == pytest.approx(rate)
    uncached = suite(tmp_path)
    assert uncached.stdout.count("no command repeats these runs") == 2
    assert "During handling" not in uncached.stdout


def test_a_suite_that_does_not_use_it_imports_nothing(tmp_path: Path) -> None:
    done = suite(tmp_path, "-s", test_it=IDLE, conftest=CONFTEST)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("imported:")]
    assert line.split()[1:] == ["lrbench", "lrbench.pytest_plugin", "lrbench.version"]


def test_it_is_an_entry_point() -> None:
    text = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    assert "pytest11 =\n    lrbench = lrbench.pytest_plugin\n" in text
