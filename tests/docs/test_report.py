"""The commands of the page on reports do what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from conftest import Invoke

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "how-to" / "report.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Invoke
) -> None:
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"^\$ lrbench (.*)$", PAGE, re.MULTILINE)
    done = [invoke(*shlex.split(command)) for command in commands]
    assert [outcome.code for outcome in done] == [0] * 4
    (note,) = re.findall(r"^Note: report.html has (\d+) kB\.$", PAGE, re.MULTILINE)
    (size,) = re.findall(r"^Note: report.html has (\d+) kB\.$", done[1].err, re.MULTILINE)
    assert float(size) == pytest.approx(float(note), rel=0.1)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    for question in re.findall(r"^\| (.*\?) \|", PAGE, re.MULTILINE):
        assert question in text
    assert (tmp_path / "both.html").stat().st_size > (tmp_path / "report.html").stat().st_size
