"""The SQLite file of a store: its schema, and how it is opened."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from lrbench.errors import LrbenchError, UsageError

APPLICATION = 0x6C726273
"""`PRAGMA application_id`, the ASCII codes of "lrbs"."""

VERSION = 1
"""`PRAGMA user_version`, the version of the schema."""

BUSY_SECONDS = 60.0
"""The time to wait for another command that is writing."""

MAGIC = b"SQLite format 3\0"

SCHEMA = """
CREATE TABLE experiments (
    id TEXT PRIMARY KEY,      -- a hash of the problem, the setting and the budget
    name TEXT NOT NULL,       -- of the problem
    fingerprint TEXT NOT NULL,
    header TEXT NOT NULL,     -- JSON: what a result says of the problem, and "iterations"
    sweep INTEGER NOT NULL    -- whether lanes ended at the target of a sweep
) STRICT;
CREATE TABLE cells (
    key TEXT PRIMARY KEY,     -- a hash of the experiment, the solver and the code, lr0 and seed
    experiment TEXT NOT NULL REFERENCES experiments (id),
    source TEXT NOT NULL,     -- hashes of the code of all solvers and of this one
    solver TEXT NOT NULL,     -- as tables show it
    name TEXT NOT NULL,       -- of the solver
    params TEXT NOT NULL,     -- JSON
    shown TEXT NOT NULL,      -- JSON
    batch_size INTEGER NOT NULL,
    sampling TEXT,            -- NULL for full batches
    lr0 REAL NOT NULL,
    seed INTEGER NOT NULL,
    status TEXT NOT NULL,
    status_at INTEGER NOT NULL,
    evaluation_seconds REAL NOT NULL,
    added TEXT NOT NULL,      -- UTC
    columns TEXT NOT NULL,    -- JSON: the names of the trace's columns
    trace BLOB NOT NULL       -- float64, little endian, column after column
) STRICT;
CREATE INDEX cells_by_experiment ON cells (experiment);
"""


def is_store(path: str | Path) -> bool:
    """Return whether the file at `path` is an SQLite database; pipes are not read."""
    try:
        if not Path(path).is_file():
            return False
        with Path(path).open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def opened(path: str | Path, *, create: bool = False) -> Iterator[sqlite3.Connection]:
    """Open a store for the block; changes are committed by `transaction` alone.

    Parameters
    ----------
    path
        The file.
    create
        Whether a missing file is made.

    Raises
    ------
    UsageError
        If there is no such file or folder, or the file is no store, or one of a newer version.
    LrbenchError
        If it cannot be read or written.

    Notes
    -----
    In WAL mode readers and one writer do not wait for each other, and a process that is killed
    leaves the last committed state. WAL needs a local disk. On a network file system each machine
    needs its own store, and these are merged later.
    """
    _check_path(Path(path), create)
    try:
        connection = _connection(Path(path).absolute(), create)
    except sqlite3.Error as error:
        raise _refused(path, error) from error
    with contextlib.closing(connection), refusals(path):
        try:
            _prepare(connection, str(path), create)
        except UnicodeDecodeError as error:  # SQLite quotes a damaged schema in its message
            raise sqlite3.DatabaseError("its schema is malformed") from error
        yield connection


@contextlib.contextmanager
def refusals(path: str | Path) -> Iterator[None]:
    """Raise errors of SQLite in the block as `LrbenchError`, with a hint."""
    try:
        yield
    except sqlite3.Error as error:
        cause = error
        if "decode to UTF-8" in str(error):  # its message contains the damaged text
            cause = sqlite3.DatabaseError("a text is malformed")
        raise _refused(path, cause) from error


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit all changes of the block, or none if it raises."""
    # IMMEDIATE takes the lock for writing at once, within the waiting time of the connection. A
    # transaction that has read before it writes may fail instead of waiting.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # where the disk is full, SQLite has rolled back itself
            connection.execute("ROLLBACK")
        raise


def _connection(file: Path, create: bool) -> sqlite3.Connection:
    """Connect to a file; its path is absolute, so that ``:memory:`` and ``file:x`` name files too.

    In WAL mode SQLite makes files beside the store even to read it. Where the folder cannot be
    written to, no other command can be writing either, and ``immutable`` tells SQLite so.
    """
    read_only = (
        not os.access(file.parent, os.W_OK) and not file.with_name(f"{file.name}-wal").exists()
    )
    if create or not read_only:
        return sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)
    return sqlite3.connect(f"{file.as_uri()}?immutable=1", isolation_level=None, uri=True)


def _check_path(path: Path, create: bool) -> None:
    if path.is_dir():
        raise UsageError(f"{path} is a folder.", "give the path of a store's file.")
    if not path.exists():
        if not create:
            raise UsageError(f"there is no store {path}.", "check the path.")
        if not path.absolute().parent.is_dir():
            raise UsageError(f"there is no folder {path.parent}.", "make it, or give another path.")
    elif path.stat().st_size and not is_store(path):
        raise UsageError(f"{path} is not a store.", "give another path; this file is not changed.")


def _prepare(connection: sqlite3.Connection, path: str, create: bool) -> None:
    """Check that the file is a store of a known version, and make the tables of a new one."""
    if _pragma(connection, "application_id") != APPLICATION:
        if not create:
            raise _foreign(path)
        with transaction(connection):
            _make_tables(connection, path)
    version = _pragma(connection, "user_version")
    if version > VERSION:
        raise UsageError(
            f"{path} is of version {version} of the format, and this lrbench reads {VERSION}.",
            "install a newer lrbench.",
        )
    if create:
        # Another command that has the store open has set the mode already, and locks it.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
    # In WAL mode a power cut then costs the last commits at most, and never the file.
    connection.execute("PRAGMA synchronous = NORMAL")


def _make_tables(connection: sqlite3.Connection, path: str) -> None:
    """Make the tables in an empty database, unless another command has just made them."""
    application = _pragma(connection, "application_id")
    if application == APPLICATION:
        return
    if application or connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        raise _foreign(path)
    for statement in SCHEMA.split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _foreign(path: str) -> UsageError:
    return UsageError(
        f"{path} is a database, but not a store of lrbench.",
        "give another path; this file is not changed.",
    )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _refused(path: str | Path, error: sqlite3.Error) -> LrbenchError:
    reason = str(error).rstrip(".")
    if isinstance(error, sqlite3.DatabaseError) and "malformed" in reason:
        return LrbenchError(f"the store {path} is damaged: {reason}.", "give another path.")
    return LrbenchError(
        f"the store {path} cannot be used: {reason}.", "check its permissions and the disk."
    )
