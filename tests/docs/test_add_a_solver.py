"""The page on adding a solver, followed to the letter in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "how-to" / "add-a-solver.md").read_text(encoding="utf-8")


def block(heading: str, kind: str = "python") -> str:
    """Return the first block of code of this kind under a heading."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    match = re.search(rf"```{kind}\n(.*?)```", section, re.DOTALL)
    assert match is not None
    return match[1]


def insert(file: Path, before: str, text: str) -> None:
    """Insert a text before the only place where another one stands."""
    content = file.read_text(encoding="utf-8")
    assert content.count(before) == 1, before
    file.write_text(content.replace(before, text + before), encoding="utf-8")


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project with the page's solver, done as the page says."""
    root = tmp_path_factory.mktemp("extended")
    for source in ROOT.iterdir():
        if source.name in ("lrbench", "problems", "tests", "docs"):
            shutil.copytree(
                source, root / source.name, ignore=shutil.ignore_patterns("__pycache__")
            )
        elif source.is_file():
            shutil.copy(source, root / source.name)
    package = root / "lrbench"
    (package / "solvers" / "clipped_sgd.py").write_text(block("The module"), encoding="utf-8")
    insert(package / "solvers" / "__init__.py", '        "sgd": ', block("The registry"))
    function, entry = block("The reference recursion").rsplit("\n\n", 1)
    recursions = root / "tests" / "reference" / "recursions.py"
    insert(recursions, "REFERENCES: dict", function + "\n\n\n")
    insert(recursions, '    "sgd": Reference(sgd, ', entry)
    bib = package / "theory" / "references.bib"
    text = block("The paper", "bibtex")
    entries = re.split(r"(?m)^(?=@)", bib.read_text(encoding="utf-8"))
    entries = [*entries[1:], text + "\n"]
    entries.sort(key=lambda e: e.partition("{")[2].partition(",")[0])
    bib.write_text("\n".join(e.strip() + "\n" for e in entries), encoding="utf-8")
    with (root / "lrbench.toml").open("a", encoding="utf-8") as file:
        file.write("\n" + block("The gate", "toml"))
    _, *update = block("The gate", "console").split()
    done = run(root, "-m", *update)
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "LRBENCH_CACHE_DIR": str(root / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_tests_of_the_copy_pass(extended: Path) -> None:
    (command,) = re.findall(r"\$ python (-m pytest .*)", PAGE)
    # Those of the other solvers run in the project itself.
    options = ["-p", "no:cacheprovider", "-m", "slow or not slow", "-k", "clipped or baselines"]
    done = run(extended, *command.split(), *options)
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.count(".") > 50


@pytest.mark.slow
def test_the_page_shows_what_the_copy_prints(extended: Path) -> None:
    section = PAGE.split("\n## Theorems\n")[1]
    (command,) = re.findall(r"\$ lrbench (run .*)", section)
    (text,) = re.findall(r"```text\n(.*?)```", section, re.DOTALL)
    words = command.replace("'", "").split()
    done = run(extended, "-m", "lrbench", *words)
    assert done.returncode == 0, done.stderr
    assert text.strip() in done.stdout
