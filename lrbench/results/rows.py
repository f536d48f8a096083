"""A result as one table: a row for each checkpoint of each run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lrbench.results.records import COLUMNS, SUMMED, TESTED, ProblemResult, Run
from lrbench.results.to_dict import run_dict

LABELS = ("problem", "solver", "params", "lr0", "seed", "status")


def trace_columns(problems: Sequence[ProblemResult]) -> tuple[str, ...]:
    """Return the columns of all traces: common ones, of held-out samples, solver states, sums."""
    seen = {name: None for p in problems for r in p.runs for name in r.trace}
    tested = [name for name in TESTED if name in seen]
    states = [name for name in seen if name not in COLUMNS + TESTED + SUMMED]
    sums = [name for name in SUMMED if name in seen]
    return (*COLUMNS, *tested, *states, *sums)


def rows(problems: Sequence[ProblemResult], columns: Sequence[str]) -> Iterator[list[Any]]:
    """Yield `LABELS` and these columns for each checkpoint; None for no number.

    A run that has no checkpoint is a row without numbers.
    """
    for problem in problems:
        for run in problem.runs:
            labels = _labels(problem, run)
            trace = run_dict(run)["trace"]
            height = len(trace["iteration"])
            for k in range(height):
                yield labels + [trace[c][k] if trace.get(c) else None for c in columns]
            if not height:
                yield labels + [None] * len(columns)


def _labels(problem: ProblemResult, run: Run) -> list[Any]:
    params = ";".join(f"{key}={value}" for key, value in run.solver.params.items())
    return [problem.name, run.solver.name, params, run.lr0, run.seed, str(run.status)]
