"""Copies of lrbench whose code is edited, and what commands then see."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lrbench.cache import source_hash

Edit = tuple[str, str, str]
"""A module of lrbench, a text in it, and what takes its place."""


def copied(folder: Path) -> Path:
    """Return a copy of lrbench and of its problems that can be edited."""
    package = folder / "lrbench"
    shutil.copytree(source_hash.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    spec = importlib.util.find_spec("lrbench.problems")
    assert spec is not None
    assert spec.submodule_search_locations
    if not (package / "problems").exists():
        shutil.copytree(spec.submodule_search_locations[0], package / "problems")
    return package


def ran(code: str, folder: Path, *arguments: str) -> Any:
    """Return what `code` prints as JSON, run on the copy of lrbench in `folder`."""
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", code, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "LRBENCH_CACHE_DIR": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def seen_after(edits: Sequence[Edit], look: str, folder: Path) -> tuple[Any, list[Any]]:
    """Return what a new process sees on a copy of lrbench, as it is and after each edit alone.

    Parameters
    ----------
    edits
        Each is undone before the next; None is seen after one that breaks the process.
    look
        The code of a function ``look()`` that returns what to compare; it imports lrbench itself.
    folder
        Where the copy is made, and where the processes run.
    """
    package = copied(folder)
    changes = []
    for name, old, new in edits:
        assert old in (package / name).read_text(), f"{name} has changed: give the edit anew"
        changes.append((str(package / name), old, new))
    (folder / "edits.json").write_text(json.dumps(changes))
    before, *after = ran(look + EACH_EDIT, folder, "edits.json")
    return before, after


EACH_EDIT = """
import json, os, signal, sys
from pathlib import Path
import numpy, scipy.sparse, scipy.linalg, sklearn.datasets, threadpoolctl

def alone():
    # Return what a new process sees: content and entry of each problem, or None if it fails.
    source, sink = os.pipe()
    child = os.fork()
    if not child:
        try:
            signal.alarm(10)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            os.write(sink, json.dumps(look()).encode())
        finally:
            os._exit(0)
    os.close(sink)
    with os.fdopen(source) as file:
        text = file.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else None

changes = json.loads(Path(sys.argv[1]).read_text())
seen = [alone()]
for path, old, new in changes:
    text = Path(path).read_text()
    Path(path).write_text(text.replace(old, new, 1))
    seen.append(alone())
    Path(path).write_text(text)
assert alone() == seen[0] != None
print(json.dumps(seen))
"""
