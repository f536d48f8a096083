"""The names of solvers and lanes in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lrbench.reports.groups import learning_rate_texts, solver_texts
from lrbench.results import ProblemResult
from lrbench.results.ranking import LaneLabel

CONSTANT_STEP, FULL_BATCHES = "sgd", "gd"
"""The constant step as results name it, and its name where each step takes all samples."""


def solver_labels(problem: ProblemResult) -> dict[str, str]:
    """Return method, as `lrbench.results.Run.method` has it -> its name on pages."""
    short = {} if problem.sweep is None else solver_texts(problem.sweep.solvers)
    settings = {str(run.method): run.setting for run in problem.runs}
    labels = {method: short.get(method, method) for method in [*settings, *short]}
    return {
        method: FULL_BATCHES
        if label == CONSTANT_STEP and settings.get(method) == "batch"
        else label
        for method, label in labels.items()
    }


def lane_labels(problem: ProblemResult) -> Mapping[LaneLabel, str]:
    """Return lane -> ``"wngrad, lr0 = 1"``, or the solver alone where nothing of it varies."""
    solvers = solver_labels(problem)
    texts = learning_rate_texts(value for _, value in problem.groups)
    return {
        (method, value): solvers[method]
        if value is None
        else f"{solvers[method]}, {runs[0].parameter} = {texts[value]}"
        for (method, value), runs in problem.groups.items()
    }


def common_value(problem: ProblemResult, lanes: Sequence[LaneLabel]) -> list[str]:
    """Return ``["lr0 = 1"]`` where all lanes in which something varies share it, else nothing."""
    pairs = {(problem.groups[lane][0].parameter, lane[1]) for lane in lanes if lane[1] is not None}
    if len(pairs) != 1:
        return []
    ((name, value),) = pairs
    return [f"{name} = {learning_rate_texts([value])[value]}"]
