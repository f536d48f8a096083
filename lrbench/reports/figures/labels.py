"""The names of solvers and lanes in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lrbench.reports.groups import learning_rate_texts, solver_texts
from lrbench.results import ProblemResult
from lrbench.results.ranking import LaneLabel
from lrbench.verdicts.method_names import named_for_pages


def solver_labels(problem: ProblemResult) -> dict[str, str]:
    """Return method, as `lrbench.results.Run.method` has it -> its name on pages."""
    renamed = named_for_pages(problem)
    pairs = zip(problem.runs, renamed.runs, strict=True)
    labels = {str(run.method): str(of_page.method) for run, of_page in pairs}
    if problem.sweep is not None and renamed.sweep is not None:
        texts = solver_texts(renamed.sweep.solvers)
        rows = zip(problem.sweep.solvers, renamed.sweep.solvers, strict=True)
        labels |= {str(s.solver): texts[str(of_page.solver)] for s, of_page in rows}
    return labels


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
