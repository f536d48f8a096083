"""The page of `lrbench sweep`: how sensitive each solver is to the initial learning rate."""

from __future__ import annotations

from collections.abc import Iterator

from lrbench.reports.advice import advice
from lrbench.reports.blocks import Block, line, number, short_number
from lrbench.reports.curve import curve
from lrbench.reports.groups import (
    ball_text,
    batch_text,
    f_star_error,
    learning_rate_texts,
    runs_not_started,
    timing,
)
from lrbench.reports.problem_lines import problem_lines
from lrbench.reports.sweep_details import lane_tables
from lrbench.reports.sweep_table import sweep_table
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Run, Sweep


def sweep_blocks(problem: ProblemResult, sweep: Sweep, view: View) -> Iterator[Block]:
    """Yield what the sweep of one problem found."""
    yield from problem_lines(problem)
    if not problem.groups:
        yield line("no run was started", style="warn")
        return
    setting = tuple(_setting(problem, sweep))
    yield line(*setting, recurs=setting)
    if sweep.target < f_star_error(problem):
        yield line("the target is below the error of f*: who came there is not known", style="warn")
    yield line("")
    yield from sweep_table(sweep, view)
    yield from curve(problem, sweep, view)
    yield from _failures(problem, sweep)
    yield from _timing(problem, view)
    if view.trajectories:
        yield from lane_tables(problem, sweep, view)
    yield line("")
    yield advice(problem, sweep)


def _setting(problem: ProblemResult, sweep: Sweep) -> Iterator[str]:
    run = next(run for runs in problem.groups.values() for run in runs)
    yield batch_text(run)
    yield from ball_text(problem)
    delta0 = float(problem.header["constants"]["delta0"])
    share = f" ({short_number(100 * sweep.target / delta0)} % of F(w_0) - f*)" if delta0 > 0 else ""
    yield f"target F - f* <= {number(sweep.target)}{share}"
    if sweep.iterations is not None:
        budget = f"at most {sweep.iterations} iterations"
        if run.setting == "stochastic":
            passes = sweep.iterations * run.batch_size / problem.header["n_samples"]
            budget += f" ({short_number(passes)} passes)"
        yield budget
    n_seeds = max((s.n_seeds for s in sweep.solvers), default=1)
    if n_seeds > 1:
        fewest = min((n for s in sweep.solvers for n in s.finished if n), default=n_seeds)
        yield f"medians over {n_seeds if fewest == n_seeds else f'{fewest} to {n_seeds}'} seeds"
    elif run.setting == "stochastic":
        yield "one seed: no interval"
    grid = sorted({lr0 for s in sweep.solvers for lr0 in s.lr0})
    texts = learning_rate_texts(grid)
    many = f"{len(grid)} lr0 from {texts[grid[0]]} to {texts[grid[-1]]}"
    yield many if len(grid) > 1 else f"lr0 = {texts[grid[0]]} alone"


def _failures(problem: ProblemResult, sweep: Sweep) -> Iterator[Block]:
    """Yield what is missing, what went wrong, and which bounds were violated."""
    said: list[Block] = []
    if sweep.missing:
        many = f"{sweep.missing} of {sum(s.n_seeds * len(s.lr0) for s in sweep.solvers)} runs"
        verb = "is" if sweep.missing == 1 else "are"
        why = "interrupted, failed or never begun"
        said.append(
            line(f"{many} {verb} missing ({why}): figures are of what there is", style="warn")
        )
    if unknown := sum(len(s.unknown) for s in sweep.solvers):
        what = "an lr0 is" if unknown == 1 else f"{unknown} lr0 are"
        which = "no run of it is" if unknown == 1 else "no run of them is"
        said.append(
            line(f"{what} unknown, as {which} finished: usable ranges may be wider", style="warn")
        )
    if never := list(runs_not_started(problem.runs)):
        said.append(line(f"not started: {never[0]}", *never[1:], style="warn"))
    errors = {(str(run.solver), run.error): None for run in problem.runs if run.error}
    said += [line(f"{solver}: {error}", style="bad") for solver, error in errors]
    failed = [v for v in problem.verdicts if v.bound_verdict == "fail"]
    broken = dict.fromkeys((v.theorem, str(v.solver)) for v in failed)
    pieces = [f"{theorem} of {solver}" for theorem, solver in broken]
    if pieces:
        said.append(line(f"bound violated: {pieces[0]}", *pieces[1:], style="bad"))
    if said:
        yield line("")
        yield from said


def _timing(problem: ProblemResult, view: View) -> Iterator[Block]:
    if not view.timing:
        return
    solvers: dict[str, list[Run]] = {}
    for (solver, _), runs in problem.groups.items():
        solvers.setdefault(solver, []).extend(runs)
    yield line("")
    for solver, runs in solvers.items():
        yield line(f"{solver}: {timing(runs)}")
