"""A store in the hands of a command: cells are looked up, and written as they are finished."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lrbench.config.plain import plain
from lrbench.config.solver_spec import SolverSpec
from lrbench.config.values import checked_path
from lrbench.engine.job import hyper_parameters
from lrbench.errors import quoted_path
from lrbench.experiment.store.cells import label_of, row_of, run_of
from lrbench.experiment.store.database import opened, refusals, snapshot, to_stderr, transaction
from lrbench.experiment.store.digests import DigestSum, row_digest
from lrbench.experiment.store.keys import cell_key
from lrbench.experiment.store.rows import (
    INSERT,
    Experiment,
    cell_name,
    cells_where,
    chunks,
    digests_of,
    experiments_in,
    has_digests,
    listed,
    sum_of,
    upgrade,
    write_experiment,
)
from lrbench.plan.lanes import Cell
from lrbench.results import ArrivalRule, Header, Run
from lrbench.solvers.base import Solver
from lrbench.theory.base import Setting

OF_EXPERIMENT = (
    "batch",
    "batch_size",
    "sampling",
    "radius",
    "smooth",
    "not_smooth",
    "diameter",
    "convex",
    "horizon",
)
"""The fields of a setting that all cells of an experiment share, but for the constants."""


@contextlib.contextmanager
def store_at(
    path: str | Path | None, note: Callable[[str], None] = to_stderr
) -> Iterator[Store | None]:
    """Open the store at `path` for the block, and make it if it is missing; None without a path.

    `note` is called with what its user should know of a store: see `opened` and `Store`.
    """
    if path is None:
        yield None
        return
    path = checked_path(path, "--store")
    with opened(path, create=True, note=note) as connection:
        yield Store(connection, str(path), note)


class Store:
    """The cells of one command in an open store.

    Parameters
    ----------
    connection
        A connection from `opened`.
    path
        What errors call the store.
    note
        Called with a sentence if cells are damaged or lost.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: str, note: Callable[[str], None] = to_stderr
    ) -> None:
        self._connection = connection
        self._path = path
        self.note = note
        self._experiments: dict[str, Experiment] = {}
        self._unsound: dict[str, list[tuple[int, bytes]]] = {}

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
        A damaged cell counts as missing; it is named in a note, and `repair` deletes it. If any of
        the cells is missing, or their sum is wrong, all cells of the experiment are checked.
        """
        wanted: dict[str, tuple[Cell, tuple[str, float | None, int]]] = {}
        for cell in cells:
            solver, plan_spec = solvers[cell.solver]
            spec = plan_spec.at(hyper_parameters(dict(cell.lane.over)))
            key = cell_key(experiment, solver, spec, cell.lane, cell.seed)
            wanted[key] = cell, (str(spec), cell.lane.lr0, cell.seed)
        runs: dict[Cell, Run] = {}
        damaged: dict[int, dict[str, Any]] = {}

        def take(row: dict[str, Any], intact: bool) -> None:
            """Sort a row: one of these cells, one that is damaged, or another cell."""
            cell, label = wanted.get(row["key"], (None, None))
            if intact and (cell is None or cell in runs):
                return
            run = run_of(row) if intact else None
            if run is None or cell is None or label != label_of(row):
                damaged[row["rowid"]] = row
            else:
                runs[cell] = run

        with refusals(self._path), snapshot(self._connection):
            for chunk in chunks(list(wanted)):
                marks = ", ".join("?" * len(chunk))
                for row, intact in cells_where(self._connection, f"key IN ({marks})", chunk):
                    take(row, intact)
            lost = self._lost(experiment)
            indexed = len(runs)
            if lost or indexed < len(wanted):
                for row, intact in cells_where(self._connection, "experiment = ?", [experiment]):
                    take(row, intact)
            if indexed < len(runs):
                lost = "its index of cells"
        again: list[dict[str, Any]] = []
        others: list[dict[str, Any]] = []
        of_sweep = {label for _, label in wanted.values()}
        for row in damaged.values():
            (again if row["key"] in wanted or label_of(row) in of_sweep else others).append(row)
        if damaged or lost:
            self._unsound[experiment] = [(row["rowid"], row["digest"]) for row in again]
            self._name(experiment, again, others, lost)
        return runs

    def _lost(self, experiment: str) -> str:
        """Return what is wrong with the row and the sum of an experiment; empty if nothing is."""
        if not has_digests(self._connection):
            return ""
        row, intact = experiments_in(self._connection, experiment).get(experiment, (None, True))
        cells = sum_of(self._connection, experiment)
        if intact and cells == (DigestSum() if row is None else row.sum):
            return ""
        if row is not None and intact and cells.rows < row.cells:
            lost = row.cells - cells.rows
            return f"{lost} of {row.cells} cells of {quoted_path(row.name)} are lost"
        return "its row of the experiment"

    def _name(
        self,
        experiment: str,
        again: list[dict[str, Any]],
        others: list[dict[str, Any]],
        lost: str,
    ) -> None:
        """Call `note` with what is damaged or lost, and what becomes of it."""
        store = f"the store {quoted_path(self._path)} is damaged"
        declared = self._experiments.get(experiment)
        problem = f", of {declared.name}" if declared else ""
        if again:
            self.note(f"{store}: {listed(map(cell_name, again))}{problem}; run again.")
        if others:
            self.note(
                f"{store}: {listed(map(cell_name, others))}{problem}; not of this sweep, and left"
                " there."
            )
        if lost:
            self.note(f"{store}: {lost}; what this sweep needs of it is made again.")

    def declare(
        self,
        experiment: str,
        name: str,
        header: Header,
        iterations: int,
        *,
        sweep: bool,
        arrival: ArrivalRule | None = "first",
        targets: Sequence[float] = (),
        at: Sequence[int] = (),
        setting: Setting | None = None,
    ) -> None:
        """Note an experiment, with its budget and setting; `put` writes it with the cells."""
        budget: dict[str, Any] = {"iterations": iterations, "arrival": arrival}
        budget |= {"targets": list(targets)}
        budget |= {"at": list(at)} if at else {}
        if setting is not None:
            budget["setting"] = {name: getattr(setting, name) for name in OF_EXPERIMENT}
        text = json.dumps({**plain(header), **budget})
        self._experiments[experiment] = Experiment(
            experiment, name, header.fingerprint, text, int(sweep)
        )

    def repair(self, experiment: str) -> None:
        """Delete the damaged cells that `find` looked for, and write a declared experiment anew."""
        damaged = self._unsound.pop(experiment, None)
        if damaged is None or not has_digests(self._connection):
            return
        with refusals(self._path), transaction(self._connection):
            self._connection.execute("REINDEX")  # an index of a damaged row may be another one
            # Another command may have put a cell there since.
            statement = "DELETE FROM cells WHERE rowid = ? AND digest = ?"
            self._connection.executemany(statement, damaged)
            cells = sum_of(self._connection, experiment)
            write_experiment(self._connection, self._experiments[experiment], cells)
            self._connection.execute("DELETE FROM experiments WHERE cells = 0")
            # Of an experiment whose id was damaged the row has no cells any more.
            rows = experiments_in(self._connection)
            query = (
                "SELECT rowid, id FROM experiments WHERE id NOT IN (SELECT experiment FROM cells)"
            )
            for rowid, key in self._connection.execute(query).fetchall():
                if not rows[key][1]:
                    self._connection.execute("DELETE FROM experiments WHERE rowid = ?", (rowid,))

    def put(self, experiment: str, solver: Solver, runs: Iterable[Run]) -> None:
        """Commit those of these runs that are finished, of one solver in a declared experiment.

        The experiment is written with them each time, because another command may have pruned it.
        """
        added = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [row_of(experiment, solver, r) for r in runs if not r.status.unfinished]
        if not rows:
            return
        digests = [row_digest("cells", row) for row in rows]
        with refusals(self._path), transaction(self._connection):
            upgrade(self._connection)
            declared = self._experiments[experiment]
            row, intact = experiments_in(self._connection, experiment).get(
                experiment, (declared, False)
            )
            cells = row.sum if intact else sum_of(self._connection, experiment)
            cells = cells.plus(digests_of(self._connection, [str(r[0]) for r in rows]), -1)
            values = [(*r, added, digest) for r, digest in zip(rows, digests, strict=True)]
            self._connection.executemany(f"INSERT OR REPLACE {INSERT}", values)
            write_experiment(self._connection, row if intact else declared, cells.plus(digests))
