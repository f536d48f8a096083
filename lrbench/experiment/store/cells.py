"""Cells: a run as a row of a store, and a row as a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from lrbench.config.solver_spec import SolverSpec
from lrbench.experiment.store.digests import SQLValue
from lrbench.experiment.store.keys import cell_key, source_of
from lrbench.plan.lanes import lane_of
from lrbench.results import Run, Status, Trace
from lrbench.results.lanes import method_of
from lrbench.solvers.base import Solver


def label_of(row: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Return solver, lr0 and seed of a row of the table of cells."""
    return row["solver"], rate_of(row), row["seed"]


def rate_of(row: Mapping[str, Any]) -> Any:
    """Return the lr0 of a row; None where the method has none, for which the column has a 0."""
    return row["lr0"] or None


def run_of(row: Mapping[str, Any]) -> Run | None:
    """Return the run in a row of the table of cells, without iterates, which are not stored.

    None stands for a row that is no run: one of a store without digests, or of another program.
    """
    try:
        return _run(row)
    except (LookupError, RecursionError, TypeError, ValueError):
        return None


def solver_of(row: Mapping[str, Any]) -> tuple[SolverSpec, dict[str, float]]:
    """Return the solver in a row, and what varies over its lanes."""
    label, over = _parsed(row["shown"]), {"lr0": rate_of(row)}
    if isinstance(label, dict):
        label, over = label["shown"], dict(label["over"])
    return SolverSpec(row["name"], dict(_parsed(row["params"])), tuple(label)), over


def method_of_row(row: Mapping[str, Any]) -> tuple[str, str, float | None]:
    """Return the method in a row as tables show it, what varies over its lanes, and the value.

    They are empty and None where nothing varies. Of a row that is no run it is its label and lr0.
    """
    try:
        solver, over = solver_of(row)
        parameter = next(iter(over), "")
        return str(method_of(solver, over)), parameter, over.get(parameter)
    except (LookupError, RecursionError, TypeError, ValueError):
        return row["solver"], "lr0", row["lr0"]


def _run(row: Mapping[str, Any]) -> Run:
    sampling = row["sampling"]
    solver, over = solver_of(row)
    return Run(
        solver=solver,
        lr0=rate_of(row),
        over=over,
        setting="batch" if sampling is None else "stochastic",
        batch_size=row["batch_size"],
        sampling=sampling,
        seed=row["seed"],
        status=Status(row["status"]),
        status_at=row["status_at"],
        trace=_trace(_parsed(row["columns"]), row["trace"]),
        evaluation_seconds=row["evaluation_seconds"],
    )


@lru_cache(maxsize=64)
def _names(names: tuple[str, ...]) -> str:
    return json.dumps(names)


@lru_cache(maxsize=64)  # the cells of a solver have the same parameters and columns
def _parsed(text: str) -> Any:
    return json.loads(text)


def _trace(columns: Sequence[str], content: bytes) -> Trace:
    table = np.frombuffer(content, dtype="<f8").astype(np.float64).reshape(len(columns), -1)
    return dict(zip(columns, table, strict=True))


def _label_text(run: Run) -> str:
    """Return the column of what is shown; it has what varies, too, where that is not lr0 alone."""
    if [*run.over] == ["lr0"]:
        return _names(run.solver.label_fields)
    return json.dumps({"shown": run.solver.label_fields, "over": dict(run.over)})


def row_of(experiment: str, solver: Solver, run: Run) -> tuple[SQLValue, ...]:
    """Return the values of `DIGESTED` for a run."""
    spec = run.solver
    return (
        cell_key(experiment, solver, spec, lane_of(run), run.seed),
        experiment,
        source_of(type(solver)),
        str(spec),
        spec.name,
        json.dumps(dict(spec.params)),
        _label_text(run),
        run.batch_size,
        run.sampling,
        float(run.lr0 or 0.0),
        run.seed,
        str(run.status),
        run.status_at,
        float(run.evaluation_seconds),
        _names(tuple(run.trace)),
        np.array(list(run.trace.values()), dtype="<f8").tobytes(),
    )
