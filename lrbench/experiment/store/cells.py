"""Cells put into a store as they finish, and found again."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import math
import platform
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from lrbench.cache.content_hash import content_hash
from lrbench.cache.source_hash import numbers_hash, solver_hash
from lrbench.config.solver_spec import SolverSpec
from lrbench.experiment.store.database import opened, refusals, transaction
from lrbench.objective.constants import Constants
from lrbench.objective.problem import LinearProblem
from lrbench.plan.plan import Plan
from lrbench.results import Run, Status, Trace, plain
from lrbench.solvers.base import Solver

UNFINISHED: Final = (Status.INTERRUPTED, Status.FAILED)
"""What is tried again the next time."""

COLUMNS: Final = (
    "key experiment source solver name params shown batch_size sampling lr0 seed status status_at"
    " evaluation_seconds added columns trace"
)

INSERT: Final = (
    f"INSERT OR REPLACE INTO cells ({', '.join(COLUMNS.split())})"
    f" VALUES ({', '.join('?' * len(COLUMNS.split()))})"
)

CHUNK: Final = 500
"""Keys in one query."""

F_STAR_UNIT: Final = 1e-10
"""Relative to max(1, |f_star|): below this no digit of f_star enters a key."""


class Cell(NamedTuple):
    """One run: a solver by its place in the plan, a seed, an initial learning rate."""

    solver: int
    seed: int
    lr0: float


@contextlib.contextmanager
def store_at(path: str | Path | None) -> Iterator[Store | None]:
    """Open the store at `path` for the block, made if it is missing; None for no path."""
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
        Of `opened`.
    path
        What errors call it.
    """

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._experiments: dict[str, tuple[Any, ...]] = {}

    def find(
        self,
        experiment: str,
        solvers: Sequence[tuple[Solver, SolverSpec]],
        wanted: Iterable[Cell],
    ) -> dict[Cell, Run]:
        """Return the runs that are there among the wanted cells.

        Parameters
        ----------
        experiment
            Of `experiment_id`.
        solvers
            The solvers of the plan.
        wanted
            The cells to look for.

        Notes
        -----
        A cell that is there but cannot be read any more counts as missing.
        """
        keys = {}
        for cell in wanted:
            solver, spec = solvers[cell.solver]
            keys[cell_key(experiment, solver, spec, cell.lr0, cell.seed)] = cell
        found, ordered = {}, list(keys)
        with refusals(self._path):
            for start in range(0, len(ordered), CHUNK):
                part = ordered[start : start + CHUNK]
                marks = ", ".join("?" * len(part))
                query = f"SELECT * FROM cells WHERE key IN ({marks})"
                cursor = self._connection.execute(query, part)
                names = [column[0] for column in cursor.description]
                for row in cursor:
                    values = dict(zip(names, row, strict=True))
                    with contextlib.suppress(sqlite3.DatabaseError):
                        found[keys[values["key"]]] = run_of(values)
        return found

    def declare(
        self, experiment: str, name: str, header: Mapping[str, Any], iterations: int, *, sweep: bool
    ) -> None:
        """Note what is run, for so many iterations at most: it is written with its first cell."""
        text = json.dumps(plain({**header, "iterations": iterations}))
        self._experiments[experiment] = (experiment, name, header["fingerprint"], text, int(sweep))

    def put(self, experiment: str, solver: Solver, runs: Iterable[Run]) -> None:
        """Commit the finished ones of these runs of one solver in a declared experiment.

        The experiment goes with them each time: another command may have pruned it.
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


def experiment_id(problem: LinearProblem, constants: Constants, plan: Plan) -> str:
    """Return a hash of all that the cells of a plan on one problem have in common.

    The problem is the one that was built, with its samples held out, and what the trace takes from
    its optimum. So neither an edit of the code that scales columns or chooses labels nor a mended
    optimum leads to cells of another problem.
    """
    test, n_samples = problem.test, problem.n_samples
    return _hash(
        {
            "problem": problem.digest,
            "test": None if test is None else content_hash(test.data.X, y=test.y),
            "optimum": _optimum_digits(constants),
            "batch_size": plan.batch_size,
            "sampling": None if plan.batch_size is None else plan.sampling,
            "radius": plan.radius,
            "f_star": plan.f_star,
            "target": plan.target,
            "sweep": plan.sweep,
            "steps": plan.steps(n_samples),
            "checkpoints": plan.checkpoints(n_samples),
            "multiple": plan.pad_to,
            "threads": plan.threads,
        }
    )


def cell_key(experiment: str, solver: Solver, spec: SolverSpec, lr0: float, seed: int) -> str:
    """Return the hash that names a cell: what is run, with which code, where it starts."""
    return _hash(
        {
            "experiment": experiment,
            "solver": spec.name,
            "params": dict(spec.params),
            "source": source_of(type(solver)),
            "machine": platform.machine(),
            "lr0": lr0,
            "seed": seed,
        }
    )


def source_of(solver: type[Solver]) -> str:
    """Return the hash of the code of all solvers and that of this one, with a blank between.

    Both say which code made a cell. Cells that share the first belong to one result.
    """
    return f"{numbers_hash()} {solver_hash(Path(inspect.getfile(solver)))}"


def run_of(values: Mapping[str, Any]) -> Run:
    """Return the run in a row of the table of cells; its iterates are not kept.

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


def _hash(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _optimum_digits(constants: Constants) -> dict[str, str | None]:
    """Return the numbers of the optimum that enter a trace, with the digits that are certain.

    Their last bits differ between processors, and the cells of several machines belong together.
    """
    c = constants
    unit = max(100 * c.f_star_error, F_STAR_UNIT * max(1.0, abs(c.f_star)))
    places = -math.ceil(math.log10(unit)) if math.isfinite(unit) else None
    return {
        "f_star": None if places is None else f"{round(c.f_star, places)!r} to {places} places",
        **{name: f"{getattr(c, name):.6g}" for name in ("L", "mu", "mu_pl")},
        "distance": None if c.distance is None else f"{c.distance:.6g}",
    }
