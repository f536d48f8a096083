"""The page of `lrbench run`: convergence beside what was promised, theorems, and the Summary."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from lrbench.reports.blocks import (
    Block,
    CellColumn,
    TableCell,
    folded_cells,
    gap,
    line,
    short_number,
)
from lrbench.reports.groups import (
    SEVERITY,
    answers_line,
    ball_text,
    batch_text,
    digits_of,
    last_checkpoints,
    learning_rate_texts,
    mean_at,
    runs_not_started,
    table_iterations,
    unvaried_text,
    verdicts_of,
    worst_status,
)
from lrbench.reports.lane_table import lane_table
from lrbench.reports.outside import outside_notes
from lrbench.reports.problem_lines import problem_lines
from lrbench.reports.promised import bound_cells, violated_at
from lrbench.reports.sphere import sphere_blocks
from lrbench.reports.summary import summary
from lrbench.reports.theorem_table import theorem_table
from lrbench.reports.trajectory import lane_blocks, trajectory
from lrbench.reports.verdict_blocks import inapplicable, main_bound, main_certificate
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Run, Status
from lrbench.results.lanes import varied
from lrbench.results.ranking import LaneLabel, end_of_all, level_column
from lrbench.results.selection import notable_lanes
from lrbench.results.words import page_word
from lrbench.verdicts.theorems import has_theorems


def run_blocks(problem: ProblemResult, view: View, planned: str = "") -> Iterator[Block]:
    """Yield the blocks of one problem and the runs on it.

    Parameters
    ----------
    problem
        The runs.
    view
        What is shown.
    planned
        The budget of a run, which the page gives where runs were interrupted and none used it up.
    """
    yield from problem_lines(problem.name, problem.header)
    if not problem.groups:
        yield line("no run was started", style="warn")
        if not_started := list(runs_not_started(problem.runs)):
            yield line(f"not started: {not_started[0]}", *not_started[1:], style="warn")
        return
    setting = tuple(_setting(problem, planned))
    yield line(*setting, recurs=setting, label="run")
    notable = notable_lanes(problem)
    yield from _left_out(problem, notable)
    if len({value for _, value in problem.groups} - {None}) <= 1:
        yield from _one_value(problem, view)
    elif view.theorems or view.trajectories:
        yield from _many_values(problem, notable, view)
    yield from outside_notes(problem)
    yield from sphere_blocks(problem, view.width)
    yield from summary(problem, notable, view)
    if view.brief and not view.details:
        theory = "" if view.theorems else "--theory (every theorem), "
        yield line(f"More: {theory}--details (every column); lrbench explain WORD", style="dim")


def _setting(problem: ProblemResult, planned: str) -> Iterator[str]:
    started = [run for runs in problem.groups.values() for run in runs]
    run, seeds = started[0], {r.seed for r in started}
    yield batch_text(run)
    budget = list(_budget(started))
    if not budget and planned and any(r.status is Status.INTERRUPTED for r in started):
        budget = [planned]
    yield from budget
    values = {run.value for run in started if run.value is not None}
    digits, name = digits_of(values), varied(started)
    if len(values) == 1:
        (value,) = values
        text = short_number(value, digits)
        yield f"{name} = {text}" + _in_units(name, value, problem.header.constants.L)
    elif values:
        ends = [short_number(end(values), digits) for end in (min, max)]
        yield f"{len(values)} {name} from {ends[0]} to {ends[1]}"
    yield from unvaried_text(started)
    yield from ball_text(problem)
    if len(seeds) > 1:
        uneven = {len(runs) for runs in problem.groups.values()} != {len(seeds)}
        yield f"means over {'up to ' * uneven}{len(seeds)} seeds"


def _budget(runs: Sequence[Run]) -> Iterator[str]:
    """Yield the steps of the budget, if a run used it up, and with minibatches the passes."""
    budgets = {run.status_at: run for run in runs if run.status.exhausted}
    if budgets:
        steps, run = max(budgets.items())
        at_most = "" if all(r.status_at == steps for r in runs) else "at most "
        passes = run.at_end("passes")
        in_passes = f" ({short_number(passes)} passes)" if passes and run.sampling else ""
        yield f"{at_most}{steps} step{'s' * (steps != 1)}{in_passes}"


def _in_units(name: str, value: float | None, L: float) -> str:
    """Return a learning rate in units of 1/L: `` = 107/L``."""
    known = name == "lr0" and value is not None and math.isfinite(L) and L > 0
    return f" = {short_number(value * L)}/L" if known and value is not None else ""


def _one_value(problem: ProblemResult, view: View) -> Iterator[Block]:
    """Yield a table with columns for each solver, and the theorems on each."""
    groups = list(problem.groups.values())
    iterations = table_iterations([run for runs in groups for run in runs])
    columns = [_columns(problem, runs, iterations) for runs in groups]
    level = problem.header.level.replace("F", "F(w_T)")
    about = f"{level} after T steps"
    if any(len(pair) > 1 for pair in columns):
        about += "; promised: the least bound on it known before the run"
    yield line("")
    yield line(about, style="title")
    yield from answers_line(problem.header.level, groups)
    first = ("T", [TableCell(str(t)) for t in iterations])
    yield from folded_cells(first, columns, view.width)
    for runs in groups:
        yield from _solver_blocks(problem, runs, view)


def _columns(
    problem: ProblemResult, runs: Sequence[Run], iterations: list[int]
) -> list[CellColumn]:
    """Return F - f* of one solver at these iterations, and what was promised of it."""
    constants, verdicts = problem.header.constants, verdicts_of(problem, runs[0])
    violated = violated_at(runs, verdicts, iterations)
    cells = [
        TableCell(
            gap(mean_at(runs, level_column(runs), t), constants.f_star_error), "bad" if bad else ""
        )
        for t, bad in zip(iterations, violated, strict=True)
    ]
    columns = [(str(runs[0].solver), cells)]
    if bounds := bound_cells("a-priori", runs, verdicts, iterations, constants.delta0):
        columns.append(("promised", bounds))
    return columns


def _solver_blocks(problem: ProblemResult, runs: Sequence[Run], view: View) -> Iterator[Block]:
    """Yield the theorems on one solver, and its trajectory, where they are asked for."""
    verdicts = verdicts_of(problem, runs[0])
    blocks: list[Block] = []
    if view.theorems:
        blocks += theorem_table(verdicts, problem.header.constants.f_star_error, view.width)
    title = str(runs[0].solver)
    if blocks:
        ends = {v.iteration[-1] for v in verdicts if v.iteration}
        at = f" at T = {ends.pop()}" if len(ends) == 1 else ""
        title += f": measured and proved{at}"
    if view.theorems:
        blocks += inapplicable(verdicts)
    if view.trajectories:
        blocks += trajectory(problem, runs, view)
    if blocks:
        failed = any(v.bound_verdict == "fail" for v in verdicts)
        yield line("")
        yield line(title, style="bad" if failed else "title")
        yield from blocks


def _many_values(
    problem: ProblemResult, notable: Sequence[LaneLabel], view: View
) -> Iterator[Block]:
    """Yield a table for each solver, with a row for each value, or for the notable ones of many."""
    texts = learning_rate_texts(value for _, value in notable)
    solvers: dict[str, list[Sequence[Run]]] = defaultdict(list)
    for lane in notable:
        solvers[lane[0]].append(problem.groups[lane])
    yield line("")
    yield line(_about_columns(problem))
    yield from answers_line(problem.header.level, [r for lanes in solvers.values() for r in lanes])
    for solver, lanes in solvers.items():
        yield line("")
        yield line(solver, style="title")
        yield from lane_table(problem, lanes, texts, view)
        verdicts = [v for r in lanes for v in verdicts_of(problem, r[0])]
        yield from inapplicable(verdicts, {r[0].value: texts[r[0].value] for r in lanes})
        for runs in lanes if view.trajectories else ():
            yield from lane_blocks(problem, runs, view)


def _left_out(problem: ProblemResult, notable: Sequence[LaneLabel]) -> Iterator[Block]:
    """Yield how many lanes are not shown, by their status, and how many of the others not judged.

    The status of a lane is that of its worst seed.
    """
    others = problem.groups.keys() - set(notable)
    if others:
        counted = Counter(worst_status(problem.groups[lane]) for lane in others)
        statuses = [
            f"{counted[status]} {page_word('run', str(status))}"
            for status in SEVERITY
            if counted[status]
        ]
        yield line(
            "judged and shown are the best, the edges and what failed",
            f"the other {len(others)} lanes: {statuses[0]}",
            *statuses[1:],
        )
    # What has no row, as of a rule that failed before the first, cannot be judged at any time; and
    # of a rule that is not known here it shows in other lanes whether there are theorems on it.
    judged = {solver for solver, _ in problem.judged}
    unjudged = [
        lane
        for lane in notable
        if lane not in problem.judged and any(run.trace for run in problem.groups[lane])
    ]
    known = {lane: has_theorems(problem.groups[lane][0].solver) for lane in unjudged}
    late = [lane for lane in unjudged if known[lane] or (known[lane] is None and lane[0] in judged)]
    if n_unjudged := len(late):
        yield line(
            f"{n_unjudged} of the lanes below were not judged: the time was up", style="warn"
        )


def _about_columns(problem: ProblemResult) -> str:
    """Return what the columns hold, and after how many iterations."""
    runs = [run for runs in problem.groups.values() for run in runs]
    ends, name = last_checkpoints(runs), varied(runs)
    when = f"after T = {ends.pop()} steps" if len(ends) == 1 else f"of each {name} at its end"
    bounds = any(main_certificate(of) or main_bound(of) for of in problem.judged.values())
    averages = [end_of_all(of, "suboptimality_average") for of in problem.groups.values()]
    columns = ["the last iterate"]
    columns += ["the average"] * any(end is not None and end == end for end in averages)
    columns += ["the main bound"] * bounds
    if len(columns) > 1:
        columns[-1] = f"and {columns[-1]}"
    return f"{problem.header.level} {when}: {', '.join(columns)}"
