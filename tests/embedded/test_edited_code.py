"""The key of a stored cell changes with every module of which its numbers may depend."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from edited import copied

from lrbench.cache import source_hash

RUN = """
import json, sys
import lrbench
import numpy as np

class Mine(lrbench.Solver):
    def init(self, W, lr0, facts):
        return lr0
    def step(self, W, lr, oracle):
        return lrbench.Step(oracle.descend(W, lr, oracle.gradient(W)), lr, lr)

for runner in ("numpy", None):
    result = lrbench.sweep(
        "logreg", solvers=[Mine(), "wngrad", "outside:lbfgs"], lr0=[0.3, 2.0], batch_size=None,
        iterations=5, jobs=1, runner=runner,
    )
    assert not result.failures
    lrbench.run("logreg", solvers=["sgd", "adam"], batch_size=8, iterations=5, runner=runner)
names = [n for n in sys.modules if n.partition(".")[0] == "lrbench"]
files = [getattr(sys.modules[name], "__file__", None) for name in names]
print(json.dumps(sorted({file for file in files if file and file.endswith(".py")})))
"""

EXEMPT = {
    "__init__.py": "names",
    "api.py": "options, which are in the key of the experiment",
    "cache": "files, whose content is checked",
    "config": "options, which are in the key of the experiment",
    "data": "the data as they are built are in the key of the experiment",
    "errors.py": "texts",
    "experiment": "the order of jobs, on which no number depends",
    "optimum": "the digits of the optimum are in the key of the experiment",
    "plan": "the budget and the lanes are in the keys",
    "plugins": "the code of the user is in the key of the cell",
    "problem_files": "the problem as it is built is in the key of the experiment",
    "results": "what is made of the traces",
    "solvers": "the files of a solver are in the key of its cells",
    "study": "what is made of the traces",
    "theory": "what is made of the traces",
    "verdicts": "what is made of the traces",
    "version.py": "METHOD is in the hash, and the version is not",
}
"""The modules, and the folders of modules, that are not in the hash of what makes numbers, and why
their edits need no new cells."""


PACKAGE = source_hash.PACKAGE


@pytest.fixture(scope="module")
def imported() -> list[Path]:
    """Return the files of lrbench that runs import, by their places in it."""
    done = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    paths = map(Path, json.loads(done.stdout))
    return [path.relative_to(PACKAGE) for path in paths if path.is_relative_to(PACKAGE)]


def test_every_module_that_a_run_imports_is_in_the_hash_or_exempt(
    imported: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = copied(tmp_path)
    monkeypatch.setattr(source_hash, "PACKAGE", package)
    monkeypatch.setattr(source_hash, "_syntax", bytes)  # parsing takes long
    hash_now = source_hash.numbers_hash.__wrapped__
    before = hash_now()
    seen: set[Path] = set()
    unseen: set[Path] = set()
    for place in imported:
        if place.name == source_hash.REGISTRY:
            continue
        copy = package / place
        text = copy.read_text(encoding="utf-8")
        copy.write_text(f"{text}\nEDITED = 1\n", encoding="utf-8")
        (unseen if hash_now() == before else seen).add(place)
        copy.write_text(text, encoding="utf-8")
    assert hash_now() == before
    units = {place.parts[0] for place in seen}
    assert {"arrays.py", "engine", "kernels", "losses", "objective", "penalties"} <= units
    assert {place for place in unseen if place.parts[0] not in EXEMPT} == set()


def test_what_solvers_stand_on_is_in_the_hash() -> None:
    """The hash of a solver of the user is of its own text."""
    roots = [PACKAGE / name for name in source_hash.NUMBERS]
    files = [p for root in roots for p in (root.rglob("*.py") if root.is_dir() else [root])]
    imports = {p for p in source_hash.with_imports(files) if p.name != source_hash.REGISTRY}
    solvers = {p for p in imports if p.is_relative_to(PACKAGE / "solvers")}
    assert PACKAGE / "solvers" / "base.py" in solvers
    assert solvers <= set(files)


def test_every_exemption_is_of_something(imported: list[Path]) -> None:
    assert {place.parts[0] for place in imported} >= EXEMPT.keys()
