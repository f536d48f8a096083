"""A store in the hands of others: damaged, shared, full, foreign, or of an odd name."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from stored import OPTIONS, Counting, swept, without_clocks

from lrbench.engine.control import Control
from lrbench.errors import LrbenchError, UsageError
from lrbench.experiment.jobs import Job, JobOutcome, SharedProblem
from lrbench.experiment.run_plan import run_plan
from lrbench.experiment.store import (
    database,
    merge_stores,
    opened,
    prune_cells,
    result_of,
    store_at,
    stored_cells,
)
from lrbench.experiment.store.rows import experiments_in, write_experiment
from lrbench.plan.plan import Plan
from lrbench.problem_files import load_spec, spec_from_data


@pytest.mark.parametrize("content", [b"text", b"SQLite format 3\0" + b"\0" * 200, b"\xff" * 5000])
def test_another_file_is_refused_and_left_alone(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes(content)
    with pytest.raises(LrbenchError), store_at(path):
        pass
    assert path.read_bytes() == content


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    with pytest.raises(UsageError, match="not a store"), store_at(path):
        pass


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with opened(path, create=True) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(UsageError, match="of version 99"), store_at(path):
        pass


def test_a_missing_store_and_a_missing_folder_are_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no store"), opened(tmp_path / "s.sqlite"):
        pass
    with pytest.raises(UsageError, match="there is no folder"), store_at(tmp_path / "a" / "s"):
        pass
    with pytest.raises(UsageError, match="is a folder"), store_at(tmp_path):
        pass


@pytest.mark.parametrize("name", [":memory:", "file:s?mode=memory", 'it\'s "é".sqlite', b"\xff.db"])
def test_any_name_is_that_of_a_file(
    name: str | bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(os.fsdecode(name))
    swept(path, lr0=[1.0])
    assert path.is_file()
    with opened("into.sqlite", create=True) as connection:
        assert merge_stores(connection, [path]) == 2


def test_two_commands_may_make_a_store_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pragma, path = database._pragma, tmp_path / "s.sqlite"

    def while_another_makes_it(connection: sqlite3.Connection, name: str) -> int:
        value = pragma(connection, name)
        monkeypatch.setattr(database, "_pragma", pragma)
        with opened(path, create=True):
            pass
        return value

    monkeypatch.setattr(database, "_pragma", while_another_makes_it)
    assert swept(path)[1] == 10
    assert swept(path)[1] == 0


def test_a_sweep_whose_experiment_is_pruned_is_in_the_store_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"

    class Pruning(Counting):
        def __call__(
            self, jobs: Sequence[Job], shared_problems: Sequence[SharedProblem], control: Control
        ) -> Iterator[tuple[Job, JobOutcome]]:
            for ended in super().__call__(jobs, shared_problems, control):
                with opened(path) as connection:
                    prune_cells(connection, stale=True, problem="logreg")
                yield ended
                with opened(path) as connection:
                    prune_cells(connection, stale=False, solver="wngrad")

    plan = Plan(sweep=True, lr0="1e-2:1e2:5", **OPTIONS)
    with store_at(path) as kept:
        run_plan(plan, [load_spec("logreg")], Control(), executor=Pruning(), store=kept)
    with opened(path) as connection:
        assert [(e.solver, e.cells) for e in stored_cells(connection)] == [("sgd", 5)]


def test_a_full_disk_is_called_a_full_disk(tmp_path: Path) -> None:
    plan = Plan(sweep=True, lr0="1e-2:1e2:33", **OPTIONS)
    with store_at(tmp_path / "s.sqlite") as kept:
        assert kept is not None
        kept._connection.execute("PRAGMA max_page_count = 8")
        result = run_plan(plan, [load_spec("logreg")], Control(), store=kept)
    ((name, error),) = result.failures
    assert name == "store"
    assert "is full" in error.message
    assert len(result.problems[0].runs) == len(plan.built) * len(plan.seeds) * 33
    assert swept(tmp_path / "s.sqlite")[1] == 10


def test_a_store_is_read_in_a_folder_that_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.sqlite"
    swept(path)
    monkeypatch.setattr(os, "access", lambda *args: False)
    with opened(path) as connection:
        assert len(result_of(connection, path).problems[0].runs) == 10
        assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(LrbenchError, match="readonly"), opened(path) as connection:
        prune_cells(connection, stale=False, solver="sgd")


@pytest.mark.parametrize(
    "damage",
    [
        "columns = '['",
        "trace = x'00'",
        "status = 'x'",
        "params = '3'",
        "shown = '{'",
    ],
)
def test_a_damaged_cell_is_said_and_run_again(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    swept(path)
    with opened(path) as connection:
        connection.execute(f"UPDATE cells SET {damage} WHERE lr0 = 1.0 AND name = 'sgd'")
    with pytest.raises(LrbenchError, match="damaged"), opened(path) as connection:
        result_of(connection, path)
    again, ran = swept(path)
    assert ran == 1
    assert without_clocks(again) == without_clocks(swept(None)[0])
    with opened(path) as connection:
        assert len(result_of(connection, path).problems[0].runs) == 10


@pytest.mark.parametrize("header", ["[", "3", "{}"])
def test_a_damaged_experiment_is_said(header: str, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    swept(path)
    with opened(path) as connection:
        connection.execute("UPDATE experiments SET header = ?", (header,))
    with pytest.raises(LrbenchError), opened(path) as connection:
        result_of(connection, path)


def test_what_another_program_says_of_a_problem_is_refused_by_its_place(tmp_path: Path) -> None:
    """The digest is right: nothing is damaged, and no other row is to blame."""
    path = tmp_path / "s.sqlite"
    swept(path)
    with opened(path) as connection:
        ((experiment, _),) = experiments_in(connection).values()
        header = json.loads(experiment.header) | {"n_samples": "many"}
        write_experiment(connection, experiment._replace(header=json.dumps(header)), experiment.sum)
        with pytest.raises(UsageError) as caught:
            result_of(connection, path)
    assert caught.value.message == f"{path}: logreg: n_samples is not an integer."


def test_held_out_samples_are_part_of_a_cell(tmp_path: Path) -> None:
    rows = [f"{(-1) ** k} 1:{k % 7} 2:{k % 3 - 1}" for k in range(60)]
    for name, part in {"train": rows[:40], "a": rows[40:50], "b": rows[50:]}.items():
        (tmp_path / name).write_text("\n".join(part) + "\n")
    store = tmp_path / "s.sqlite"
    seen = []
    for test in (None, tmp_path / "a", tmp_path / "b", tmp_path / "a"):
        counting = Counting()
        spec = spec_from_data(str(tmp_path / "train"), test=None if test is None else str(test))
        plan = Plan(sweep=True, solvers="sgd", lr0=[0.1], iterations=5)
        with store_at(store) as kept:
            result = run_plan(plan, [spec], Control(), executor=counting, store=kept)
        losses = result.problems[0].runs[0].trace.get("test_loss")
        seen.append((counting.lanes, None if losses is None else float(losses[-1])))
    assert [lanes for lanes, _ in seen] == [1, 1, 1, 0]
    assert seen[0][1] is None
    assert seen[1][1] == seen[3][1] != seen[2][1]


def test_of_cells_made_on_two_kinds_of_machine_the_newest_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.sqlite"
    swept(path)
    monkeypatch.setattr(platform, "machine", lambda: "abacus")
    assert swept(path)[1] == 10
    with opened(path) as connection:
        assert len(result_of(connection, path).problems[0].runs) == 10


def test_a_store_says_the_budget_and_not_the_longest_run(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    first, _ = swept(path, lr0=[1.0], solvers=["wngrad"], passes=100)
    with opened(path) as connection:
        shown = result_of(connection, path)
        (entry,) = stored_cells(connection)
    assert max(run.status_at for run in first.problems[0].runs) < entry.iterations
    assert shown.problems[0].sweep == first.problems[0].sweep
    assert entry.iterations == Plan(**OPTIONS | {"passes": 100}).steps(569)
