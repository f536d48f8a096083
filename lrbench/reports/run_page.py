"""The page of `lrbench run`: convergence beside theory, and which solver and lr0 came first."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from lrbench.reports.blocks import Block, Line, TextColumn, folded, gap, line, number
from lrbench.reports.groups import (
    SEVERITY,
    answers_line,
    ball_text,
    batch_text,
    bound_ratio,
    lane_name,
    last_checkpoints,
    learning_rate_texts,
    mean_at,
    runs_not_started,
    status_cell,
    table_iterations,
    timing,
    unvaried_text,
    verdicts_of,
    worst_status,
)
from lrbench.reports.lane_table import lane_table
from lrbench.reports.outside import outside_notes
from lrbench.reports.problem_lines import problem_lines
from lrbench.reports.tested import tested_blocks
from lrbench.reports.trajectory import lane_blocks, trajectory
from lrbench.reports.verdict_blocks import (
    inapplicable,
    main_certificate,
    verdict_grid,
    violations,
)
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Run
from lrbench.results.lanes import varied
from lrbench.results.ranking import DEFAULT_SHARE, LaneLabel, first_to, level_column, lowest
from lrbench.results.selection import notable_lanes
from lrbench.verdicts.theorems import has_theorems


def run_blocks(problem: ProblemResult, view: View) -> Iterator[Block]:
    """Yield the blocks of one problem and the runs on it."""
    yield from problem_lines(problem.name, problem.header)
    if not problem.groups:
        yield line("no run was started", style="warn")
        return
    if len({value for _, value in problem.groups} - {None}) <= 1:
        yield from _one_value(problem, view)
    else:
        yield from _many_values(problem, view)
    yield from outside_notes(problem)
    if not_started := list(runs_not_started(problem.runs)):
        yield line("")
        yield line(f"not started: {not_started[0]}", *not_started[1:], style="warn")
    if closing := closing_line(problem):
        yield line("")
        yield closing


def _setting(problem: ProblemResult) -> Iterator[str]:
    started = [run for runs in problem.groups.values() for run in runs]
    run, seeds = started[0], {r.seed for r in started}
    yield batch_text(run)
    values = {run.value for run in started} - {None}
    if len(values) == 1:
        yield f"{varied(started)} = {learning_rate_texts(values)[values.pop()]}"
    yield from unvaried_text(started)
    yield from ball_text(problem)
    if len(seeds) > 1:
        uneven = {len(runs) for runs in problem.groups.values()} != {len(seeds)}
        yield f"means over {'up to ' * uneven}{len(seeds)} seeds"


def _one_value(problem: ProblemResult, view: View) -> Iterator[Block]:
    """Yield a table with columns for each solver, and the verdicts on each."""
    groups, setting = list(problem.groups.values()), tuple(_setting(problem))
    level = problem.header.level.replace("F", "F(w_T)")
    about = f"{level} after T steps and measured / certificate:"
    yield line(*setting, about, recurs=setting)
    yield from answers_line(problem.header.level, groups)
    iterations = table_iterations([run for runs in groups for run in runs])
    first = ("T", [str(t) for t in iterations])
    columns = [_columns(problem, runs, iterations) for runs in groups]
    yield from folded(first, columns, view.width)
    yield from tested_blocks(problem, groups)
    for runs in groups:
        yield from _solver_blocks(problem, runs, view)


def _columns(
    problem: ProblemResult, runs: Sequence[Run], iterations: list[int]
) -> list[TextColumn]:
    """Return the gap of one solver at these iterations, and its ratio to the certificate."""
    error = problem.header.constants.f_star_error
    gaps = [gap(mean_at(runs, level_column(runs), t), error) for t in iterations]
    certificate = main_certificate(verdicts_of(problem, runs[0]))
    columns = [(str(runs[0].solver), gaps)]
    if certificate:
        ratios = [bound_ratio(certificate, t, error) for t in iterations]
        columns.append((f"/ {certificate.theorem}", ratios))
    return columns


def _solver_blocks(problem: ProblemResult, runs: Sequence[Run], view: View) -> Iterator[Block]:
    status, L = status_cell(runs), problem.header.constants.L
    verdicts = verdicts_of(problem, runs[0])
    lrs = runs[0].trace.get("lr", np.empty(0))
    title = f"{runs[0].solver}: {status.text}"
    if len(lrs) > 1 and math.isfinite(L) and not math.isnan(lrs[-1]):
        title += f"; last lr {number(lrs[-1])} = {number(lrs[-1] * L)}/L"
    if view.timing:
        title += f"; {timing(runs)}"
    yield line("")
    yield line(title, style=status.style or "title")
    if runs[0].error:
        yield line(runs[0].error, style="bad")
    yield from verdict_grid(verdicts, problem.header.constants.f_star_error, view.width)
    yield from violations(verdicts)
    yield from inapplicable(verdicts)
    if view.trajectories:
        yield from trajectory(problem, runs, view)


def _many_values(problem: ProblemResult, view: View) -> Iterator[Block]:
    """Yield a table for each solver, with a row for each value, or for the notable ones of many."""
    notable = notable_lanes(problem.groups)
    texts = learning_rate_texts(value for _, value in notable)
    solvers: dict[str, list[Sequence[Run]]] = defaultdict(list)
    for lane in notable:
        solvers[lane[0]].append(problem.groups[lane])
    setting = (*_setting(problem), _about_columns(problem))
    yield line(*setting, recurs=setting)
    all_runs = [runs for lanes in solvers.values() for runs in lanes]
    yield from answers_line(problem.header.level, all_runs)
    yield from _left_out(problem, notable)
    for solver, lanes in solvers.items():
        yield line("")
        seconds = f": {timing([run for runs in lanes for run in runs])}" if view.timing else ""
        yield line(solver + seconds, style="title")
        yield from lane_table(problem, lanes, texts, view)
        verdicts = [v for r in lanes for v in verdicts_of(problem, r[0])]
        yield from violations(verdicts)
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
        statuses = [f"{counted[status]} {status}" for status in SEVERITY if counted[status]]
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
    known = {lane: has_theorems(problem.groups[lane][0].solver.name) for lane in unjudged}
    late = [lane for lane in unjudged if known[lane] or (known[lane] is None and lane[0] in judged)]
    if n_unjudged := len(late):
        yield line(
            f"{n_unjudged} of the lanes below were not judged: the time was up", style="warn"
        )


def _about_columns(problem: ProblemResult) -> str:
    """Return what the columns hold, and after how many iterations."""
    runs = [run for runs in problem.groups.values() for run in runs]
    ends, name = last_checkpoints(runs), varied(runs)
    when = f"after T = {ends.pop()} iterations" if len(ends) == 1 else f"of each {name} at its end"
    return f"{problem.header.level} {when}, of the last iterate and of the average:"


def closing_line(problem: ProblemResult) -> Line | None:
    """Return which lane reached the target in the fewest passes, or None if nothing was run.

    Passes are those of the first checkpoint at or below the target, as the median over seeds, where
    a seed that never reached it counts as infinity. If another lane ended lowest, it is named, too.
    """
    if not problem.groups:
        return None
    text, *rest = _first_and_lowest(problem)
    if not all(run.started for run in problem.runs):
        text = f"Of what ran: {text[0].lower()}{text[1:]}"
    return line(text, *rest, style="title")


def _first_and_lowest(problem: ProblemResult) -> list[str]:
    texts = learning_rate_texts(value for _, value in problem.groups)

    def named(lane: LaneLabel) -> str:
        return lane_name(problem.groups[lane][0], texts)

    if math.isnan(problem.header.constants.f_star):
        best, level = lowest(problem.groups)
        if best is None:
            return ["None ended with a finite F"]
        return [f"Lowest at the end: {named(best)}", f"at F = {number(level)}"]
    delta0, target = problem.header.constants.delta0, problem.header.target
    target_text = f"F - f* <= {number(target)}"
    if target is None:
        target = DEFAULT_SHARE * delta0
        target_text = f"{DEFAULT_SHARE:.0%} of F(w_0) - f*"
    first, passes = first_to(problem.groups, target)
    best, level = lowest(problem.groups)
    error = problem.header.constants.f_star_error
    level_text = f"at {gap(level, error) if level < error else number(level)}"
    if first:
        pieces = [
            f"First to {target_text}: {named(first[0])}",
            f"after {number(passes)} pass{'es' * (passes != 1)}",
        ]
        if others := len(first) - 1:
            pieces.append(f"as did {others} other{'s' * (others > 1)}")
        if best is not None and best != first[0]:
            pieces[-1] += f"; lowest at the end: {named(best)}"
            pieces.append(level_text)
        return pieces
    if best is None or not level < delta0:
        return ["None came below F(w_0) - f*"]
    return [f"None came to {target_text}; the nearest is {named(best)}", level_text]
