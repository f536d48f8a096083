"""Trajectories: the trace of one lane at the checkpoints of the 1-2-5 series."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from lrbench.reports.blocks import (
    Block,
    CellColumn,
    TableCell,
    folded_cells,
    gap,
    line,
    scientific,
    with_values,
)
from lrbench.reports.groups import (
    has_own_answer,
    lane_name,
    learning_rate_texts,
    mean_at,
    status_cell,
    table_iterations,
    verdicts_of,
)
from lrbench.reports.promised import bound_cells
from lrbench.reports.tested import TEST, tested_text
from lrbench.reports.theorem_table import theorem_table
from lrbench.reports.view import View
from lrbench.results import BoundKind, ProblemResult, Run
from lrbench.results.columns import state_columns
from lrbench.results.ranking import answer_column

DEFAULT = {
    "passes": "passes",
    "suboptimality": "F - f*",
    "suboptimality_average": "average",
    "grad_norm_sq": "|g|^2",
    "lr": "lr",
}
"""The columns that a page shows unless others are asked for, as far as they have values, and their
headings."""

ANSWER = {"passes": "passes", "suboptimality_output": "answer", "suboptimality": "last"}
"""The columns that come first where a solver has an answer of its own."""


def lane_blocks(problem: ProblemResult, runs: Sequence[Run], view: View) -> Iterator[Block]:
    """Yield the theorems on one of several initial learning rates, and its trajectory."""
    status = status_cell(runs)
    yield line("")
    texts = learning_rate_texts(value for _, value in problem.groups)
    yield line(f"{lane_name(runs[0], texts)}: {status.text}", style=status.style or "title")
    if runs[0].error:
        yield line(runs[0].error, style="bad")
    verdicts = verdicts_of(problem, runs[0])
    yield from theorem_table(verdicts, problem.header.constants.f_star_error, view.width)
    yield from trajectory(problem, runs, view)


def trajectory(problem: ProblemResult, runs: Sequence[Run], view: View) -> Iterator[Block]:
    """Yield a table with a row for each checkpoint: the trace, or its mean over several seeds."""
    iterations = table_iterations(runs)
    if not iterations:
        yield line("no checkpoint was reached", style="warn")
        return
    error = problem.header.constants.f_star_error
    columns: list[CellColumn] = []
    headings = _headings(runs, view)
    if view.columns is None and math.isnan(problem.header.constants.f_star):
        headings = _of_objective(headings)
    for name, heading in headings.items():
        texts = [_text(name, mean_at(runs, name, t), error) for t in iterations]
        columns.append((heading, list(map(TableCell, texts))))
        if view.columns is None and name == answer_column(runs):
            columns += _bounds(problem, runs, iterations)
    if view.columns is None:
        columns = with_values(columns)
    yield line("")
    first = ("T", [TableCell(str(t)) for t in iterations])
    yield from folded_cells(first, [[column] for column in columns], view.width)


def _bounds(
    problem: ProblemResult, runs: Sequence[Run], iterations: Sequence[int]
) -> Iterator[CellColumn]:
    """Yield the least bounds on the column before: known before the run, and computed from it."""
    verdicts, start = verdicts_of(problem, runs[0]), problem.header.constants.delta0
    kinds: dict[BoundKind, str] = {"a-priori": "promised", "certificate": "certified"}
    for kind, heading in kinds.items():
        if cells := bound_cells(kind, runs, verdicts, iterations, start):
            yield heading, cells


def _headings(runs: Sequence[Run], view: View) -> dict[str, str]:
    """Return column -> heading for the columns to show."""
    if view.columns is not None:
        # T, the first column of the table, is the iteration.
        names = [name for name in view.columns if name != "iteration"]
        timed = ["seconds"] if view.timing and "seconds" not in names else []
        return {name: name for name in names + timed}
    headings = ANSWER | DEFAULT | ANSWER if has_own_answer(runs) else DEFAULT
    timed = ["seconds"] if view.timing else []
    tested = {name: heading for name, heading in TEST.items() if name in runs[0].trace}
    return headings | tested | {name: name for name in state_columns(runs[0].trace) + timed}


def _of_objective(headings: dict[str, str]) -> dict[str, str]:
    """Return the columns to show where f* is not known: F in the place of F - f*."""
    return {
        name.replace("suboptimality", "objective"): heading.replace(" - f*", "")
        for name, heading in headings.items()
    }


def _text(name: str, value: float | None, error: float) -> str:
    if name in TEST:
        return tested_text(name, value)
    if name == "passes" and value is not None:
        return f"{value:.4g}"
    return gap(value, error) if name.startswith("suboptimality") else scientific(value)
