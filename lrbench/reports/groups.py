"""Texts and numbers about runs of one lane, which several pages need."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from lrbench.arrays import distinct
from lrbench.config.axes import SCALE
from lrbench.reports.blocks import Line, Style, TableCell, line, number, short_number
from lrbench.results import OUTPUT, ProblemResult, Run, Status, Verdict
from lrbench.results.lanes import varied
from lrbench.results.ranking import answer_column, at_end, level_column
from lrbench.results.words import page_word

if TYPE_CHECKING:
    from lrbench.results import Sensitivity

ROUNDING = 1e-9
"""Values within this relative distance differ by rounding: 1/L may be nearly a round number."""

SEVERITY = (
    Status.COMPLETED,
    Status.REACHED_TARGET,
    Status.STALLED,
    Status.INTERRUPTED,
    Status.DIVERGED,
    Status.FAILED,
)
"""From the best to the worst."""


STATUS_STYLE: Mapping[Status, Style] = {
    Status.STALLED: "warn",
    Status.INTERRUPTED: "warn",
    Status.DIVERGED: "bad",
    Status.FAILED: "bad",
}

ABOVE_START: Mapping[Status, str] = {
    Status.COMPLETED: "ended above its start",
    Status.STALLED: "stalled above its start",
}
"""The words for runs that made all their steps and ended higher than they began."""


def verdicts_of(problem: ProblemResult, run: Run) -> Sequence[Verdict]:
    """Return the verdicts on the lane of a run."""
    return problem.judged.get(run.lane, ())


def batch_text(run: Run) -> str:
    """Return what a step takes its gradient of: ``"batches of 64 with replacement"``."""
    if run.setting == "batch":
        return "full batches"
    how = {"replacement": " with replacement", "reshuffle": " reshuffled", None: ""}
    return f"batches of {run.batch_size}{how[run.sampling]}"


def ball_text(problem: ProblemResult) -> Iterator[str]:
    """Yield the ball that the iterates are projected on, if there is one."""
    if problem.header.radius is not None:
        yield f"ball of radius {problem.header.radius:g} around w_0"


def unvaried_text(records: Sequence[Run | Sensitivity]) -> Iterator[str]:
    """Yield the solvers that run once a seed because nothing of them varies, if there are any."""
    methods = (r.method if isinstance(r, Run) else r.solver for r in records if not r.parameter)
    if names := list(dict.fromkeys(map(str, methods))):
        *others, last = names
        subject = f"{', '.join(others)} and {last} have" if others else f"{last} has"
        yield f"{subject} no {varied(records)}"


def has_own_answer(runs: Sequence[Run]) -> bool:
    """Return whether the solver's answer is another point than the last iterate."""
    return answer_column(runs) in OUTPUT


def answers_line(level: str, groups: Iterable[Sequence[Run]]) -> Iterator[Line]:
    """Yield a line that names the solvers whose F - f* is not that of the last iterate.

    Parameters
    ----------
    level
        What ranks the runs: ``F - f*``, or ``F``.
    groups
        The runs of one lane each.
    """
    names = list(dict.fromkeys(str(runs[0].method) for runs in groups if has_own_answer(runs)))
    if names:
        head = f"{level} is of the solver's own answer, not of the last iterate: "
        yield line(head + names[0], *names[1:])


def worst_status(runs: Sequence[Run]) -> Status:
    """Return the worst status of several seeds."""
    return max((run.status for run in runs), key=SEVERITY.index)


def status_cell(runs: Sequence[Run]) -> TableCell:
    """Return how runs of one lane ended, in the words of pages: of several seeds the worst one.

    Runs that made all their steps are told from others that did so above their start.
    """
    status = worst_status(runs)
    worst = [run for run in runs if run.status is status]
    text, style = ended_word(worst), STATUS_STYLE.get(status, "")
    if text in ABOVE_START.values():
        style = "bad"
    if len(worst) < len(runs):
        text = f"{len(worst)}/{len(runs)} {text}"
    elif len(runs) == 1 and not status.exhausted:
        text += f" at {worst[0].status_at}"
    return TableCell(text, style)


def ended_word(runs: Sequence[Run]) -> str:
    """Return the words of pages for how runs of one status ended."""
    status = runs[0].status
    if status.exhausted and _above_start(runs):
        return ABOVE_START[status]
    return page_word("run", str(status))


def _above_start(runs: Sequence[Run]) -> bool:
    """Return whether what ranks the runs is, in the mean over seeds, above its value at w_0."""
    column = level_column(runs)
    starts = [run.trace[column][0] for run in runs if len(run.trace.get(column, ()))]
    end = at_end(runs, column)
    return bool(starts) and end is not None and end > float(np.mean(starts))


def learning_rate_texts(values: Iterable[float | None]) -> dict[float | None, str]:
    """Return value -> its text to 3 digits, or to as many more as all of them need to differ.

    That of None, the value where nothing varies, is ``"-"``.
    """
    distinct = dict.fromkeys(values)
    digits = digits_of(distinct)
    return {v: "-" if v is None else short_number(v, digits) for v in distinct}


