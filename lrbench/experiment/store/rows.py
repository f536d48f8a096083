"""The rows of a store: written with their digests, and checked against them when they are read."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from lrbench.errors import LrbenchError, quoted_path
from lrbench.experiment.store.database import refusals, snapshot
from lrbench.experiment.store.digests import DIGEST_BYTES, DigestSum, SQLValue, row_digest
from lrbench.experiment.store.schema import UPGRADE, VERSION

DIGESTED: Final = (
    *("key", "experiment", "source", "solver", "name", "params", "shown", "batch_size"),
    *("sampling", "lr0", "seed", "status", "status_at", "evaluation_seconds", "columns", "trace"),
)
"""The columns of a cell that its digest is of, in this order."""

WRITTEN: Final = (*DIGESTED, "added", "digest")

INSERT: Final = f"INTO cells ({', '.join(WRITTEN)}) VALUES ({', '.join('?' * len(WRITTEN))})"
"""What follows INSERT OR … for a cell: the values of `DIGESTED`, time of adding and digest."""

CHUNK: Final = 500
"""The number of keys in one query."""

NAMED: Final = 5
"""The most damaged cells that a message names."""


class Experiment(NamedTuple):
    """A row of the table of experiments, without its digest."""

    id: str
    name: str
    fingerprint: str
    header: str
    """JSON."""
    sweep: int
    cells: int = 0
    total: bytes = bytes(DIGEST_BYTES)

    @property
    def sum(self) -> DigestSum:
        """The number of its cells and the sum of their digests."""
        return DigestSum(self.cells, int.from_bytes(self.total, "big"))


def has_digests(connection: sqlite3.Connection) -> bool:
    """Return whether the rows of the store have digests."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0]) > 1


def cells_where(
    connection: sqlite3.Connection, condition: str = "1", values: Sequence[SQLValue] = ()
) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield cells in the order in which they were added, and whether each is as it was written.

    Parameters
    ----------
    connection
        The store.
    condition, values
        An expression on the columns, and its parameters.

    Notes
    -----
    A row is a dictionary of `WRITTEN` and "rowid"; its digest is None in a store that has none.
    The condition is evaluated in a query of its own, because SQLite would take the columns that an
    index has from there, and a damaged row with an undamaged index would pass.
    """
    digests = has_digests(connection)
    names = [*DIGESTED, "added", "digest", "rowid"]
    columns = ", ".join(names if digests else [*DIGESTED, "added", "NULL", "rowid"])
    rows = "" if condition == "1" else f"WHERE rowid IN (SELECT rowid FROM cells WHERE {condition})"
    query = f"SELECT {columns} FROM cells {rows} ORDER BY rowid"
    for row in connection.execute(query, values):
        intact = not digests or row[-2] == row_digest("cells", row[: len(DIGESTED)])
        yield dict(zip(names, row, strict=True)), intact


def experiments_in(
    connection: sqlite3.Connection, identifier: str | None = None
) -> dict[str, tuple[Experiment, bool]]:
    """Return the experiments by `id`, all or one, and whether each row is as it was written."""
    digests = has_digests(connection)
    names = Experiment._fields if digests else Experiment._fields[:5]
    digest = "digest" if digests else "NULL"
    rows = "WHERE rowid IN (SELECT rowid FROM experiments WHERE id = ?)" if identifier else ""
    query = f"SELECT {', '.join(names)}, {digest} FROM experiments {rows}"
    return {
        row[0]: (
            Experiment(*row[:-1]),
            not digests or row[-1] == row_digest("experiments", row[:-1]),
        )
        for row in connection.execute(query, (identifier,) if identifier else ())
    }


def write_experiment(
    connection: sqlite3.Connection, experiment: Experiment, cells: DigestSum
) -> None:
    """Write a row of the table of experiments, which may be there already, with this sum."""
    total = cells.total.to_bytes(DIGEST_BYTES, "big")
    row = experiment._replace(cells=cells.rows, total=total)
    connection.execute(
        f"INSERT OR REPLACE INTO experiments ({', '.join(row._fields)}, digest)"
        f" VALUES ({', '.join('?' * len(row))}, ?)",
        (*row, row_digest("experiments", row)),
    )


def sum_of(connection: sqlite3.Connection, experiment: str) -> DigestSum:
    """Return the number of the cells of an experiment, and the sum of the digests in their rows."""
    query = "SELECT digest FROM cells WHERE experiment = ?"
    return DigestSum().plus(digest for (digest,) in connection.execute(query, (experiment,)))


def digests_of(connection: sqlite3.Connection, keys: Sequence[str]) -> list[bytes]:
    """Return the digests of those of the cells with these keys that there are."""
    digests = []
    for chunk in chunks(keys):
        marks = ", ".join("?" * len(chunk))
        query = f"SELECT digest FROM cells WHERE key IN ({marks})"
        digests += [digest for (digest,) in connection.execute(query, chunk)]
    return digests


def chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield keys in parts that are few enough for one query, because SQLite limits parameters."""
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]


