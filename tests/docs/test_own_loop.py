"""The page on recording a loop, followed from an empty folder."""

from __future__ import annotations

import importlib.util
import inspect
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from test_docs import differing, words

import lrbench
from lrbench.results import Result

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "how-to" / "own-loop.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(python|console|text)\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_runs_from_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    outputs: list[str] = []
    ran = 0
    for kind, code in BLOCKS:
        if kind == "python":
            if "import torch" in code and importlib.util.find_spec("torch") is None:
                continue
            exec(compile(code, "own-loop.md", "exec"), names)
            ran += 1
        elif kind == "console":
            for line in code.splitlines():
                outcome = invoke(*shlex.split(line.removeprefix("$ "))[1:])
                assert outcome.code == 0, outcome.err
                outputs.append(outcome.out)
        else:
            lines = outputs[-1].splitlines()
            first = lines.index(code.splitlines()[0])
            output = "\n".join(lines[first : first + len(code.splitlines())])
            assert words(code) == words(output)
            assert differing(code, output) == []
    assert ran >= 5
    names["test_my_loop_converges"]()
    own, recorded = names["both"].problems[0].runs
    assert recorded.trace["suboptimality"] == pytest.approx(own.trace["suboptimality"], rel=1e-9)
    (run,) = Result.load("julia.json").problems[0].runs
    assert (run.solver.name, run.status_at) == ("julia-gd", 300)


def test_the_reference_names_what_there_is() -> None:
    page = (ROOT / "docs" / "reference" / "record.md").read_text(encoding="utf-8")
    recorder = lrbench.record("log-spectrum", solver="by-hand")
    arguments = {*inspect.signature(lrbench.record).parameters} - {"problem"}
    section = page.split("## lrbench.record\n")[1].split("\n## ")[0]
    table = section.split("\n\n")[1]
    assert set(re.findall(r"(?m)^\| `(\w+)`", table)) == arguments
    for name in re.findall(r"`recorder\.(\w+)", section):
        assert hasattr(recorder, name) or name == "result"
    methods = page.split("## lrbench.load_problem\n")[1].split("\n## ")[0].split("\n\n")[-1]
    pb = recorder.problem
    for row in re.findall(r"(?m)^\| (`[^|]*) \|", methods):
        for name in re.findall(r"`(\w+)", row):
            assert hasattr(pb, name), name
