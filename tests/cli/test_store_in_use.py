"""A store that another command uses: every command that opens one says that it waits."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lrbench.experiment.store import connection as module
from lrbench.experiment.store import database
from lrbench.experiment.store.database import opened

SWEEP = ("sweep", "-p", "logreg", "-s", "gd", "--lr0", "1,2", "-n", "5", "-q")

READERS = {
    "list": ("store", "list", "s.sqlite"),
    "export": ("store", "export", "s.sqlite"),
    "merge from": ("store", "merge", "into.sqlite", "s.sqlite"),
    "merge into": ("store", "merge", "s.sqlite", "other.sqlite"),
    "prune": ("store", "prune", "s.sqlite", "--stale"),
    "show": ("show", "s.sqlite"),
    "plot": ("plot", "s.sqlite"),
    "compare": ("compare", "s.sqlite", "s.sqlite"),
    "sweep": (*SWEEP[:-1], "--store", "s.sqlite"),
}


@pytest.fixture(autouse=True)
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(database, "PATIENCE_SECONDS", 0.0)
    for place in (database, module):
        monkeypatch.setattr(place, "BUSY_SECONDS", 0.0)


@pytest.fixture
def holder(invoke: Any) -> Iterator[sqlite3.Connection]:
    """Hold a store with two cells so that nobody can read or write it."""
    for name in ("s.sqlite", "other.sqlite"):
        assert invoke(*SWEEP, "--store", name).code == 0
    with closing(sqlite3.connect("s.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
        connection.execute("SELECT count(*) FROM cells").fetchone()
        yield connection


@pytest.mark.parametrize("case", READERS)
def test_every_command_says_that_it_waits(
    case: str, holder: sqlite3.Connection, invoke: Any
) -> None:
    outcome = invoke(*READERS[case])
    note, error, hint = outcome.err.splitlines()
    waits = "is in use by another command; waiting for it up to 0 seconds."
    assert note.startswith("Note: the store ")
    assert note.endswith(waits)
    assert error.startswith("Error: the store ")
    assert "is in use by another command, for longer than 0 seconds." in error
    assert hint == "Hint: wait until that command has ended, and try again."
    assert outcome.code == 3


def test_with_quiet_it_waits_in_silence(holder: sqlite3.Connection, invoke: Any) -> None:
    outcome = invoke(*SWEEP, "--store", "s.sqlite")
    assert outcome.code == 3
    assert "Note" not in outcome.err


def test_it_goes_on_when_the_other_command_has_ended(holder: sqlite3.Connection) -> None:
    said = []

    def end_the_other(text: str) -> None:
        said.append(text)
        holder.close()

    with opened("s.sqlite", waits=end_the_other) as connection:
        assert connection.execute("SELECT count(*) FROM cells").fetchone()[0] == 2
    assert len(said) == 1


def test_a_store_that_nobody_uses_is_opened_without_a_note(invoke: Any) -> None:
    invoke(*SWEEP, "--store", "s.sqlite")
    outcome = invoke("store", "list", "s.sqlite")
    assert (outcome.code, outcome.err) == (0, "")
