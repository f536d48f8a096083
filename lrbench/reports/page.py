"""The page of a result: that of each problem, and what the sweeps of several problems show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lrbench.reports.blocks import Block, line
from lrbench.reports.run_page import run_blocks
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Result
from lrbench.verdicts.method_names import named_for_pages


def result_page(result: Result, view: View) -> Iterator[Block]:
    """Yield the page: each problem, a comparison over several sweeps, and a legend of sweeps."""
    result = replace(result, problems=[named_for_pages(problem) for problem in result.problems])
    for k, problem in enumerate(result.problems):
        if k:
            yield line("")
        if problem.sweep is None:
            yield from run_blocks(problem, view, _planned(result.command))
        else:
            yield from _sweep(result, k, view)
    swept = [p for p in result.problems if p.sweep is not None and p.sweep.has_target]
    if swept:
        yield from _below(result, swept, view)


def _planned(command: Sequence[str]) -> str:
    """Return the budget that a command gives to each run; empty where it gives none."""
    for word in command:
        option, _, value = word.partition("=")
        if option in ("--iterations", "--passes"):
            return f"{value} {'steps' if option == '--iterations' else 'passes'} planned"
    return ""


def _sweep(result: Result, k: int, view: View) -> Iterator[Block]:
    """Yield the page of the sweep on the problem at `k`."""
    from lrbench.reports.repeat import repeating
    from lrbench.reports.sweep_page import sweep_blocks
    from lrbench.study import advise

    problem = result.problems[k]
    assert problem.sweep is not None
    choice = advise(problem, problem.sweep).choice if problem.sweep.has_target else None
    solvers = [s.solver.name for s in problem.sweep.solvers]
    repeat = repeating(result.command, choice, k, len(result.problems), solvers) if choice else ""
    yield from sweep_blocks(problem, problem.sweep, view, repeat)


def _below(result: Result, swept: Sequence[ProblemResult], view: View) -> Iterator[Block]:
    """Yield what stands below the pages of sweeps."""
    from lrbench.reports.sweep_legend import sweep_legend
    from lrbench.reports.sweeps_page import comparison_blocks

    if len(swept) > 1:
        yield line("")
        yield from comparison_blocks(result, swept, view)
    started = [problem for problem in swept if problem.groups]
    if sweeps := [s for p in started for s in p.sweeps or (p.sweep,) if s is not None]:
        yield line("")
        yield from sweep_legend(sweeps, view.trajectories)