def digits_of(values: Iterable[float | None]) -> int:
    """Return the digits that numbers need to differ in: 3, or as many more."""
    ascending = sorted(value for value in set(values) if value is not None)
    for digits in range(3, 17):
        rounded = (f"{value:.{digits - 1}e}" for value in ascending)
        if all(one != next_one for one, next_one in pairwise(rounded)):  # the first pair ends it
            return digits
    return 17  # which tell any two doubles apart


def lane_name(run: Run | Verdict, texts: Mapping[float | None, str]) -> str:
    """Return ``"wngrad, lr0 = 1"``: the method, and the value of what varies, if anything does."""
    method, value = run.lane
    return method if value is None else f"{method}, {run.parameter} = {texts[value]}"


def value_texts(solvers: Iterable[Sensitivity]) -> dict[float | None, str]:
    """Return value -> its text, with as many digits as the values of a solver need to differ."""
    return {v: text for s in solvers for v, text in learning_rate_texts(s.values).items()}


def solver_texts(solvers: Sequence[Sensitivity]) -> dict[str, str]:
    """Return solver -> its text, with as many digits of a second axis as its values need."""
    values: dict[str, list[float]] = defaultdict(list)
    for s in solvers:
        for name, value in s.second_axis.items():
            values[name].append(value)
    digits = {name: learning_rate_texts(of_name) for name, of_name in values.items()}
    return {
        str(s.solver): str(s.solver.at({n: float(digits[n][v]) for n, v in s.second_axis.items()}))
        for s in solvers
    }


def runs_of(problem: ProblemResult, s: Sensitivity) -> Mapping[float | None, Sequence[Run]]:
    """Return value -> the runs of one solver, those that were never started among them."""
    runs: dict[float | None, list[Run]] = defaultdict(list)
    for run in problem.runs:
        method, value = run.lane
        if method == str(s.solver):
            runs[value].append(run)
    return runs


def plural(parameter: str) -> str:
    """Return what several values of a parameter are called."""
    return "scales" if parameter == SCALE else parameter


def grid_of(solvers: Iterable[Sensitivity]) -> list[float]:
    """Return the values of all solvers, ascending; those that differ by rounding count as one."""
    grid: list[float] = []
    for value in sorted({value for s in solvers for value in s.values}):
        if not grid or value > grid[-1] * (1.0 + ROUNDING):
            grid.append(value)
    return grid


def runs_not_started(runs: Iterable[Run]) -> Iterator[str]:
    """Yield ``"adagrad-norm, sgd (seeds 1 to 3)"`` for the runs that were never started."""
    seeds: dict[str, set[int]] = defaultdict(set)
    all_seeds = set()
    for run in runs:
        all_seeds.add(run.seed)
        if not run.started:
            seeds[str(run.method)].add(run.seed)
    solvers_of: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for solver, missing in seeds.items():
        solvers_of[tuple(sorted(missing))].append(solver)
    for missing_seeds, solvers in solvers_of.items():
        of_seeds = f" ({_seeds(missing_seeds)})" if len(all_seeds) > 1 else ""
        yield ", ".join(solvers) + of_seeds


def _seeds(seeds: Sequence[int]) -> str:
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    if seeds[-1] - seeds[0] == len(seeds) - 1:
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return "seeds " + ", ".join(map(str, seeds))


def mean_at(runs: Sequence[Run], column: str, iteration: int) -> float | None:
    """Return the mean over seeds of a column at a checkpoint; None if a run lacks either."""
    values = []
    for run in runs:
        rows = np.flatnonzero(run.trace.get("iteration", np.empty(0)) == iteration)
        if not len(rows) or column not in run.trace:
            return None  # the mean over the other seeds would be that of another set of runs
        values.append(float(run.trace[column][rows[0]]))
    return float(np.mean(values))


def last_checkpoints(runs: Iterable[Run]) -> set[int]:
    """Return the iterations at which the traces end."""
    columns = (r.trace.get("iteration", np.empty(0)) for r in runs)
    return {int(iteration[-1]) for iteration in columns if len(iteration)}


def table_iterations(runs: Sequence[Run]) -> list[int]:
    """Return the checkpoints that are in the 1-2-5 series, zero, and the last one."""
    columns = [r.trace["iteration"] for r in runs if len(r.trace.get("iteration", ()))]
    steps = [int(t) for t in distinct(np.concatenate(columns))] if columns else []
    return [t for t in steps if str(t).rstrip("0") in ("", "1", "2", "5") or t == steps[-1]]


def timing(runs: Iterable[Run]) -> str:
    """Return how long the steps and the evaluations of one solver took, over all seeds.

    All lanes of a seed share one clock, so that their times are not added.
    """
    steps: dict[int, float] = {}
    evaluation: dict[int, float] = {}
    for run in runs:
        seconds = np.max(run.trace.get("seconds", np.zeros(0)), initial=0.0)  # or NaN
        steps[run.seed] = float(np.maximum(steps.get(run.seed, 0.0), seconds))
        evaluation[run.seed] = run.evaluation_seconds
    total = sum(steps.values())
    timed = "steps not timed" if math.isnan(total) else f"{number(total)} s of steps"
    return f"{timed}, {number(sum(evaluation.values()))} s of evaluation"