def upgrade(connection: sqlite3.Connection) -> None:
    """Give a store without digests its digests, inside the transaction of the caller."""
    if has_digests(connection):
        return
    digests = [
        (row_digest("cells", [row[name] for name in DIGESTED]), row["rowid"])
        for row, _ in cells_where(connection)
    ]
    experiments = experiments_in(connection)
    for statement in UPGRADE:
        connection.execute(statement)
    connection.executemany("UPDATE cells SET digest = ? WHERE rowid = ?", digests)
    for experiment, _ in experiments.values():
        write_experiment(connection, experiment, sum_of(connection, experiment.id))
    connection.execute(f"PRAGMA user_version = {VERSION}")


def checked_cells(
    connection: sqlite3.Connection, path: str | Path
) -> Iterator[tuple[Experiment, dict[str, Any]]]:
    """Yield all cells in the order in which they were added, each with its experiment.

    Raises
    ------
    LrbenchError
        If a cell or an experiment is not as it was written, or was lost. It is raised at the end,
        so that all of them are counted; what was yielded must not be used then.
    """
    damages: list[str] = []
    sums: dict[str, DigestSum] = {}
    not_intact: Counter[str] = Counter()
    with refusals(path), snapshot(connection):
        experiments = experiments_in(connection)
        names = {key: quoted_path(experiment.name) for key, (experiment, _) in experiments.items()}
        for row, intact in cells_where(connection):
            key = row["experiment"]
            if row["digest"] is not None:
                sums[key] = sums.get(key, DigestSum()).plus([row["digest"]])
            if key not in experiments:
                damages.append(f"{cell_name(row)}, of a problem that is lost")
            elif not intact:
                not_intact[key] += 1
                damages.append(f"{cell_name(row)}, of {names[key]}")
            else:
                yield experiments[key][0], row
        checked = has_digests(connection)
    for key, (experiment, intact) in experiments.items() if checked else ():
        cells = sums.get(key, DigestSum())
        if not intact:
            damages.append(f"what it says of the problem {names[key]}")
        elif cells.rows != experiment.cells:
            damages.append(f"it has {cells.rows} of {experiment.cells} cells of {names[key]}")
        elif cells != experiment.sum and not not_intact[key]:
            damages.append(f"the number of cells of {names[key]} is right, but not their sum")
    if damages:
        raise damaged(path, damages)


def check_cells(connection: sqlite3.Connection, path: str | Path) -> None:
    """Read all of a store, and raise `LrbenchError` if it is damaged."""
    for _ in checked_cells(connection, path):
        pass


def path_of(connection: sqlite3.Connection) -> str:
    """Return the absolute path of the file that is connected to."""
    return str(connection.execute("PRAGMA database_list").fetchone()[2])


def cell_name(row: Mapping[str, Any]) -> str:
    """Return what messages call a cell, of which anything may be damaged."""
    rate = f", lr0 = {row['lr0']}" if row["lr0"] else ""
    return f"the cell {quoted_path(row['solver'])}{rate}, seed {row['seed']}"


def listed(places: Iterable[str]) -> str:
    """Return the first `NAMED` of some places in a row, and the number of the others."""
    names = list(places)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return "; ".join(names[:NAMED]) + more


def damaged(path: str | Path, damages: Sequence[str]) -> LrbenchError:
    """Return the error for rows that are damaged or lost."""
    return LrbenchError(
        f"the store {quoted_path(path)} is damaged: {listed(damages)}.",
        f"run its lrbench sweep with --store {quoted_path(path)} again, which mends it; what no"
        " sweep mends is deleted by lrbench store prune --damaged.",
    )
