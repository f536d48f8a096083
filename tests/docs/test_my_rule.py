"""The page on a rule of one's own, followed to the letter in an empty folder."""

from __future__ import annotations

import ast
import re
import shlex
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Invoke

import lrbench

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "how-to" / "my-rule.md").read_text(encoding="utf-8")
INSIDE = "docs/how-to/add-a-solver.md"  # on a module of lrbench itself
PAGES = [
    "README.md",
    *sorted({str(f.relative_to(ROOT)) for f in (ROOT / "docs").rglob("*.md")} - {INSIDE}),
]
FENCE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
BLOCKS = [match.groups() for match in FENCE.finditer(PAGE)]
RULE, GROWTH, SCRIPT = [text for kind, text in BLOCKS if kind == "python"]
(CONFIG, *_) = [text for kind, text in BLOCKS if kind == "toml"]
COMMANDS = re.findall(r"^\$ lrbench (.*)$", PAGE, re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {"my_rule.py": RULE, "growth.py": GROWTH, "lrbench.toml": CONFIG}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_rule_has_fifteen_lines_and_the_short_form_five() -> None:
    def lines(text: str) -> int:
        return sum(bool(line.strip()) for line in text.splitlines())

    assert lines(RULE) <= 15
    assert lines(GROWTH) == 5


@pytest.mark.usefixtures("folder")
@pytest.mark.slow
def test_every_command_of_the_page_works(invoke: Invoke) -> None:
    assert len(COMMANDS) > 4
    for command in COMMANDS:
        outcome = invoke(*shlex.split(command))
        assert outcome.code == 0, outcome.err
        assert "not known" in outcome.out or "power-norm" in outcome.out or "growth" in outcome.out


def test_the_script_of_the_page_works(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(folder))
    exec(compile(SCRIPT, "script.py", "exec"), {})
    monkeypatch.delitem(sys.modules, "my_rule")


@pytest.mark.usefixtures("folder")
def test_its_power_of_2_is_adagrad_norm_over_the_same_scales() -> None:
    problem = lrbench.run(
        "logreg",
        solvers=["my_rule.py:PowerNorm[p=2]", "adagrad-norm"],
        over="scale=1e-2:1e4:7",
        iterations=20,
    ).problems[0]
    by_eta: dict[Any, list[Any]] = {}
    for run in problem.runs:
        by_eta.setdefault(run.over["eta"], []).append(run)
    assert len(by_eta) == 7
    for own, other in by_eta.values():
        assert own.lr0 == other.lr0 == own.over["eta"]
        np.testing.assert_allclose(own.trace["objective"], other.trace["objective"], rtol=1e-9)


def imported(text: str) -> Iterator[tuple[str, str]]:
    """Yield the module and the name of each import from lrbench, and of each use of its names."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            yield from ((str(node.module), alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "__version__") for alias in node.names)
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "lrbench":
            yield "lrbench", node.attr


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_page_uses_stable_names_alone(page: str) -> None:
    blocks = [
        textwrap.dedent(text)
        for kind, text in FENCE.findall((ROOT / page).read_text(encoding="utf-8"))
        if kind == "python" and not re.search(r"def test_\w+\(lrbench\)", text)  # a fixture
    ]
    names = {pair for text in blocks for pair in imported(text) if pair[0].startswith("lrbench")}
    stable = {("lrbench", name) for name in lrbench.__all__}
    assert {pair for pair in names if pair[0] != "lrbench.torch"} - stable == set()


def test_the_page_of_stable_names_lists_the_public_ones() -> None:
    page = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    assert {f"lrbench.{name}" for name in lrbench.__all__} == set(
        re.findall(r"`(lrbench\.\w+)`", page)
    )
    assert f"`lrbench.api_version` is {lrbench.api_version}." in page
