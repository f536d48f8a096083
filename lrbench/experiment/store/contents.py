"""The contents of a store: listed, returned as a result, merged and pruned."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lrbench.errors import UsageError
from lrbench.experiment.store.cells import COLUMNS, run_of
from lrbench.experiment.store.database import refusals, transaction
from lrbench.experiment.store.keys import source_of
from lrbench.results import ProblemResult, Result, environment
from lrbench.results.fields import Fields
from lrbench.results.read import problem_from
from lrbench.solvers import SOLVERS
from lrbench.study import analyse


@dataclass(frozen=True)
class StoredCells:
    """The cells of one solver in one experiment, made by one version of the code."""

    problem: str
    batch_size: int | None
    """None for full batches."""
    sampling: str | None
    solver: str
    cells: int
    lr0: tuple[float, float]
    seeds: int
    iterations: int
    target: float | None
    """F - f* at which runs ended; None without one."""
    added: str
    """The time at which the last of them was added, UTC."""
    current: bool
    """Whether the code that made them is that of this lrbench."""


def stored_cells(connection: sqlite3.Connection) -> Iterator[StoredCells]:
    """Yield the cells of a store, by experiment, solver and code."""
    query = """
        SELECT e.name, c.batch_size, c.sampling, c.solver, count(*), min(c.lr0), max(c.lr0),
               count(DISTINCT c.seed), max(c.status_at), e.header, max(c.added), c.name, c.source
        FROM cells c JOIN experiments e ON e.id = c.experiment
        GROUP BY e.id, c.solver, c.source
        ORDER BY e.name, c.sampling, c.batch_size, e.id, min(c.rowid)
    """
    for row in connection.execute(query):
        name, size, sampling, solver, n, low, high, seeds, steps, header, added, *made_by = row
        current, batch = is_current(*made_by), None if sampling is None else size
        # A header of the first edition may lack both keys.
        budget = {"iterations": steps, "target": None} | _header(header)
        steps, target = budget["iterations"], budget["target"]
        yield StoredCells(
            name, batch, sampling, solver, n, (low, high), seeds, steps, target, added, current
        )


def is_current(solver: str, source: str) -> bool:
    """Return whether cells of the solver of this name, made by this code, would be used again."""
    return solver in SOLVERS and source == source_of(SOLVERS.get(solver))


def result_of(connection: sqlite3.Connection, path: str | Path) -> Result:
    """Return all finished cells as a result, with a problem for each experiment and shared code.

    Of a solver whose own file has changed only the cells of one state of it are in the result: of
    the present one, or else of the newest. Solvers are in the order of their first cells. Where a
    problem was run with several settings, budgets or targets, its name contains them. Problems that
    still have the same name (with another start, other checkpoints or other code) are numbered.

    Raises
    ------
    UsageError
        If the store is empty.
    """
    query = """
        SELECT e.id, e.name, e.header, e.sweep, substr(c.source, 1, 64) AS code
        FROM experiments e JOIN cells c ON c.experiment = e.id
        GROUP BY e.id, code ORDER BY e.name, min(c.added), e.id
    """
    problems = [
        _problem(connection, str(path), *row) for row in connection.execute(query).fetchall()
    ]
    names = [p.name for p in problems]
    problems = [replace(p, name=_full_name(p)) if names.count(p.name) > 1 else p for p in problems]
    names = [p.name for p in problems]
    numbers: Counter[str] = Counter()
    for k, name in enumerate(names):
        numbers[name] += 1
        if names.count(name) > 1:
            problems[k] = replace(problems[k], name=f"{name} [{numbers[name]}]")
    if not problems:
        raise UsageError(f"{path} holds no finished cell.", "run or sweep with --store first.")
    return Result(("store", str(path)), environment(threads=1), tuple(problems))


def _problem(
    connection: sqlite3.Connection,
    path: str,
    experiment: str,
    name: str,
    header: str,
    sweep: int,
    source: str,
) -> ProblemResult:
    cursor = connection.execute(
        "SELECT * FROM cells WHERE experiment = ? AND substr(source, 1, 64) = ? ORDER BY rowid",
        (experiment, source),
    )
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    # One curve must not mix two states of a solver's file: the last row decides, unless there are
    # cells of the present state.
    chosen = {row["solver"]: row["source"] for row in rows}
    current = [row for row in rows if is_current(row["name"], row["source"])]
    chosen |= {row["solver"]: row["source"] for row in current}
    runs_chosen = (run_of(row) for row in rows if row["source"] == chosen[row["solver"]])
    # Machines of another kind have keys of their own for the same cell: the newest row counts.
    run_of_cell = {(str(r.solver), r.seed, r.lr0): r for r in runs_chosen}
    if not run_of_cell:  # the join in `result_of` had rows of this experiment
        raise sqlite3.DatabaseError("an index is malformed")
    order = {solver: k for k, solver in enumerate(dict.fromkeys(s for s, _, _ in run_of_cell))}
    runs = tuple(sorted(run_of_cell.values(), key=lambda r: (r.seed, order[str(r.solver)], r.lr0)))
    keys = _header(header)
    iterations = keys.pop("iterations", None)
    values: dict[str, Any] = {"name": name, **keys, "runs": [], "verdicts": []}
    problem = replace(problem_from(Fields(values, path, name)), runs=runs)
    return replace(problem, sweep=analyse(problem, iterations=iterations)) if sweep else problem


def _header(text: str) -> dict[str, Any]:
    """Return the header of an experiment's problem, with the "iterations" of its budget."""
    try:
        return dict(json.loads(text))
    except (TypeError, ValueError) as error:
        raise sqlite3.DatabaseError("an experiment is malformed") from error


