"""The modules that a key depends on are those that are imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from damage import DAMAGES, Damage, a_folder

from lrbench.cache import source_hash as sources

MODULES = sorted(sources.PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(sources.PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path): path for path in MODULES}


def imported(path: Path) -> Iterator[Path]:
    """Yield what a module imports of lrbench, by its syntax tree."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            for k in range(2, len(parts) + 1):
                if (module := ".".join(parts[:k])) in NAMES:
                    yield NAMES[module]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_imports_are_those_of_the_syntax_tree(path: Path) -> None:
    assert set(sources._imported(path.read_text())) == set(imported(path))


def test_imports_of_every_form_are_followed(tmp_path: Path) -> None:
    file = tmp_path / "loss.py"
    file.write_text(
        "import numpy, lrbench.losses.huber as h\n"
        "from lrbench.losses import (  # two of them\n    hinge as a,\n    squared,\n)\n"
        "def f():\n    from lrbench.penalties.box import Box, nothing\n"
        "from lrbench.data import *\n"
    )
    found = {name_of(path) for path in sources.with_imports([file]) if path != file}
    assert {f"lrbench.losses.{n}" for n in ("huber", "hinge", "squared")} < found
    assert {"lrbench.penalties.box", "lrbench.data", "lrbench.arrays"} < found
    assert not any(name.startswith(("lrbench.solvers", "lrbench.theory")) for name in found)


@pytest.mark.parametrize("damage", [*DAMAGES, a_folder])
def test_a_damaged_hash_is_made_again(damage: Damage, own_cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "rule.py"
    file.write_text('"""A rule."""\nscale = 0.5\n')
    right = sources._syntax_hash([file])
    (kept,) = (own_cache / "source").iterdir()
    whole = kept.read_bytes()
    for seed in range(20):
        damage(kept, Random(seed))
        assert sources._syntax_hash([file]) == right
        if kept.is_dir():
            kept.rmdir()
        kept.write_bytes(whole)
