"""Whatever write of a store fails, or wherever it is killed: a change is in it whole or not."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from conftest import Invoke
from disk import room_per_file
from faults import Faults, failing, nth, seeded
from store_damage import cells_of, change
from stored import swept, version_1, without_clocks, without_digests

from lrbench.errors import LrbenchError
from lrbench.experiment.store import (
    merge_stores,
    no_note,
    opened,
    prune_cells,
    prune_damaged,
    store_at,
)
from lrbench.experiment.store.store import Store
from lrbench.plan.plan import Plan
from lrbench.results import Result, Run

Change = Callable[[Path], object]

SGD = Plan(solvers="sgd").built[0][0]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of four cells."""
    path = tmp_path_factory.mktemp("store") / "s.sqlite"
    swept(path, lr0=[0.1, 1.0])
    return path


@pytest.fixture(scope="module")
def changes(kept: Path) -> dict[str, Change]:
    """Return what changes a store, by name."""
    with opened(kept) as connection:
        row = connection.execute("SELECT id FROM experiments").fetchone()
    result, _ = swept(None, lr0=[0.3, 3.0], solvers=["sgd"])
    runs: list[Run] = list(result.problems[0].runs)
    other = version_1(kept.parent / "other.sqlite")
    change(other, "DELETE FROM cells WHERE seed = 1 OR lr0 = 0.1")

    def put(path: Path) -> None:
        with store_at(path, no_note) as store:
            assert store is not None
            store.declare(row[0], "logreg", result.problems[0].header, 36, sweep=True)
            store.put(row[0], SGD, runs)

    def changed(change_: Callable[[sqlite3.Connection], object]) -> Change:
        def opened_and_changed(path: Path) -> None:
            with opened(path, note=no_note) as connection:
                change_(connection)

        return opened_and_changed

    return {
        "put": put,
        "merge": changed(lambda connection: merge_stores(connection, [other])),
        "prune": changed(lambda connection: prune_cells(connection, stale=False, solver="sgd")),
        "prune damaged": changed(prune_damaged),
    }


def refusal(change_: Change, path: Path) -> LrbenchError | None:
    """Return the error with which a change of a store ends."""
    try:
        change_(path)
    except LrbenchError as error:
        return error
    return None


NAMES = ("put", "merge", "prune", "prune damaged")


def start(name: str, kept: Path, path: Path) -> bytes:
    """Return the content of the store that a change begins with."""
    path.write_bytes(kept.read_bytes())
    if name == "prune damaged":
        change(path, "UPDATE cells SET status_at = 0 WHERE lr0 = 1.0")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "old"),
    [
        ("put", False),
        ("prune", False),
        *(
            pytest.param(name, old, marks=pytest.mark.slow)
            for name, old in (("merge", False), ("prune damaged", False), ("put", True))
        ),
    ],
)
def test_a_write_that_fails_changes_nothing(
    name: str, old: bool, kept: Path, changes: dict[str, Change], tmp_path: Path
) -> None:
    path = tmp_path / "s.sqlite"
    start(name, kept, path)
    if old:
        without_digests(path)
    content, before = path.read_bytes(), cells_of(path)
    changes[name](path)
    after = cells_of(path)
    for number in count(1):
        path.write_bytes(content)
        with failing(nth(number)) as faults:
            refused = refusal(changes[name], path)
        assert refused is None or (refused.exit_code, "disk" in refused.message) == (3, True)
        assert cells_of(path) in (before, after)
        assert [p.name for p in tmp_path.iterdir()] == ["s.sqlite"]
        if not faults.failed:
            assert cells_of(path) == after
            assert number > 10
            break
        changes[name](path)
        assert cells_of(path) == after


