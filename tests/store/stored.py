"""Small sweeps with a store, and how many lanes they ran."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lrbench.control import Control
from lrbench.experiment import carry_out
from lrbench.jobs import Ground, Job, Outcome
from lrbench.jobs.here import Here
from lrbench.plan import Plan
from lrbench.results import Result
from lrbench.spec import load_spec
from lrbench.store import store_at

OPTIONS: dict[str, Any] = {"solvers": ["wngrad", "sgd"], "batch_size": 16, "passes": 1}


class Counting:
    """This process, counting the lanes that it runs."""

    workers = 1

    def __init__(self) -> None:
        self.lanes = 0

    def __call__(
        self, jobs: Sequence[Job], grounds: Sequence[Ground], control: Control
    ) -> Iterator[tuple[Job, Outcome]]:
        self.lanes += sum(job.n_lanes for job in jobs)
        yield from Here()(jobs, grounds, control)


def swept(store: Path | None, **changes: Any) -> tuple[Result, int]:
    """Return the result of a sweep, and how many lanes it ran."""
    counting = Counting()
    plan = Plan(sweep=True, **{"lr0": "1e-2:1e2:5", **OPTIONS, **changes})
    with store_at(store) as kept:
        result = carry_out(plan, [load_spec("logreg")], Control(), executor=counting, store=kept)
    return result, counting.lanes


def without_clocks(result: Result) -> Any:
    values = result.to_dict()["problems"]
    for problem in values:
        for run in problem["runs"]:
            del run["trace"]["seconds"], run["evaluation_seconds"]
    return values
