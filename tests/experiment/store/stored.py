"""Small sweeps with a store, how many lanes they ran, and stores of version 1."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from lrbench.engine.control import Control
from lrbench.experiment.jobs import Job, JobOutcome, SharedProblem
from lrbench.experiment.jobs.base import Serial
from lrbench.experiment.run_plan import run_plan
from lrbench.experiment.store import store_at
from lrbench.plan.plan import Plan
from lrbench.problem_files import load_spec
from lrbench.results import Result

OPTIONS: dict[str, Any] = {"solvers": ["wngrad", "sgd"], "batch_size": 16, "passes": 1}


class Counting:
    """This process, counting the lanes that it runs."""

    workers = 1

    def __init__(self) -> None:
        self.lanes = 0

    def __call__(
        self, jobs: Sequence[Job], shared_problems: Sequence[SharedProblem], control: Control
    ) -> Iterator[tuple[Job, JobOutcome]]:
        self.lanes += sum(job.n_lanes for job in jobs)
        yield from Serial()(jobs, shared_problems, control)


def swept(store: Path | None, **changes: Any) -> tuple[Result, int]:
    """Return the result of a sweep, and how many lanes it ran."""
    counting = Counting()
    plan = Plan(sweep=True, **{"lr0": "1e-2:1e2:5", **OPTIONS, **changes})
    with store_at(store) as kept:
        result = run_plan(plan, [load_spec("logreg")], Control(), executor=counting, store=kept)
    return result, counting.lanes


def without_clocks(result: Result) -> Any:
    values = result.to_dict()["problems"]
    for problem in values:
        for run in problem["runs"]:
            del run["trace"]["seconds"], run["evaluation_seconds"]
    return values


VERSION_1 = (Path(__file__).parent / "version_1.sql").read_text("utf-8")
"""A store of two sweeps as version 1 of the format had it: 9 cells, without digests."""


def version_1(path: Path) -> Path:
    """Write the store of `VERSION_1`."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1)
    return path


def without_digests(path: Path) -> None:
    """Make a store one of version 1."""
    newer = path.rename(path.with_name("newer"))
    statements = [text for text in VERSION_1.split(";\n") if not text.startswith("INSERT")]
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(";\n".join(statements))
        connection.execute("ATTACH ? AS newer", (str(newer),))
        for table in ("experiments", "cells"):
            columns = ", ".join(
                row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")
            )
            connection.execute(f"INSERT INTO {table} SELECT {columns} FROM newer.{table}")
        connection.commit()
    newer.unlink()
