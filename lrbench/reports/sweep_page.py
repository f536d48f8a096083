"""The page of `lrbench sweep`: how sensitive each solver is to its learning rate or scale."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from lrbench.reports.advice import advice_line, wider_grid
from lrbench.reports.blocks import (
    Block,
    Drawing,
    TableCell,
    folded_cells,
    gap,
    line,
    number,
    short_number,
)
from lrbench.reports.curve import curve
from lrbench.reports.groups import (
    answers_line,
    ball_text,
    batch_text,
    grid_of,
    learning_rate_texts,
    plural,
    runs_not_started,
    solver_texts,
    timing,
    unvaried_text,
)
from lrbench.reports.outside import outside_notes
from lrbench.reports.problem_lines import problem_lines
from lrbench.reports.sweep_details import sweep_details, theory_of_sweep
from lrbench.reports.sweep_table import cost_table, sweep_table
from lrbench.reports.tested import tested_table
from lrbench.reports.verdict_blocks import violations
from lrbench.reports.view import View
from lrbench.results import ArrivalRule, ProblemResult, Run, Sweep
from lrbench.results.lanes import is_rate
from lrbench.study import advise

CONTINUED = " \\"
"""The end of a line of a command that goes on."""

RULES: Mapping[ArrivalRule, str] = {
    "first": "",
    "confirmed": "to hold at T and in the mean over T to 2 T",
    "end": "to hold from T to the end",
}
"""How long a run has to be at the target to have arrived there after T steps."""


def sweep_blocks(
    problem: ProblemResult, sweep: Sweep, view: View, repeat: str = ""
) -> Iterator[Block]:
    """Yield the blocks of the sweep of one problem, what was found first.

    Parameters
    ----------
    problem
        The runs.
    sweep
        The sensitivity of the solvers.
    view
        What is shown.
    repeat
        The command line that runs again what is advised; empty for none.
    """
    yield from problem_lines(problem.name, problem.header)
    if not problem.groups:
        yield line("no run was started", style="warn")
        return
    setting = tuple(_setting(problem, sweep))
    yield line(*setting, recurs=setting, label="sweep")
    yield from answers_line(problem.header.level, problem.groups.values())
    if not sweep.has_target:  # a sweep with --at where f* is not known
        yield from _after_steps(problem, sweep, view)
        yield from _failures(problem, sweep)
        yield from _timing(problem, view)
        yield from outside_notes(problem)
        return
    of_gap = sweep.target_measure == "suboptimality"
    if of_gap and sweep.target < problem.header.constants.f_star_error:
        yield line("the target is below the error of f*: who came there is not known", style="warn")
    yield line("")
    yield advice_line(problem, sweep)
    if repeat:
        yield from _command(repeat, view.width)
    yield from _failures(problem, sweep)
    yield line("")
    targets = problem.sweeps or (sweep,)
    obstacle = advise(problem, sweep).obstacle
    lowest = {str(level.solver): level for level in obstacle.lowest_of} if obstacle else {}
    for k, of_target in enumerate(targets):
        if k:
            yield line("")
        title = f"sensitivity to {of_target.parameter}"
        place = f", {_target(problem, of_target)}" if len(targets) > 1 else ""
        yield line(f"{title}{place}:", style="title")
        yield from sweep_table(of_target, view, lowest)
    yield from tested_table(problem, sweep)
    yield from curve(problem, sweep, view)
    yield from _after_steps(problem, sweep, view)
    yield from _timing(problem, view)
    if view.trajectories:
        for of_target in targets:
            place = f", {_target(problem, of_target)}" if len(targets) > 1 else ""
            yield line("")
            yield line(f"costs, of which less is better{place}:", style="title")
            yield from cost_table(of_target, view)
        yield from sweep_details(problem, sweep, view)
    elif view.theory:
        yield from theory_of_sweep(sweep, view)
    yield from outside_notes(problem)


def _command(text: str, width: int) -> Iterator[Block]:
    """Yield a command line as a drawing, broken between options as a shell reads on."""
    rows = [""]
    for k, piece in enumerate(re.split(r" (?=-)", text)):
        joined = f"{rows[-1]} {piece}" if k else f"  {piece}"
        if k and len(joined) + len(CONTINUED) > width:
            rows[-1] += CONTINUED
            joined = f"    {piece}"
            rows.append("")
        rows[-1] = joined
    yield Drawing([[TableCell(row, "dim")] for row in rows])


def _setting(problem: ProblemResult, sweep: Sweep) -> Iterator[str]:
    run = next(run for runs in problem.groups.values() for run in runs)
    yield batch_text(run)
    yield from ball_text(problem)
    yield _target(problem, sweep)
    if (rule := RULES[sweep.arrival]) and sweep.has_target:
        yield rule
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
    if len(grid) > 1:
        yield f"{len(grid)} {plural(name)} from {texts[grid[0]]} to {texts[grid[-1]]}"
    elif grid:
        yield f"{name} = {texts[grid[0]]} alone"
    yield from unvaried_text(sweep.solvers)
    yield from _held(sweep)


def _held(sweep: Sweep) -> Iterator[str]:
    """Yield which lr0 is held while another parameter varies, where all solvers hold the same."""
    rates = set[str]()
    for s in sweep.solvers:
        if s.parameter != "lr0" and not any(map(is_rate, s.second_axis)):
            follows = len(set(s.lr0)) > 1
            name = f"lr0 / {s.parameter}" if follows else "lr0"
            for value, lr0 in zip(s.values, s.lr0, strict=False):
                if lr0 is not None:
                    held = lr0 / value if follows else lr0
                    rates.add(f"{name} = {short_number(held)} held")
    yield from sorted(rates)


def _after_steps(problem: ProblemResult, sweep: Sweep, view: View) -> Iterator[Block]:
    """Yield a table for each T of ``--at``: F - f* of each solver and value after T steps.

    Where f* is not known it is the least squared norm of the gradient up to T.
    """
    error = problem.header.constants.f_star_error
    grid: list[float | None] = [*grid_of(sweep.solvers)] or [None]
    texts, names = learning_rate_texts(grid), solver_texts(sweep.solvers)
    medians = ", medians over seeds" if any(s.n_seeds > 1 for s in sweep.solvers) else ""
    first = (sweep.parameter, [TableCell(text) for text in texts.values()])
    for T in dict.fromkeys(after.iteration for s in sweep.solvers for after in s.at):
        columns = []
        for s in sweep.solvers:
            gaps = next((after.gap for after in s.at if after.iteration == T), ())
            levels = dict(zip(s.values or (None,), gaps, strict=False))
            cells = [_level(_near(levels, value), error) for value in grid]
            columns.append([(names[str(s.solver)], cells)])
        yield line("")
        known = not math.isnan(problem.header.constants.f_star)
        measure = "F - f* after" if known else "least |grad F|^2 up to"
        yield line(f"{measure} T = {T} steps{medians}:", style="title")
        yield from folded_cells(first, columns, view.width)


def _near(levels: Mapping[float | None, float], value: float | None) -> float:
    """Return the level at a value, but for the rounding of 1/L; NaN where the solver has none.

    The level of a solver of which nothing varies, that of None, is the same at every value.
    """
    for v, level in levels.items():
        if v is None or (value is not None and math.isclose(v, value, rel_tol=1e-9)):
            return level
    return math.nan


def _level(level: float, error: float) -> TableCell:
    return TableCell("diverged", "bad") if level == math.inf else TableCell(gap(level, error))


def _target(problem: ProblemResult, sweep: Sweep) -> str:
    """Return the target of a sweep, and its share of F(w_0) - f*."""
    if not sweep.has_target:
        return "no target, as f* is not known"
    delta0 = problem.header.constants.delta0
    of_gap = sweep.target_measure == "suboptimality" and delta0 > 0
    percent = f"{short_number(100 * sweep.target / delta0)} %" if of_gap else ""
    of_start = f" ({percent} of F(w_0) - f*)" if percent else ""
    return f"target {sweep.goal} {number(sweep.target)}{of_start}"


def _failures(problem: ProblemResult, sweep: Sweep) -> Iterator[Block]:
    """Yield lines on runs that are missing or failed, and on bounds that were violated."""
    lines: list[Block] = []
    if sweep.missing:
        n_runs = sum(s.n_seeds * len(s.lr0) for s in sweep.solvers)
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
    lines += violations(problem.verdicts)
    edges = [
        s
        for s in sweep.solvers
        if len(s.values) > 1 and s.best_value in s.values[:: len(s.values) - 1]
    ]
    if advised := [str(s.solver) for s in edges]:
        places = "stands" if len(advised) == 1 else "stand"
        text = f"the best {sweep.parameter} of {', '.join(advised)} {places} at an end of the grid"
        lines.append(line(f"{text}: go on with {wider_grid(sweep)}"))
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
