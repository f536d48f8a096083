"""The page on optimisers of torch and optax, followed to the letter in an empty folder."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from conftest import Invoke

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "how-to" / "torch-and-optax.md").read_text(encoding="utf-8")
TORCH, OPTAX, SCRIPT = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^\$ lrbench (.*)$", PAGE, re.MULTILINE)


@pytest.fixture
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("optax")
    for name, text in (("my_opt.py", TORCH), ("my_tx.py", OPTAX)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_works(command: str, invoke: Invoke) -> None:
    outcome = invoke(*shlex.split(command))
    assert outcome.code == 0, outcome.err
    names = [word.partition("[")[0] for word in shlex.split(command) if ":" in word]
    for name in (name for name in names if name.startswith(("torch:", "optax:"))):
        assert name in outcome.out


@pytest.mark.slow
@pytest.mark.usefixtures("_folder")
def test_the_script_of_the_page_works() -> None:
    exec(compile(SCRIPT, "script.py", "exec"), {})
