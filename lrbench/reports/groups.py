"""Texts and numbers about runs of one lane, which several pages need."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from lrbench.config.axes import SCALE
from lrbench.reports.blocks import Line, TableCell, line, number, short_number
from lrbench.results import OUTPUT, ProblemResult, Run, Sensitivity, Status, Verdict
from lrbench.results.ranking import answer_column

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


def status_cell(runs: Sequence[Run], brief: bool = False) -> TableCell:
    """Return the status of the runs: of several seeds the worst one, with its count.

    Parameters
    ----------
    runs
        The runs of one lane.
    brief
        Whether to shorten it for a table: ``"target 178"`` for ``"reached_target at 178"``.
    """
    status = worst_status(runs)
    worst = next(run for run in runs if run.status is status)
    text = str(worst.status)
    if brief and worst.status is Status.REACHED_TARGET:
        text = "target"
    n_worst = sum(r.status is worst.status for r in runs)
    if n_worst < len(runs):
        text = f"{n_worst}/{len(runs)} {text}"
    elif len(runs) == 1 and not worst.status.exhausted:
        text += f" {worst.status_at}" if brief else f" at {worst.status_at}"
    return TableCell(text, "" if worst.status.good else "bad" if worst.status.lost else "warn")


def learning_rate_texts(values: Sequence[float]) -> dict[float, str]:
    """Return value -> its text to 3 digits, or to as many more as all of them need to differ."""
    values, texts = list(dict.fromkeys(values)), list[str]()
    for digits in range(3, 18):  # 17 digits tell any two doubles apart
        texts = [short_number(value, digits) for value in values]
        if len(set(texts)) == len(values):
            break
    return dict(zip(values, texts, strict=True))


def value_texts(solvers: Iterable[Sensitivity]) -> dict[float, str]:
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


def runs_of(problem: ProblemResult, s: Sensitivity) -> Mapping[float, Sequence[Run]]:
    """Return value -> the runs of one solver, those that were never started among them."""
    runs: dict[float, list[Run]] = defaultdict(list)
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
    steps = [int(t) for t in np.unique(np.concatenate(columns))] if columns else []
    return [t for t in steps if str(t).rstrip("0") in ("", "1", "2", "5") or t == steps[-1]]


def bound_ratio(certificate: Verdict, t: int, error: float) -> str:
    """Return measured / bound at checkpoint `t`; `error` is that of f*, or 0 for other measures."""
    if t not in certificate.iteration:
        return ""
    k = list(certificate.iteration).index(t)
    bound, metric = certificate.bound[k], certificate.metric[k]
    if not bound or not math.isfinite(bound) or math.isnan(metric):
        return "-"
    return f"<{error / bound:.0e}" if metric < error else f"{metric / bound:.2g}"


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
