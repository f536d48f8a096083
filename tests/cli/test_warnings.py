"""Warnings of other libraries are notes of one line, each once, and none with --quiet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WARNING = """\
import warnings
import lrbench

warnings.warn("the module is\\nold.", DeprecationWarning)

@lrbench.rate_rule
def warning(lr, grad_norm_sq):
    warnings.warn("a step is taken", UserWarning)
    warnings.warn_explicit("as elsewhere", FutureWarning, "other.py", 3)
    warnings.warn_explicit("as elsewhere", FutureWarning, "other.py", 4)
    return lr, lr
"""


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("command", ["run", "sweep", "check"])
def test_each_is_one_line_of_stderr(command: str, quiet: bool, tmp_path: Path) -> None:
    (tmp_path / "warning.py").write_text(WARNING)
    (tmp_path / "c.toml").write_text(
        '[[check]]\nname = "a"\nproblem = "log-spectrum"\nsolver = "warning.py"\nlr0 = "1/L"\n'
        'iterations = 3\nexpect = ["status = completed"]\n'
    )
    words = ["-p", "log-spectrum", "-s", "warning.py", "--lr0", "1/L", "-n", "3"]
    words = ["--config", "c.toml"] if command == "check" else words
    done = subprocess.run(
        [sys.executable, "-m", "lrbench", command, *words, "-j", "1", *["-q"] * quiet],
        cwd=tmp_path,
        env={**os.environ, "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    notes = [
        "Note: the module is old (DeprecationWarning).",
        "Note: a step is taken (UserWarning).",
        "Note: as elsewhere (FutureWarning).",
    ]
    assert done.stderr.splitlines() == ([] if quiet else notes)
