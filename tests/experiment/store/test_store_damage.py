"""What a store holds is what was written, or it is said which cell is not."""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import Invoke
from store_damage import TABLES, change, damaged_files, damaging_statements, exported
from stored import OPTIONS, swept, version_1, without_clocks, without_digests

from lrbench.errors import LrbenchError
from lrbench.experiment.store import (
    merge_stores,
    opened,
    prune_damaged,
    result_of,
    stored_cells,
)
from lrbench.experiment.store.digests import DigestSum, row_digest

FULL: dict[str, Any] = {"solvers": ["gd"], "lr0": [0.3, 3.0], "batch_size": None, "passes": 7}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of two experiments, with 10 cells and 2 cells."""
    path = tmp_path_factory.mktemp("store") / "s.sqlite"
    swept(path)
    swept(path, **FULL)
    return path


@pytest.fixture
def store(kept: Path, tmp_path: Path) -> Path:
    path = tmp_path / "s.sqlite"
    path.write_bytes(kept.read_bytes())
    return path


def test_a_digest_tells_types_and_bits_and_borders_apart() -> None:
    rows: list[tuple[Any, ...]] = [
        (1, "a"),
        (1.0, "a"),
        ("1", "a"),
        (b"1", "a"),
        (None, "a"),
        ("None", "a"),
        (1, b"a"),
        (1, "a", None),
        (1, "", "a"),
        ("1, 'a'",),
        (1.0 + 2**-52, "a"),
        (float("inf"), "a"),
        (1, "\udce9"),
        (1, "é"),
        ("1", b""),
        ("1", None),
        (1, "b"),
    ]
    digests = {row_digest("cells", row) for row in rows}
    assert len(digests | {row_digest("experiments", rows[0])}) == len(rows) + 1
    # Of the format: a store is read by other versions of Python, and on other machines.
    written = row_digest("cells", ("é", 2**62, 0.1, None, bytes(range(256))))
    assert written.hex() == "542bc678bed5a2666102575bbdd99972"


def test_a_sum_of_digests_has_no_order_and_is_not_blind_to_pairs() -> None:
    a, b, c = (row_digest("cells", (k,)) for k in range(3))
    assert DigestSum().plus([a, b, c]) == DigestSum().plus([c]).plus([b, a])
    assert DigestSum().plus([a, b, c]).plus([b], -1) == DigestSum().plus([a, c])
    assert DigestSum().plus([a]).plus([a], -1) == DigestSum()
    assert DigestSum().plus([a, a]).total != 0


def test_no_change_of_a_column_and_no_lost_row_exports_other_numbers(
    store: Path, kept: Path
) -> None:
    content, expected = store.read_bytes(), exported(store)
    columns, refused = set(), set()
    for name, statements in damaging_statements(kept):
        store.write_bytes(content)
        try:
            change(store, *statements)
        except sqlite3.IntegrityError:  # SQLite itself forbids it
            continue
        outcome = exported(store)
        columns.add(name)
        if outcome is None:
            refused.add(name)
        else:
            assert outcome == expected, name
    # Only the time of adding may change.
    assert columns - refused == {"cells.added"}
    with closing(sqlite3.connect(kept)) as connection:
        named = {
            f"{table}.{row[1]}"
            for table in TABLES
            for row in connection.execute(f"PRAGMA table_info({table})")
        }
    assert named <= columns


def test_no_damaged_byte_or_page_exports_other_numbers(store: Path) -> None:
    content, expected = store.read_bytes(), exported(store)
    refused = 0
    for name, damaged in damaged_files(content, random.Random(0), each=12):
        store.write_bytes(damaged)
        outcome = exported(store)
        assert outcome in (None, expected), name
        refused += outcome is None
        for file in store.parent.glob("s.sqlite-*"):
            file.unlink()
    assert 60 < refused < 120


CELL = "WHERE name = 'sgd' AND lr0 = 1.0"

DAMAGES = [
    f"UPDATE cells SET status = 'diverged' {CELL}",
    f"UPDATE cells SET trace = zeroblob(length(trace)) {CELL}",
    f"UPDATE cells SET trace = x'00' {CELL}",
    f"UPDATE cells SET key = 'lost' {CELL}",
    f"UPDATE cells SET lr0 = 2.0 {CELL}",
    f"UPDATE cells SET experiment = 'none' {CELL}",
    f"UPDATE cells SET experiment = (SELECT id FROM experiments WHERE cells = 2) {CELL}",
    f"UPDATE cells SET digest = x'00' {CELL}",
    f"UPDATE cells SET solver = CAST(x'ff' AS TEXT) {CELL}",
    f"UPDATE cells SET seed = 9223372036854775807 {CELL}",
    f"DELETE FROM cells {CELL}",
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cell_is_named_and_run_again(
    damage: str, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = store.read_bytes()
    change(store, damage)
    with opened(store) as connection:
        for read in (stored_cells, lambda c: result_of(c, store), lambda c: merge_stores(c, [])):
            with pytest.raises(LrbenchError, match="damaged") as error:
                read(connection)
            assert "sweep" in error.value.hint
    other = store.with_name("other.sqlite")
    other.write_bytes(before)
    with (
        opened(other) as connection,
        pytest.raises(LrbenchError, match="damaged"),
    ):
        merge_stores(connection, [store])
    assert exported(other) is not None
    again, ran = swept(store)
    assert ran == 1
    note = capsys.readouterr().err
    assert re.search(r"seed \d+, of logreg; run again|1 of 10 cells of logreg are lost", note), note
    assert without_clocks(again) == without_clocks(swept(None)[0])
    assert exported(store) is not None
    assert swept(store)[1] == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM experiments WHERE cells = 10",
        "UPDATE experiments SET header = replace(header, 'logistic', 'squared') WHERE cells = 10",
        "UPDATE experiments SET id = 'lost' WHERE cells = 10",
        "UPDATE experiments SET cells = 11 WHERE cells = 10",
        "UPDATE experiments SET total = zeroblob(16) WHERE cells = 10",
    ],
)
def test_a_damaged_experiment_is_written_anew_and_nothing_is_run(damage: str, store: Path) -> None:
    expected = exported(store)
    change(store, damage)
    assert exported(store) is None
    assert swept(store)[1] == 0
    assert exported(store) == expected


def test_a_lost_cell_is_counted_and_an_older_one_in_its_place_is_seen(store: Path) -> None:
    change(store, f"DELETE FROM cells {CELL}")
    with opened(store) as connection, pytest.raises(LrbenchError, match="9 of 10 cells of logreg"):
        result_of(connection, store)
    older = store.with_name("older.sqlite")
    swept(older)
    with opened(store) as connection:  # of another time, with the digest that belongs to it
        connection.execute("ATTACH ? AS older", (str(older),))
        connection.execute(f"INSERT INTO cells SELECT * FROM older.cells {CELL}")
        connection.execute("DETACH older")
    with opened(store) as connection, pytest.raises(LrbenchError, match="but not their sum"):
        result_of(connection, store)
    assert swept(store)[1] == 0
    assert exported(store) is not None


@pytest.mark.parametrize("column", ["key", "experiment", "digest"])
def test_a_text_that_differs_from_its_index_is_mended_by_the_sweep(
    column: str, store: Path
) -> None:
    content = store.read_bytes()
    with closing(sqlite3.connect(store)) as connection:
        (value,) = connection.execute(f"SELECT {column} FROM cells {CELL}").fetchone()
    needle = value.encode() if isinstance(value, str) else value
    places = [match.start() for match in re.finditer(re.escape(needle), content)]
    assert len(places) > 1  # in the table and in an index
    for place in places:
        last = place + len(needle) - 1
        store.write_bytes(content[:last] + bytes([content[last] ^ 1]) + content[last + 1 :])
        swept(store)
        swept(store, **FULL)
        assert exported(store) is not None
        with opened(store) as connection:
            if column == "key":  # else a copy in the index may be damaged without any effect
                assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            assert connection.execute("SELECT count(*) FROM cells").fetchone()[0] == 12


def test_what_prune_leaves_of_a_damaged_problem_stays_damaged(store: Path, invoke: Invoke) -> None:
    change(store, "UPDATE experiments SET header = replace(header, 'logistic', 'squared')")
    assert invoke("store", "prune", "--solver", "wngrad[order=current]", str(store)).code == 0
    assert exported(store) is None


def test_what_another_sweep_made_stays_damaged_until_it_or_prune(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(store, f"UPDATE cells SET status_at = 0 {CELL}", "DELETE FROM cells WHERE lr0 = 100.0")
    swept(store, solvers=["wngrad"])
    note = capsys.readouterr().err
    assert "sgd, lr0 = 1.0, seed 0, of logreg; not of this sweep" in note
    assert "2 of 10 cells of logreg are lost" in note
    assert exported(store) is None
    with opened(store) as connection:
        assert prune_damaged(connection) == 1
        assert [entry.cells for entry in stored_cells(connection)] == [2, 5, 3]
    assert swept(store)[1] == 2


def test_damaged_experiments_and_orphans_are_pruned(store: Path) -> None:
    change(
        store,
        "UPDATE experiments SET name = 'other' WHERE cells = 2",
        f"UPDATE cells SET experiment = 'none' {CELL}",
    )
    with opened(store) as connection:
        assert prune_damaged(connection) == 3
        assert sum(entry.cells for entry in stored_cells(connection)) == 9


def test_a_pruned_store_has_the_sum_of_what_is_left(store: Path, invoke: Invoke) -> None:
    assert invoke("store", "prune", "--solver", "sgd", str(store)).out == "7 cells deleted\n"
    problems = exported(store)
    assert problems is not None
    assert [len(runs) for _, runs in problems] == [5]
    assert invoke("store", "prune", "--solver", "wngrad", "--damaged", str(store)).code == 2
    assert invoke("store", "prune", "--damaged", str(store)).out == "0 cells deleted\n"


@pytest.mark.parametrize(
    "args", [("show",), ("store", "export"), ("store", "list"), ("store", "merge", "into.sqlite")]
)
@pytest.mark.parametrize(
    "damage",
    [
        lambda path: change(path, f"UPDATE cells SET solver = CAST(x'ff41' AS TEXT) {CELL}"),
        lambda path: change(path, "PRAGMA writable_schema = 1", "DROP TABLE cells"),
        lambda path: change(path, "ALTER TABLE cells RENAME COLUMN lr0 TO rate"),
        lambda path: change(path, "PRAGMA application_id = 7"),
        lambda path: change(path, "PRAGMA user_version = 1"),
        lambda path: change(path, "PRAGMA user_version = -1"),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        lambda path: path.write_bytes(path.read_bytes()[:9]),
        lambda path: path.write_bytes(b"\xff" * 16 + path.read_bytes()[16:]),
        lambda path: path.write_bytes(path.read_bytes().replace(b"CREATE", b"CR\xe9ATE")),
        lambda path: path.write_bytes(
            path.read_bytes().replace(b"lr0 REAL", b"lr0 \xff\xff\xff\xff")
        ),
    ],
    ids=range(11),
)
def test_every_command_that_reads_ends_with_3_and_two_sentences(
    args: tuple[str, ...],
    damage: Callable[[Path], object],
    store: Path,
    invoke: Invoke,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(store.parent)
    damage(store)
    outcome = invoke(*args, str(store))
    assert (outcome.code, outcome.out) == (3, "")
    assert re.fullmatch(r"Error: the store .* damaged: .*\.\nHint: .*\.\n", outcome.err), (
        outcome.err
    )
    assert not (store.parent / "into.sqlite").exists()


def test_an_empty_file_is_a_store_to_be_and_no_store_to_read(
    tmp_path: Path, invoke: Invoke
) -> None:
    path = tmp_path / "s.sqlite"
    path.touch()
    assert invoke("store", "export", str(path)).code == 3
    assert swept(path, lr0=[1.0])[1] == 2


def test_a_store_of_version_1_is_read_and_called_unchecked(tmp_path: Path, invoke: Invoke) -> None:
    path = version_1(tmp_path / "s.sqlite")
    content = path.read_bytes()
    outcome = invoke("store", "export", str(path), "--format", "csv")
    assert outcome.code == 0
    assert outcome.err.count("without digests, and is not checked") == 1
    assert outcome.out.count("adam") == 16
    assert path.read_bytes() == content
    problems = exported(path)
    assert problems is not None
    assert [len(runs) for _, runs in problems] == [8, 1]
    shown = json.loads(invoke("store", "export", str(path), "--format", "json").out)["problems"]
    assert {problem["sweep"]["arrival"] for problem in shown} == {"first"}
    # The next command that writes makes it one of today, with the same numbers.
    assert invoke("store", "prune", "--solver", "none", str(path)).code == 0
    assert exported(path) == problems
    assert invoke("store", "export", str(path), "--format", "csv").err == ""
    change(path, "UPDATE cells SET status_at = status_at + 1 WHERE seed = 1 AND lr0 = 10.0")
    assert exported(path) is None


def test_a_sweep_goes_on_in_a_store_of_version_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "s.sqlite"
    swept(path)
    without_digests(path)
    assert swept(path)[1] == 0
    assert "not checked" in capsys.readouterr().err
    assert swept(path, lr0=[1.0, 5.0])[1] == 2
    assert "not checked" in capsys.readouterr().err
    assert swept(path)[1] == 0
    assert capsys.readouterr().err == ""
    problems = exported(path)
    assert problems is not None
    assert len(problems[0][1]) == 12


def test_stores_of_both_versions_merge(store: Path, tmp_path: Path) -> None:
    old, into = version_1(tmp_path / "old.sqlite"), tmp_path / "into.sqlite"
    with opened(into, create=True) as connection:
        assert merge_stores(connection, [old, store]) == 21
    with opened(old) as connection:
        assert merge_stores(connection, [into]) == 12
    # In one the older cells are first.
    by_size: Any = lambda problem: (len(problem[1]), problem[0].header.target)  # noqa: E731
    ours, theirs = exported(into), exported(old)
    assert ours is not None
    assert theirs is not None
    assert sorted(ours, key=by_size) == sorted(theirs, key=by_size)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE cells SET lr0 = -1.0",
        "UPDATE cells SET columns = '[\"iteration\"]'",
        "UPDATE cells SET params = '{\"order\": [1]}'",
        "UPDATE cells SET sampling = 'none'",
        "UPDATE experiments SET header = '{}'",
        "UPDATE experiments SET header = replace(header, ': 3', ': 1e999')",
        "UPDATE experiments SET id = 'x' WHERE rowid = 1",
    ],
)
def test_what_version_1_cannot_mean_is_refused(damage: str, tmp_path: Path) -> None:
    path = version_1(tmp_path / "s.sqlite")
    change(path, damage)
    assert exported(path) is None


def test_a_cell_of_version_1_under_a_wrong_key_is_run_again(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    swept(path)
    without_digests(path)
    change(path, f"UPDATE cells SET lr0 = 2.0 {CELL}")
    assert swept(path)[1] == 1


def test_a_sweep_of_its_own_store_says_nothing(store: Path, invoke: Invoke) -> None:
    change(store, f"UPDATE cells SET status_at = 0 {CELL}")
    args = ["sweep", "-p", "logreg", "-j", "1", "--lr0", "1e-2:1e2:5", "--store", str(store)]
    args += [*("-s", "wngrad", "-s", "sgd"), "--batch-size", "16", "--passes", "1"]
    assert OPTIONS == {"solvers": ["wngrad", "sgd"], "batch_size": 16, "passes": 1}
    quiet = invoke(*args, "--dry-run", "-q")
    assert (quiet.code, quiet.err) == (0, "")
    first = invoke(*args)
    assert first.code == 0
    assert "the cell sgd, lr0 = 1.0, seed 0, of logreg; run again." in first.err
    assert "Note:" not in invoke(*args).err
