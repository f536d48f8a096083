"""The page of `lrbench sweep`: how sensitive each solver is to its learning rate or scale."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from lrbench.reports.advice import advice_line
from lrbench.reports.blocks import (
    Block,
    Style,
    TableCell,
    folded_cells,
    gap,
    line,
    number,
    short_number,
)
from lrbench.reports.curve import curve
from lrbench.reports.groups import (
    SEVERITY,
    answers_line,
    ball_text,
    batch_text,
    grid_of,
    learning_rate_texts,
    plural,
    runs_not_started,
    timing,
)
from lrbench.reports.problem_lines import problem_lines
from lrbench.reports.sweep_table import sweep_legend, sweep_table
from lrbench.reports.trajectory import lane_blocks
from lrbench.reports.view import View
from lrbench.results import ArrivalRule, ProblemResult, Run, Sensitivity, Status, Sweep
from lrbench.results.ranking import answer_column

HEADINGS = ("passes", "first hit", "reached", "status", "F - f*", "lr L")
"""Columns of the details, which have a row for each value."""

RULES: Mapping[ArrivalRule, str] = {
    "first": "",
    "confirmed": " at T and in the mean over T to 2 T",
    "end": " from T to the end",
}
"""When a run has arrived at the target, after T steps."""


def sweep_blocks(problem: ProblemResult, sweep: Sweep, view: View) -> Iterator[Block]:
    """Yield the blocks of the sweep of one problem."""
    yield from problem_lines(problem.name, problem.header)
    if not problem.groups:
        yield line("no run was started", style="warn")
        return
    setting = tuple(_setting(problem, sweep))
    yield line(*setting, recurs=setting)
    yield from answers_line(problem.header.level, problem.groups.values())
    if sweep.target < problem.header.constants.f_star_error:
        yield line("the target is below the error of f*: who came there is not known", style="warn")
    yield line("")
    yield from sweep_table(sweep, view)
    for other in (problem.sweeps or ())[1:]:
        yield line("")
        yield line(_target(problem, other), style="title")
        yield from sweep_table(other, view)
    yield from curve(problem, sweep, view)
    yield from _after_steps(problem, sweep, view)
    yield from _failures(problem, sweep)
    yield from _timing(problem, view)
    if view.trajectories:
        yield from _details(problem, sweep, view)
    yield line("")
    yield advice_line(problem, sweep)
    yield line("")
    yield from sweep_legend(problem.sweeps or [sweep])


def _setting(problem: ProblemResult, sweep: Sweep) -> Iterator[str]:
    run = next(run for runs in problem.groups.values() for run in runs)
    yield batch_text(run)
    yield from ball_text(problem)
    yield _target(problem, sweep)
    if sweep.iterations is not None:
        budget = f"at most {sweep.iterations} iterations"
        if run.setting == "stochastic":
            passes = sweep.iterations * run.batch_size / problem.header.n_samples
            budget += f" ({short_number(passes)} passes)"
        yield budget
    n_seeds = max((s.n_seeds for s in sweep.solvers), default=1)
    if n_seeds > 1:
        fewest = min((n for s in sweep.solvers for n in s.finished if n), default=n_seeds)
        yield f"medians over {n_seeds if fewest == n_seeds else f'{fewest} to {n_seeds}'} seeds"
    elif run.setting == "stochastic":
        yield "one seed: no interval"
    grid, name = grid_of(sweep.solvers), sweep.parameter
    texts = learning_rate_texts(grid)
    span = f"{len(grid)} {plural(name)} from {texts[grid[0]]} to {texts[grid[-1]]}"
    yield span if len(grid) > 1 else f"{name} = {texts[grid[0]]} alone"


def _after_steps(problem: ProblemResult, sweep: Sweep, view: View) -> Iterator[Block]:
    """Yield a table for each T of ``--at``: F - f* of each solver and value after T steps."""
    error = problem.header.constants.f_star_error
    texts = learning_rate_texts(grid_of(sweep.solvers))
    medians = ", medians over seeds" if any(s.n_seeds > 1 for s in sweep.solvers) else ""
    first = (sweep.parameter, [TableCell(text) for text in texts.values()])
    for T in dict.fromkeys(after.iteration for s in sweep.solvers for after in s.at):
        columns = []
        for s in sweep.solvers:
            gaps = next((after.gap for after in s.at if after.iteration == T), ())
            levels = dict(zip(s.values, gaps, strict=False))
            cells = [_level(_near(levels, value), error) for value in texts]
            columns.append([(str(s.solver), cells)])
        yield line("")
        yield line(f"F - f* after T = {T} steps{medians}:", style="title")
        yield from folded_cells(first, columns, view.width)


def _near(levels: Mapping[float, float], value: float) -> float:
    """Return the level at a value, but for the rounding of 1/L; NaN where the solver has none."""
    return next((g for v, g in levels.items() if math.isclose(v, value, rel_tol=1e-9)), math.nan)


def _level(level: float, error: float) -> TableCell:
    return TableCell("diverged", "bad") if level == math.inf else TableCell(gap(level, error))


def _target(problem: ProblemResult, sweep: Sweep) -> str:
    """Return the target of a sweep, and when a run has arrived there."""
    delta0 = problem.header.constants.delta0
    percent = f"{short_number(100 * sweep.target / delta0)} %" if delta0 > 0 else ""
    of_start = f" ({percent} of F(w_0) - f*)" if percent else ""
    rule = RULES[sweep.arrival]
    return f"target F - f* <= {number(sweep.target)}{of_start}{rule}"


def _failures(problem: ProblemResult, sweep: Sweep) -> Iterator[Block]:
    """Yield lines on runs that are missing or failed, and on bounds that were violated."""
    lines: list[Block] = []
    if sweep.missing:
        n_runs = sum(s.n_seeds * len(s.values) for s in sweep.solvers)
        verb = "is" if sweep.missing == 1 else "are"
        missing = f"{sweep.missing} of {n_runs} runs {verb} missing"
        causes = "interrupted, failed or never begun"
        lines.append(line(f"{missing} ({causes}): figures are of what there is", style="warn"))
    if unknown := sum(len(s.unknown) for s in sweep.solvers):
        name = sweep.parameter
        article = "an" if name[0] in "aeilou" else "a"
        values_are = f"{article} {name} is" if unknown == 1 else f"{unknown} {plural(name)} are"
        no_run = "no run of it is" if unknown == 1 else "no run of them is"
        text = f"{values_are} unknown, as {no_run} finished: usable ranges may be wider"
        lines.append(line(text, style="warn"))
    if not_started := list(runs_not_started(problem.runs)):
        lines.append(line(f"not started: {not_started[0]}", *not_started[1:], style="warn"))
    # Dictionaries rather than sets keep the order of the runs.
    errors = {(str(run.method), run.error): None for run in problem.runs if run.error}
    lines += [line(f"{solver}: {error}", style="bad") for solver, error in errors]
    failed = [v for v in problem.verdicts if v.bound_verdict == "fail"]
    violated = dict.fromkeys(f"{v.theorem} of {v.method}" for v in failed)
    if pieces := list(violated):
        lines.append(line(f"bound violated: {pieces[0]}", *pieces[1:], style="bad"))
    if lines:
        yield line("")
        yield from lines


def _timing(problem: ProblemResult, view: View) -> Iterator[Block]:
    if not view.timing:
        return
    solvers: dict[str, list[Run]] = defaultdict(list)
    for (solver, _), runs in problem.groups.items():
        solvers[solver].extend(runs)
    yield line("")
    for solver, runs in solvers.items():
        yield line(f"{solver}: {timing(runs)}")


def _details(problem: ProblemResult, sweep: Sweep, view: View) -> Iterator[Block]:
    """Yield a table for each solver, with a row for each value, and trajectories if asked for."""
    lanes: dict[tuple[str, float], list[Run]] = defaultdict(list)
    for run in problem.runs:
        lanes[run.lane].append(run)
    for s in sweep.solvers:
        medians = f", medians over {s.n_seeds} seeds" if s.n_seeds > 1 else ""
        title = f"{s.solver}: passes to the target and the end of each {s.parameter}{medians}"
        yield line("")
        yield line(title, style="title")
        rows = [
            list(_row(problem, s, k, lanes.get((str(s.solver), value), ())))
            for k, value in enumerate(s.values)
        ]
        columns = [
            [(name, list(cells))]
            for name, cells in zip(HEADINGS, zip(*rows, strict=True), strict=True)
            if name != "first hit" or sweep.arrival != "first"
        ]
        texts = learning_rate_texts(s.values)
        first = (s.parameter, [TableCell(texts[value]) for value in s.values])
        yield from folded_cells(first, columns, view.width, frozenset({"status"}))
    # A grid has too many values for --details to show all trajectories: --columns asks for them.
    if view.columns is not None:
        for runs in problem.groups.values():
            yield from lane_blocks(problem, runs, view)


def _row(
    problem: ProblemResult, s: Sensitivity, k: int, runs: Sequence[Run]
) -> Iterator[TableCell]:
    L, error = problem.header.constants.L, problem.header.constants.f_star_error
    for passes in (s.passes[k], s.first_hit[k]):
        if math.isfinite(passes):
            yield TableCell(short_number(passes))
        else:
            yield TableCell("never" if s.finished[k] else "?", "warn")
    yield TableCell(f"{s.reached[k]}/{s.finished[k]}")
    yield _statuses(runs)
    yield TableCell(gap(_median(runs, answer_column(runs)), error))
    lr = _median(runs, "lr")
    yield TableCell(number(lr * L, 2) if lr is not None and math.isfinite(L) else "-")


def _statuses(runs: Sequence[Run]) -> TableCell:
    """Return how many runs ended how: ``"4 target, 1 diverged"``; of one run how it ended."""
    counts = Counter(run.status if run.started else None for run in runs)
    pieces: list[str] = []
    for status in (*SEVERITY, None):
        if count := counts[status]:
            text = "not started" if status is None else str(status)
            text = "target" if status is Status.REACHED_TARGET else text
            pieces.append(text if len(counts) == 1 else f"{count} {text}")
    lost = any(status is not None and status.lost for status in counts)
    fine = all(status is not None and status.good for status in counts)
    style: Style = "bad" if lost else "" if fine else "warn"
    return TableCell(", ".join(pieces) or "not started", style)


def _median(runs: Sequence[Run], column: str) -> float | None:
    """Return the median over seeds of a column where the runs ended; None if there is none."""
    values = (run.at_end(column) for run in runs)
    ends = [value for value in values if value is not None and not math.isnan(value)]
    return statistics.median(ends) if ends else None
