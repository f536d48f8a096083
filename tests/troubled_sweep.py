"""A sweep on a machine in trouble: how it ends, and whether anything wrong remains of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import Outcome
from faults import troubled
from in_process import invoke

from lrbench.cache import source_hash
from lrbench.experiment.jobs.processes import NO_POOL

DATA = "".join(f"{(-1) ** (k % 3)} 1:{k / 7!r} 2:{k * k % 11}\n" for k in range(1, 40))

LOST = ("its worker died twice", NO_POOL)
"""How the error of a run begins that was lost with its worker."""

ENDINGS = ("all right", "what failed is said", "a part", "refused")
"""How a sweep in trouble may end."""

FILES = ("a.svm", "cache", "out.json", "s.sqlite")


def with_data(folder: Path) -> Path:
    """Write the data into a folder, and return the folder."""
    (folder / "a.svm").write_text(DATA)
    return folder


def sweep(folder: Path) -> Outcome:
    """Sweep in two processes with data, a cache, a store and a saved file, all in one folder."""
    words = ["sweep", "-d", str(folder / "a.svm"), "-s", "sgd", "-s", "wngrad", "--lr0", "0.1:10:3"]
    words += ["--batch-size", "4", "-n", "12", "-r", "5", "-j", "2", "-q", "--timeout", "60"]
    words += ["--store", str(folder / "s.sqlite"), "--save", str(folder / "out.json"), "--force"]
    source_hash.numbers_hash.cache_clear()
    source_hash.solver_hash.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LRBENCH_CACHE_DIR", str(folder / "cache"))
        return invoke(*words, "--format", "json")


def numbers(text: str) -> tuple[Any, dict[Any, Any]]:
    """Return what a result says of its problem, and its runs without their times."""
    (problem,) = json.loads(text)["problems"]
    runs = {}
    for run in problem["runs"]:
        del run["trace"]["seconds"], run["evaluation_seconds"]
        runs[json.dumps(run["solver"]), run["seed"], run["lr0"]] = run
    return problem["constants"], runs


def outcome(seed: int, folder: Path, right: str) -> tuple[list[str], str]:
    """Sweep on a machine in the trouble of a seed, and then on a sound one.

    Parameters
    ----------
    seed
        Chooses what happens.
    folder
        An empty folder.
    right
        What the sweep prints where nothing happens.

    Returns
    -------
    tuple
        What the seed chose, and how the first sweep ended.

    Raises
    ------
    AssertionError
        If a number is wrong that is not said to be missing, if an exit code is, or if the second
        sweep differs from one on which nothing happened.
    """
    with_data(folder)
    with troubled(seed) as kinds:
        first = sweep(folder)
    constants, runs = numbers(right)
    assert first.code in (0, 3), first
    assert (first.code == 3) == first.err.startswith("Error: "), first
    all_right, said, part, ending = ENDINGS
    if first.out:
        found_constants, found = numbers(first.out)
        assert found_constants == constants
        assert found.keys() == runs.keys()
        lost = {cell for cell, run in found.items() if run["status"] == "failed"}
        stopped = {cell for cell, run in found.items() if run["status"] == "interrupted"}
        assert all(found[cell]["error"].startswith(LOST) for cell in lost)
        assert not lost or ("a worker dies" in kinds and first.code == 3)
        assert not stopped or "the disk is slow" in kinds
        for cell in found.keys() - lost - stopped:
            assert found[cell] == runs[cell]
        ending = part if lost or stopped else said if first.code else all_right
    else:
        assert first.code == 3
    saved = folder / "out.json"
    if saved.exists():
        assert "a write is torn" in kinds or numbers(saved.read_text()) == numbers(first.out)
    assert {path.name for path in folder.iterdir()} <= set(FILES)
    assert list(folder.rglob("*.part")) == []
    second = sweep(folder)
    assert (second.code, second.err) == (0, "")
    assert numbers(second.out) == numbers(right)
    shutil.rmtree(folder)
    return kinds, ending
