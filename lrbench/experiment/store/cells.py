"""Cells: how they are written to a store and read from it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from lrbench.config.solver_spec import SolverSpec
from lrbench.experiment.store.database import opened, refusals, transaction
from lrbench.experiment.store.keys import cell_key, source_of
from lrbench.results import Run, Status, Trace, plain
from lrbench.solvers.base import Solver

UNFINISHED: Final = (Status.INTERRUPTED, Status.FAILED)
"""Runs with these statuses are not stored, and are tried again by the next command."""

COLUMNS: Final = (
    "key experiment source solver name params shown batch_size sampling lr0 seed status status_at"
    " evaluation_seconds added columns trace"
)

INSERT: Final = (
    f"INSERT OR REPLACE INTO cells ({', '.join(COLUMNS.split())})"
    f" VALUES ({', '.join('?' * len(COLUMNS.split()))})"
)

CHUNK: Final = 500
"""The number of keys in one query, because SQLite limits its parameters."""


class Cell(NamedTuple):
    """One run: a solver by its index in the plan, a seed, an initial learning rate."""

    solver: int
    seed: int
    lr0: float


@contextlib.contextmanager
def store_at(path: str | Path | None) -> Iterator[Store | None]:
    """Open the store at `path` for the block, and make it if it is missing; None without a path."""
    if path is None:
        yield None
        return
    with opened(path, create=True) as connection:
        yield Store(connection, str(path))


class Store:
    """The cells of one command in an open store.

    Parameters
    ----------
    connection
        A connection from `opened`.
    path
        What errors call the store.
    """

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._experiments: dict[str, tuple[Any, ...]] = {}

    def find(
        self,
        experiment: str,
        solvers: Sequence[tuple[Solver, SolverSpec]],
        cells: Iterable[Cell],
    ) -> dict[Cell, Run]:
        """Return the stored runs among these cells.

        Parameters
        ----------
        experiment
            The value of `experiment_id`.
        solvers
            The solvers of the plan.
        cells
            The cells to look for.

        Notes
        -----
        A stored cell that cannot be read counts as missing.
        """
        cell_of_key = {}
        for cell in cells:
            solver, spec = solvers[cell.solver]
            cell_of_key[cell_key(experiment, solver, spec, cell.lr0, cell.seed)] = cell
        runs, keys = {}, list(cell_of_key)
        with refusals(self._path):
            for start in range(0, len(keys), CHUNK):
                chunk = keys[start : start + CHUNK]
                marks = ", ".join("?" * len(chunk))
                query = f"SELECT * FROM cells WHERE key IN ({marks})"
                cursor = self._connection.execute(query, chunk)
                names = [column[0] for column in cursor.description]
                for row in cursor:
                    values = dict(zip(names, row, strict=True))
                    # A damaged cell is run again, and replaced by INSERT OR REPLACE.
                    with contextlib.suppress(sqlite3.DatabaseError):
                        runs[cell_of_key[values["key"]]] = run_of(values)
        return runs

    def declare(
        self, experiment: str, name: str, header: Mapping[str, Any], iterations: int, *, sweep: bool
    ) -> None:
        """Note an experiment, with the iterations of its budget; `put` writes it with the cells."""
        text = json.dumps(plain({**header, "iterations": iterations}))
        self._experiments[experiment] = (experiment, name, header["fingerprint"], text, int(sweep))

    def put(self, experiment: str, solver: Solver, runs: Iterable[Run]) -> None:
        """Commit those of these runs that are finished, of one solver in a declared experiment.

        The experiment is written with them each time, because another command may have pruned it.
        """
        rows = [_row(experiment, solver, r) for r in runs if r.status not in UNFINISHED]
        if not rows:
            return
        with refusals(self._path), transaction(self._connection):
            self._connection.execute(
                "INSERT OR IGNORE INTO experiments (id, name, fingerprint, header, sweep)"
                " VALUES (?, ?, ?, ?, ?)",
                self._experiments[experiment],
            )
            self._connection.executemany(INSERT, rows)


def run_of(values: Mapping[str, Any]) -> Run:
    """Return the run in a row of the table of cells, without iterates, which are not stored.

    Raises
    ------
    sqlite3.DatabaseError
        If the row is damaged.
    """
    try:
        return _run(values)
    except (LookupError, TypeError, ValueError) as error:
        raise sqlite3.DatabaseError("a cell is malformed") from error


def _run(values: Mapping[str, Any]) -> Run:
    sampling = values["sampling"]
    return Run(
        solver=SolverSpec(
            values["name"], dict(json.loads(values["params"])), tuple(json.loads(values["shown"]))
        ),
        lr0=values["lr0"],
        setting="batch" if sampling is None else "stochastic",
        batch_size=values["batch_size"],
        sampling=sampling,
        seed=values["seed"],
        status=Status(values["status"]),
        status_at=values["status_at"],
        trace=_trace(json.loads(values["columns"]), values["trace"]),
        evaluation_seconds=values["evaluation_seconds"],
    )


def _row(experiment: str, solver: Solver, run: Run) -> tuple[Any, ...]:
    spec = run.solver
    return (
        cell_key(experiment, solver, spec, run.lr0, run.seed),
        experiment,
        source_of(type(solver)),
        str(spec),
        spec.name,
        json.dumps(dict(spec.params)),
        json.dumps(list(spec.label_fields)),
        run.batch_size,
        run.sampling,
        run.lr0,
        run.seed,
        str(run.status),
        run.status_at,
        run.evaluation_seconds,
        datetime.now(UTC).isoformat(timespec="seconds"),
        json.dumps(list(run.trace)),
        np.array(list(run.trace.values()), dtype="<f8").tobytes(),
    )


def _trace(columns: Sequence[str], content: bytes) -> Trace:
    table = np.frombuffer(content, dtype="<f8").astype(np.float64).reshape(len(columns), -1)
    return dict(zip(columns, table, strict=True))
