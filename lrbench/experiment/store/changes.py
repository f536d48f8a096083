"""Changes of a store as a whole: merged with others, and pruned."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lrbench.experiment.store.cells import run_of
from lrbench.experiment.store.contents import is_current
from lrbench.experiment.store.database import (
    no_note,
    opened,
    refusals,
    to_stderr,
    transaction,
)
from lrbench.experiment.store.digests import row_digest
from lrbench.experiment.store.rows import (
    DIGESTED,
    INSERT,
    Experiment,
    cells_where,
    check_cells,
    checked_cells,
    experiments_in,
    path_of,
    sum_of,
    upgrade,
    write_experiment,
)


def merge_stores(connection: sqlite3.Connection, others: Sequence[str | Path]) -> int:
    """Copy the cells of other stores that this one does not have; return their number.

    Raises
    ------
    LrbenchError
        If one of the stores is damaged. Those before it are copied then.
    """
    into = path_of(connection)
    check_cells(connection, into)
    count = 0
    for path in others:
        with (
            opened(path, note=no_note, waits=to_stderr) as other,
            refusals(into),
            transaction(connection),
        ):
            count += _merge(connection, checked_cells(other, path))
    return count


def _merge(
    connection: sqlite3.Connection, cells: Iterable[tuple[Experiment, dict[str, Any]]]
) -> int:
    """Insert the cells whose keys are new, inside the transaction of the caller."""
    upgrade(connection)
    digests: dict[Experiment, list[bytes]] = {}
    for experiment, row in cells:
        values = [row[name] for name in DIGESTED]
        digest = row_digest("cells", values)
        written = (*values, row["added"], digest)
        if connection.execute(f"INSERT OR IGNORE {INSERT}", written).rowcount:
            digests.setdefault(experiment, []).append(digest)
    for experiment, new in digests.items():
        here = experiments_in(connection, experiment.id)
        noted, _ = here.get(experiment.id, (Experiment(*experiment[:5]), True))
        write_experiment(connection, noted, noted.sum.plus(new))
    return sum(map(len, digests.values()))


def prune_cells(
    connection: sqlite3.Connection,
    *,
    stale: bool,
    problem: str | None = None,
    solver: str | None = None,
) -> int:
    """Delete cells, and free their disk space; return the number of deleted cells.

    Parameters
    ----------
    stale
        Whether only cells that were made by other code than this are deleted.
    problem, solver
        Delete only cells with this problem or solver, by name; None for any.
    """
    conditions, values = ["1"], []
    if stale:
        for made_by in connection.execute("SELECT DISTINCT name, source FROM cells").fetchall():
            if is_current(*made_by) is not False:
                conditions.append("NOT (name = ? AND source = ?)")
                values += made_by
    if solver is not None:
        conditions.append("? IN (solver, name)")
        values.append(solver)
    if problem is not None:
        conditions.append("experiment IN (SELECT id FROM experiments WHERE name = ?)")
        values.append(problem)
    where = " AND ".join(conditions)
    digests: dict[str, list[bytes]] = {}
    with transaction(connection):
        upgrade(connection)
        query = f"SELECT experiment, digest FROM cells WHERE {where}"
        for experiment, digest in connection.execute(query, values):
            digests.setdefault(experiment, []).append(digest)
        count = connection.execute(f"DELETE FROM cells WHERE {where}", values).rowcount
        for experiment, pruned in digests.items():
            for noted, intact in experiments_in(connection, experiment).values():
                if intact:  # a damaged one must not get a digest that fits it
                    write_experiment(connection, noted, noted.sum.plus(pruned, -1))
        connection.execute("DELETE FROM experiments WHERE cells = 0")
    connection.execute("VACUUM")  # not allowed inside a transaction
    return count


def prune_damaged(connection: sqlite3.Connection) -> int:
    """Delete the cells that are damaged, or of a damaged experiment; return their number.

    The sums of the other experiments are those of the cells that are left, so that lost cells are
    no longer missed.
    """
    with transaction(connection):
        upgrade(connection)
        connection.execute("REINDEX")  # an index of a damaged row may be another one
        experiments = experiments_in(connection)
        rowids = [
            (row["rowid"],)
            for row, intact in cells_where(connection)
            if not (intact and run_of(row) and experiments.get(row["experiment"], ("", False))[1])
        ]
        connection.executemany("DELETE FROM cells WHERE rowid = ?", rowids)
        connection.execute("DELETE FROM experiments")
        for experiment, _ in experiments.values():
            cells = sum_of(connection, experiment.id)
            if cells.rows:
                write_experiment(connection, experiment, cells)
    connection.execute("VACUUM")  # not allowed inside a transaction
    return len(rowids)
