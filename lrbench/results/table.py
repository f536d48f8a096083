"""Traces as the rows of one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lrbench.results.columns import (
    COLUMNS,
    METERED,
    OUTPUT,
    SUMMED,
    TESTED,
    plain_trace,
    state_columns,
)
from lrbench.results.problem import ProblemResult
from lrbench.results.records import Run

LABELS = ("problem", "solver", "params", "lr0", "seed", "status")
"""The columns of the table before those of the trace."""


def trace_columns(problems: Sequence[ProblemResult]) -> tuple[str, ...]:
    """Return the columns of all traces, those that every trace has first."""
    # A dict, and not a set: states of solvers keep the order in which they first occur.
    names = {name: None for p in problems for r in p.runs for name in r.trace}
    others = (*TESTED, *state_columns(names), *SUMMED, *METERED, *OUTPUT)
    return (*COLUMNS, *(name for name in others if name in names))


def labels(problem: ProblemResult, run: Run) -> list[Any]:
    """Return the values of `LABELS`."""
    params = ";".join(f"{key}={value}" for key, value in run.solver.params.items())
    return [problem.name, run.solver.name, params, run.lr0, run.seed, str(run.status)]


def rows(problems: Sequence[ProblemResult], columns: Sequence[str]) -> Iterator[list[Any]]:
    """Yield the values of `LABELS` and `columns` for each checkpoint, None for no number.

    A run without a checkpoint makes a row without numbers.
    """
    for problem in problems:
        for run in problem.runs:
            of_run, trace = labels(problem, run), plain_trace(run.trace)
            n_checkpoints = len(trace["iteration"])
            for k in range(n_checkpoints):
                yield of_run + [trace[c][k] if trace.get(c) else None for c in columns]
            if not n_checkpoints:
                yield of_run + [None] * len(columns)
