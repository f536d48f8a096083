"""The tables of a store."""

from __future__ import annotations

import sqlite3
from typing import Final

APPLICATION: Final = 0x6C726273
"""`PRAGMA application_id`, the ASCII codes of "lrbs"."""

VERSION: Final = 2
"""`PRAGMA user_version`, the version of the schema; version 1 had no digests."""

EXPERIMENTS: Final = """
CREATE TABLE experiments (
    id TEXT PRIMARY KEY,      -- a hash of the problem, the setting and the budget
    name TEXT NOT NULL,       -- of the problem
    fingerprint TEXT NOT NULL,
    header TEXT NOT NULL,     -- JSON: what a result says of the problem, and "iterations"
    sweep INTEGER NOT NULL,   -- whether lanes ended at the target of a sweep
    cells INTEGER NOT NULL,   -- their number
    total BLOB NOT NULL,      -- the sum of the digests of the cells modulo 2^128
    digest BLOB NOT NULL      -- of the other columns
) STRICT
"""

CELLS: Final = """
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
    lr0 REAL NOT NULL,        -- 0 where the method has none
    seed INTEGER NOT NULL,
    status TEXT NOT NULL,
    status_at INTEGER NOT NULL,
    evaluation_seconds REAL NOT NULL,
    added TEXT NOT NULL,      -- UTC
    columns TEXT NOT NULL,    -- JSON: the names of the trace's columns
    trace BLOB NOT NULL,      -- float64, little endian, column after column
    digest BLOB NOT NULL      -- of the other columns but `added`
) STRICT
"""

INDEX: Final = "CREATE INDEX cells_by_experiment ON cells (experiment, digest)"
"""It has the digests, so that those of an experiment are summed without reading its traces."""

UPGRADE: Final = (
    "ALTER TABLE experiments ADD COLUMN cells INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE experiments ADD COLUMN total BLOB NOT NULL DEFAULT x''",
    "ALTER TABLE experiments ADD COLUMN digest BLOB NOT NULL DEFAULT x''",
    "ALTER TABLE cells ADD COLUMN digest BLOB NOT NULL DEFAULT x''",
    "DROP INDEX cells_by_experiment",
    INDEX,
)
"""From version 1 to version 2, without the digests themselves."""


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty database."""
    for statement in (EXPERIMENTS, CELLS, INDEX):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def tables(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """Return the names of the tables in a database, each with those of its columns."""
    query = """
        SELECT t.name, c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c
        WHERE t.type = 'table'
    """
    columns: dict[str, set[str]] = {}
    for table, column in connection.execute(query):
        columns.setdefault(table, set()).add(column)
    return columns
