"""Small sweeps with a store, and how many lanes they ran."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
