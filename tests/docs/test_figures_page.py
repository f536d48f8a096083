"""The page on figures, followed from an empty folder."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from lrbench.cli.figure_options import KINDS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "how-to" / "figures.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(python|console|text)\n(.*?)```", PAGE, re.DOTALL)


SAME = 0.02
"""The share of characters below which two drawings are the same."""


def differing(drawing: str, other: str) -> float:
    """Return the share of characters that differ: rounding may move a letter of a curve."""
    assert len(drawing.splitlines()) == len(other.splitlines())
    pairs = zip(drawing.ljust(len(other)), other.ljust(len(drawing)), strict=True)
    return sum(a != b for a, b in pairs) / len(drawing)


def test_the_page_runs_from_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Any
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    outputs: list[str] = []
    names: dict[str, Any] = {}
    for kind, code in BLOCKS:
        if kind == "python":
            exec(compile(code, "figures.md", "exec"), names)
        elif kind == "console":
            for line in code.splitlines():
                outcome = invoke(*shlex.split(line.removeprefix("$ "))[1:])
                assert outcome.code == 0, outcome.err
                outputs.append(outcome.out)
        elif ":" in code.splitlines()[0] and "F - f*" in code:
            assert differing(code, outputs[-1]) < SAME
        else:
            Path("mine.mplstyle").write_text(code)
            styled = invoke("plot", "flagship.json", "--style", "mine.mplstyle", "-o", "mine.svg")
            assert styled.code == 0, styled.err
    written = {path.name for path in tmp_path.iterdir()}
    assert {
        "convergence.pdf",
        "sensitivity.pdf",
        "sensitivity.py",
        "rates.svg",
        "map.svg",
    } <= written
    assert names["along"].legends[0].get_title().get_text() == ""
    assert names["figure"].axes[0].get_ylim() == (1e-9, 1e3)


def test_the_page_knows_every_kind() -> None:
    table = PAGE.split("\n## Other kinds\n")[1].split("\n## ")[0]
    assert set(re.findall(r"(?m)^\| `(\w+)`", table)) == set(KINDS)


def test_a_wrong_drawing_is_seen() -> None:
    (drawing,) = [code for kind, code in BLOCKS if kind == "text" and "F - f*" in code]
    assert differing(drawing, drawing.replace("BBBB", "    ")) > SAME
