"""What the HTML report shows of each problem, and of each result: the records of its template."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lrbench.reports.blocks import Line, number, printable
from lrbench.reports.figures.labels import solver_labels
from lrbench.reports.groups import runs_not_started, worst_status
from lrbench.reports.outside import outside_notes
from lrbench.reports.web.answers import Answer, Answers
from lrbench.reports.web.chart_data import chart_data, traced_lanes
from lrbench.reports.web.comparison import comparison_tables
from lrbench.reports.web.facts import (
    Fact,
    certificate_facts,
    constants_facts,
    environment_facts,
    problem_facts,
)
from lrbench.reports.web.lane_rows import lane_table
from lrbench.reports.web.maps import MapFigure, map_figures
from lrbench.reports.web.repeating import Repeating
from lrbench.reports.web.run_answers import run_answers
from lrbench.reports.web.setting import setting_text
from lrbench.reports.web.solver_table import solver_table
from lrbench.reports.web.svg import (
    Figure,
    convergence_figure,
    rate_figures,
    sensitivity_figure,
)
from lrbench.reports.web.sweep_answers import sweep_answers
from lrbench.reports.web.tables import SortableTable
from lrbench.reports.web.theorem_tables import statement_table, verdict_table
from lrbench.results import ProblemResult, Result
from lrbench.results.selection import notable_lanes


@dataclass(frozen=True)
class Section:
    """What the report shows of one problem."""

    id: str
    name: str
    title: str
    source: str
    """The file of the result; empty where there is one result."""
    setting: str
    answers: Answers
    command: str
    """What runs again what a sweep advises, and keeps its weights; empty for none."""
    solvers: Sequence[tuple[str, SortableTable]]
    """A table of the solvers for each target, with a heading."""
    charts: dict[str, Any] | None
    figures: Sequence[Figure]
    maps: Sequence[MapFigure]
    tables: dict[str, SortableTable | None]
    facts: dict[str, Sequence[Fact]]
    remarks: Sequence[str]
    """How outside solvers were traced."""
    notes: Sequence[str]
    """What is left out, and what failed."""


@dataclass(frozen=True)
class ResultOrigin:
    """Where a result comes from, and what it says of all its problems together."""

    file: str
    command: str
    comparison: Sequence[tuple[str, SortableTable]]
    environment: Sequence[Fact]


def section_of(
    problem: ProblemResult, id: str, source: str, repeating: Repeating, most: int
) -> Section:
    """Return what the report shows of one problem.

    Parameters
    ----------
    problem
        The problem with its runs.
    id
        The name of the section inside the page.
    source
        The file of the result; empty for none.
    repeating
        The commands that repeat its runs.
    most
        The most trajectories.
    """
    started = bool(problem.groups)
    traced = traced_lanes(problem, most)
    charts = chart_data(problem, traced, repeating.of) if started else None
    drawn = [sensitivity_figure(charts), convergence_figure(charts)] if charts else []
    drawn += rate_figures(charts) if charts else []
    notable = notable_lanes(problem)
    return Section(
        id=id,
        name=printable(problem.name),
        title=printable(problem.header.title),
        source=printable(source),
        setting=printable(setting_text(problem)) if started else "",
        answers=_answers(problem),
        command=printable(repeating.advised(problem)),
        solvers=list(_solver_tables(problem)),
        charts=charts,
        figures=[figure for figure in drawn if figure is not None],
        maps=list(map_figures(problem)) if started else [],
        tables={
            "lanes": lane_table(problem, {lane: problem.groups[lane] for lane in notable})
            if started
            else None,
            "verdicts": verdict_table(problem),
            "statements": statement_table(problem),
        },
        facts={
            "The problem": list(problem_facts(problem.header)),
            "Constants": list(constants_facts(problem.header)),
            "Certificate of f*": list(certificate_facts(problem.header)),
        },
        remarks=[", ".join(b.pieces) for b in outside_notes(problem) if isinstance(b, Line)],
        notes=[printable(note) for note in _notes(problem, len(traced), len(notable))],
    )


def _answers(problem: ProblemResult) -> Answers:
    """Return the answers that a reader sees first."""
    if not problem.groups:
        return Answers([Answer("What happened?", "no run was started", "", "warn")])
    if problem.sweep is not None and problem.sweep.has_target:
        return sweep_answers(problem, problem.sweep)
    return run_answers(problem)


def _solver_tables(problem: ProblemResult) -> Iterator[tuple[str, SortableTable]]:
    """Yield a table of the solvers for each target of a sweep, with its heading."""
    if problem.sweep is None or not problem.sweep.has_target or not problem.groups:
        return
    heading, sweeps = "Solvers, and the price of a wrong value", problem.sweeps or (problem.sweep,)
    for sweep in sweeps:
        target = f", target {number(sweep.target)}" if len(sweeps) > 1 else ""
        yield heading + target, solver_table(problem, sweep)


def _notes(problem: ProblemResult, n_traced: int, n_rows: int) -> Iterator[str]:
    """Yield what is left out, and what failed."""
    n_lanes = len(problem.groups)
    if n_rows < n_lanes:
        yield (
            f"Of {n_lanes} lanes the tables have {n_rows}: the best, the first and the last value,"
            " what failed, and both sides of every change of the status."
        )
    if n_traced < n_lanes:
        yield f"Of {n_lanes} lanes {n_traced} have a trajectory in this file."
    unfinished = sum(worst_status(runs).unfinished for runs in problem.groups.values())
    if unfinished:
        yield f"{unfinished} of {n_lanes} lanes are not finished: figures are of what there is."
    if missing := list(runs_not_started(problem.runs)):
        yield f"Not started: {', '.join(missing)}."
    labels = solver_labels(problem)
    errors = {(str(run.method), run.error): None for run in problem.runs if run.error}
    for method, error in errors:
        yield f"{labels.get(method, method)}: {error}"


def origin_of(file: str, result: Result) -> ResultOrigin:
    """Return where a result comes from; a store does not know the commands that filled it."""
    words = list(map(str, result.command))
    command = shlex.join(["lrbench", *words]) if words and words[0] != "store" else ""
    tables, facts = list(comparison_tables(result)), list(environment_facts(result))
    return ResultOrigin(printable(file), printable(command), tables, facts)