@pytest.mark.parametrize("name", NAMES)
def test_a_store_killed_at_any_statement_is_whole(
    name: str, kept: Path, changes: dict[str, Change], tmp_path: Path
) -> None:
    path = tmp_path / "s.sqlite"
    start(name, kept, path)
    before = cells_of(path)
    states: list[Any] = []
    copy = tmp_path / "killed"
    copy.mkdir()

    def killed(number: int) -> bool:
        for file in copy.iterdir():
            file.unlink()
        for file in tmp_path.glob("s.sqlite*"):
            (copy / file.name).write_bytes(file.read_bytes())
        states.append(cells_of(copy / path.name))
        return False

    with failing(Faults(killed)):
        changes[name](path)
    after = cells_of(path)
    assert len(states) > 10
    assert all(state in (before, after) for state in states)
    assert states[0] == before


def test_a_disk_that_fills_up_loses_no_cell(
    kept: Path, changes: dict[str, Change], tmp_path: Path
) -> None:
    path = tmp_path / "s.sqlite"
    content = start("put", kept, path)
    before = cells_of(path)
    for pages in count(1):
        for file in tmp_path.iterdir():
            file.unlink()
        path.write_bytes(content)
        with room_per_file(pages * 4096):
            refused = refusal(changes["put"], path)
        if refused is None:
            break
        assert refused.exit_code == 3
        assert cells_of(path) == before
    assert pages > 5
    assert cells_of(path) != before


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50))
def test_on_a_bad_disk_nothing_that_was_committed_is_lost(
    seed: int, changes: dict[str, Change], kept: Path, tmp_path: Path
) -> None:
    path = tmp_path / "s.sqlite"
    start("put", kept, path)
    faults = seeded(seed, 0.05)
    for name in ("put", "merge", "prune"):
        before = cells_of(path)
        with failing(faults):
            refused = refusal(changes[name], path)
        if refused is not None:
            after = cells_of(path)
            # What was pruned is committed before its disk space is freed.
            assert after == before or (name == "prune" and runs_in(after) == runs_in(before))
    assert faults.operations > 10
    for name in ("put", "merge", "prune"):
        changes[name](path)
    assert runs_in(cells_of(path)) == [2, 2]


def runs_in(cells: list[tuple[Any, ...]] | None) -> list[int]:
    """Return the number of cells of each experiment."""
    assert cells is not None
    return sorted(Counter(cell[0] for cell in cells).values())


@pytest.mark.slow
def test_a_sweep_whose_store_fails_ends_with_3_and_goes_on(tmp_path: Path, invoke: Invoke) -> None:
    path = tmp_path / "s.sqlite"
    args = ["sweep", "-p", "log-spectrum", "-s", "gd", "-n", "9", "-j", "1", "-q"]
    args += ["--lr0", "0.1:10:3", "--store", str(path), "--format", "json"]
    whole, gone_on = invoke(*args), 0
    for number in count(1):
        for file in tmp_path.iterdir():
            file.unlink()
        with failing(nth(number)) as faults:
            outcome = invoke(*args)
        if not faults.failed:
            break
        assert outcome.code in (0, 3)
        if outcome.code == 3:
            assert outcome.err.startswith("Error: ")
            assert outcome.err.count("\nHint: ") == 1
        if outcome.out:  # a store that fails on the way costs no run
            assert numbers(outcome.out) == numbers(whole.out)
            gone_on += outcome.code == 3
        assert {p.name for p in tmp_path.iterdir()} <= {"s.sqlite"}
        again = invoke(*args)
        assert again.code == 0
        assert numbers(again.out) == numbers(whole.out)
    assert number > 20
    assert gone_on > 5


def test_the_user_is_told_once_that_nothing_more_is_stored(
    tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any) -> None:
        raise LrbenchError("the store cannot be written.", "make room.")

    monkeypatch.setattr(Store, "put", full)
    words = ["sweep", "-p", "log-spectrum", "-s", "gd", "-s", "wngrad", "-n", "9", "-j", "1"]
    outcome = invoke(*words, "--store", str(tmp_path / "s.sqlite"))
    assert outcome.code == 3
    assert outcome.err.count("nothing more is stored") == 1
    assert outcome.err.count("Error: the store cannot be written.") == 1
    assert "Advice" in outcome.out


def numbers(text: str) -> Any:
    return without_clocks(Result.from_json(text))
