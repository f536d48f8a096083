"""`lrbench check` that is interrupted, or whose reader leaves."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from check_config import CONFIG, set_up, two_sentences

from lrbench.engine.control import STOPPING
from lrbench.experiment.jobs.base import Serial

LRBENCH = [sys.executable, "-m", "lrbench"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return set_up(tmp_path, monkeypatch)


@pytest.mark.parametrize(("number", "code"), [(number, 128 + number) for number in STOPPING])
def test_a_signal_shows_what_was_judged(
    number: signal.Signals, code: int, here: Path, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, calls = Serial.__call__, []

    def interrupted(self: Serial, *args: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:
            os.kill(os.getpid(), number)
        return go(self, *args)

    monkeypatch.setattr(Serial, "__call__", interrupted)
    (here / "lrbench.toml").write_text(CONFIG.replace("baseline = true", ""))
    found = invoke("check", "--junit", "x.xml")
    assert found.code == code
    assert "PASS first" in found.out
    assert "1 of 2 checks passed" in found.out
    assert "interrupted: 1 of 2 checks were judged." in found.err
    assert ET.parse(here / "x.xml").getroot().get("errors") == "1"


def test_an_interrupted_save_leaves_the_old_baselines(
    here: Path, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke("check", "--save-baseline", "-q")
    file = here / "lrbench-baselines.jsonl"
    before = file.read_bytes()
    go = Serial.__call__

    def interrupted(self: Serial, *args: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return go(self, *args)

    monkeypatch.setattr(Serial, "__call__", interrupted)
    assert invoke("check", "--update-baseline", "first").code == 130
    assert file.read_bytes() == before


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LRBENCH_JOBS": "1"}
    line = f'lrbench() {{ {shlex.join(LRBENCH)} "$@"; }}; {command}'
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_whoever_closes_stdout_does_not_make_it_pass(here: Path) -> None:
    fails = CONFIG.replace("status = completed", "rate >= 50").replace("baseline = true", "")
    (here / "lrbench.toml").write_text(fails)
    piped = shell("lrbench check --junit x.xml | true; exit ${PIPESTATUS[0]}", here)
    assert (piped.returncode, piped.stderr) == (1, "")
    assert ET.parse(here / "x.xml").getroot().get("failures") == "1"
    for lost in ("> /dev/full", ">&-"):
        refused = shell(f"lrbench check {lost}", here)
        assert refused.returncode == 3
        assert two_sentences(refused.stderr)


def test_names_that_stdout_cannot_say(here: Path) -> None:
    (here / "lrbench.toml").write_text(CONFIG.replace("and second", "\N{GREEK SMALL LETTER LAMDA}"))
    found = shell("PYTHONIOENCODING=ascii lrbench check", here)
    assert (found.returncode, found.stderr) == (3, "")
    assert r"PASS \u03bb" in found.stdout
