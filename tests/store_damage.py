"""Damage to a store: to the bytes of its file, and to its rows."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from lrbench.errors import LrbenchError
from lrbench.experiment.store import no_note, opened, result_of
from lrbench.experiment.store.rows import DIGESTED, checked_cells

PAGE = 4096
"""The size of a page of SQLite."""

TABLES = ("experiments", "cells")


def damaged_files(content: bytes, rng: random.Random, each: int) -> Iterator[tuple[str, bytes]]:
    """Yield the name of a kind of damage, and the bytes of a file with it, so many of each kind."""
    pages = len(content) // PAGE
    for _ in range(each):
        at, other = rng.randrange(len(content)), rng.randrange(len(content))
        yield "one bit", _with(content, at, bytes([content[at] ^ 1 << rng.randrange(8)]))
        yield "one byte", _with(content, at, rng.randbytes(1))
        yield "sixteen bytes", _with(content, at, rng.randbytes(16))
        yield "sixteen bytes copied", _with(content, at, content[other : other + 16])
        yield "cut off", content[:at]
        page, another = rng.randrange(pages) * PAGE, rng.randrange(pages) * PAGE
        yield "page of zeros", _with(content, page, bytes(PAGE))
        yield "page of noise", _with(content, page, rng.randbytes(PAGE))
        sector = page + rng.randrange(8) * 512
        yield "sector of zeros", _with(content, sector, bytes(512))
        swapped = _with(content, page, content[another : another + PAGE])
        yield "two pages swapped", _with(swapped, another, content[page : page + PAGE])
        yield "page written over another", _with(content, another, content[page : page + PAGE])


def _with(content: bytes, at: int, piece: bytes) -> bytes:
    return (content[:at] + piece + content[at + len(piece) :])[: len(content)]


def damaging_statements(path: Path) -> Iterator[tuple[str, list[tuple[str, tuple[Any, ...]]]]]:
    """Yield the name of a change of rows, and its statements of SQL with their parameters.

    Every column of every table is changed, in the first and in the last row, to several values of
    its type and to that of another row; every row is deleted, and every row is there twice.
    """
    with closing(sqlite3.connect(path)) as connection:
        for table in TABLES:
            info = connection.execute(f"PRAGMA table_info({table})").fetchall()
            columns, key = [row[1] for row in info], info[0][1]
            query = f"SELECT rowid, {', '.join(columns)} FROM {table} ORDER BY rowid"
            rows = connection.execute(query).fetchall()
            for row in rows:
                yield (
                    f"a row of {table} deleted",
                    [(f"DELETE FROM {table} WHERE rowid = ?", (row[0],))],
                )
                marks = ", ".join("?" * len(columns))
                copy = (f"0{row[1][1:]}"[::-1], *row[2:])
                insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
                yield f"a row of {table} twice", [(insert, copy)]
            for k, column in enumerate(columns, 1):
                update = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"
                for row, other in ((rows[0], rows[-1]), (rows[-1], rows[0])):
                    values = [*changed(row[k]), *([] if column == key else [other[k]])]
                    for value in values:
                        if value != row[k]:
                            yield f"{table}.{column}", [(update, (value, row[0]))]


def changed(value: Any) -> list[Any]:
    """Return other values of the type of this one."""
    if isinstance(value, str):
        other = "~" if value[-1:] != "~" else "!"
        return [value[:-1] + other, f"{value} ", "", value.swapcase(), value.replace("1", "2")]
    if isinstance(value, int):
        return [value + 1, -value - 1, 2**62]
    if isinstance(value, float):
        return [value * (1 + 2**-52), -value, 10 * value, 1e308]
    if isinstance(value, bytes):
        return [value[:-1] + bytes([value[-1] ^ 1]), value[:-8], b"", value[::-1]]
    return ["reshuffle", "replacement"]  # the one column that may have NULL


def change(path: Path, *statements: str | tuple[str, tuple[Any, ...]]) -> None:
    """Execute statements of SQL, with their parameters if they have any."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for statement in statements:
            connection.execute(*((statement,) if isinstance(statement, str) else statement))
        connection.commit()


def exported(path: Path) -> list[Any] | None:
    """Return all that a store exports, to compare; None if it is refused with an error."""
    try:
        with opened(path, note=no_note) as connection:
            problems = result_of(connection, path).problems
    except LrbenchError:
        return None
    runs = [
        [
            (replace(run, trace={}), {name: column.tobytes() for name, column in run.trace.items()})
            for run in problem.runs
        ]
        for problem in problems
    ]
    return [
        (replace(problem, runs=()), of_it) for problem, of_it in zip(problems, runs, strict=True)
    ]


def cells_of(path: Path) -> list[tuple[Any, ...]] | None:
    """Return the cells of a store, to compare; None if it is refused with an error."""
    try:
        with opened(path, note=no_note) as connection:
            return [
                (experiment[:5], *(row[name] for name in DIGESTED))
                for experiment, row in checked_cells(connection, path)
            ]
    except LrbenchError:
        return None
