"""A configuration of two checks, and what an error looks like."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFIG = """
[[check]]
name = "first"
problem = "log-spectrum"
solver = "gd"
lr0 = "0.5/L"
iterations = 20
expect = ["bound = pass"]
baseline = true

[[check]]
name = "and second"
problem = "log-spectrum"
solver = "wngrad"
iterations = 20
expect = "status = completed"
"""


def set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working directory with a configuration; nothing is run beside this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LRBENCH_JOBS", "1")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    (tmp_path / "lrbench.toml").write_text(CONFIG)
    return tmp_path


def two_sentences(err: str) -> bool:
    lines = err.splitlines()
    return len(lines) == 2 and lines[0].startswith("Error: ") and lines[1].startswith("Hint: ")