def _full_name(problem: ProblemResult) -> str:
    """Return the name of a problem with its setting, budget and target."""
    run, radius = problem.runs[0], problem.header.get("radius")
    size = "full batches" if run.sampling is None else f"batches of {run.batch_size}"
    size += ", reshuffled" if run.sampling == "reshuffle" else ""
    size += "" if radius is None else f", ball of {radius:g}"
    budget = problem.sweep.iterations if problem.sweep else None
    budget = budget or max(r.status_at for r in problem.runs)
    target = problem.header.get("target")
    goal = "" if target is None else f", to {target:.3g}"
    return f"{problem.name} ({size}, {budget} iterations{goal})"


def merge_stores(connection: sqlite3.Connection, others: Sequence[str | Path]) -> int:
    """Copy the cells of other stores that this one does not have; return their number."""
    count, names = 0, ", ".join(COLUMNS.split())
    for path in others:
        with refusals(path):
            file = os.fsencode(Path(path).absolute())  # a name need not be UTF-8
            connection.execute("ATTACH DATABASE ? AS other", (file,))
            try:
                with transaction(connection):
                    connection.execute(
                        "INSERT OR IGNORE INTO experiments SELECT * FROM other.experiments"
                    )
                    count += connection.execute(
                        f"INSERT OR IGNORE INTO cells ({names}) SELECT {names} FROM other.cells"
                    ).rowcount
            finally:
                connection.execute("DETACH DATABASE other")
    return count


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
            if is_current(*made_by):
                conditions.append("NOT (name = ? AND source = ?)")
                values += made_by
    if solver is not None:
        conditions.append("? IN (solver, name)")
        values.append(solver)
    if problem is not None:
        conditions.append("experiment IN (SELECT id FROM experiments WHERE name = ?)")
        values.append(problem)
    with transaction(connection):
        where = " AND ".join(conditions)
        count = connection.execute(f"DELETE FROM cells WHERE {where}", values).rowcount
        connection.execute("DELETE FROM experiments WHERE id NOT IN (SELECT experiment FROM cells)")
    connection.execute("VACUUM")  # not allowed inside a transaction
    return count
