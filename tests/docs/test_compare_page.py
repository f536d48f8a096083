"""The page on comparing results, followed to the letter in an empty folder."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from conftest import Invoke
from test_docs import differing, words

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "compare.md"


def test_the_page_works_and_its_output_is_real(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Invoke
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    rule, (shown,) = [
        re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL) for kind in ("python", "text")
    ]
    Path("decay.py").write_text(rule[0], encoding="utf-8")
    outputs = []
    for command in re.findall(r"^\$ (.*)$", text, re.MULTILINE):
        program, *arguments = shlex.split(command)
        if program == "sed":
            _, expression, file = arguments
            _, old, new, _ = expression.split("/")
            Path(file).write_text(rule[0].replace(old, new), encoding="utf-8")
            continue
        outcome = invoke(*arguments)
        assert outcome.code == 0, outcome.err
        outputs.append(outcome.out)
    assert words(outputs[2]) == words(shown)
    assert differing(outputs[2], shown) == []
    assert "| worse " in outputs[3]
