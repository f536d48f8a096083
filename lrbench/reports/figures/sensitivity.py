"""The numbers of the figure of a sweep: what solvers make of each value of what varies."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from lrbench.reports.figures.labels import solver_labels
from lrbench.reports.figures.seeds import Spread, spread
from lrbench.reports.groups import runs_of
from lrbench.results import ProblemResult, Run, Sensitivity, Status
from lrbench.results.ranking import all_lost, level_column
from lrbench.study.measures import gap_after

Outcome: TypeAlias = Literal["arrived", "missed", "diverged", "unknown"]
"""What became of a value: most seeds arrived at the target; they did not within the budget; of
those that did not at least half diverged; no run is finished."""


@dataclass(frozen=True)
class SensitivityCurve:
    """One solver over the values of what varies; all lists of one length, (n_values,).

    Of a solver of which nothing varies `values` is empty, and the lists have one item.
    """

    method: str
    """As in the result."""
    solver: str
    """As pages name it."""
    parameter: str
    values: tuple[float, ...]
    gap: Spread
    """The level after the budget, or else where the run ended. Diverged runs are infinite."""
    passes: tuple[float, ...]
    """To the arrival at the target, medians over seeds; inf where most never arrived, NaN where
    that is not known."""
    outcome: tuple[Outcome, ...]
    usable: tuple[float, float] | None
    best_value: float | None


@dataclass(frozen=True)
class SensitivityFigure:
    """How all solvers of a sweep depend on what varies."""

    parameter: str
    level: str
    start: float
    target: float
    """NaN where f* is not known."""
    step: float
    """1/L where what varies is lr0 and the loss is smooth, else NaN."""
    ended_early: bool
    """Whether some run ended before its budget, as one does that arrived: its level is then that
    on arrival."""
    curves: tuple[SensitivityCurve, ...]
    lost: str
    """``"every run diverged"`` or how else all runs of the curves were lost; empty otherwise."""


def sensitivity(problem: ProblemResult, solvers: Sequence[str] | None = None) -> SensitivityFigure:
    """Return the curves of these solvers over what varies, and of all of them for None.

    Parameters
    ----------
    problem
        With a sweep; of several targets the first one counts.
    solvers
        Methods as the result names them.
    """
    sweep = problem.sweep
    if sweep is None:
        raise ValueError(f"{problem.name} has no sweep")
    labels, constants = solver_labels(problem), problem.header.constants
    curves, ended_early = [], False
    drawn: list[Run] = []
    for s in sweep.solvers:
        if solvers is not None and str(s.solver) not in solvers:
            continue
        runs = runs_of(problem, s)
        lanes = [runs.get(value, ()) for value in s.values or (None,)]
        own = [run for of_value in lanes for run in of_value]
        column = level_column(own)
        drawn += own
        ends = [[_final(run, column, sweep.iterations) for run in of_value] for of_value in lanes]
        ended_early |= any(early for of_value in ends for _, early in of_value)
        levels = [[level for level, _ in of_value] for of_value in ends]
        most = max(map(len, levels))
        seeds = [of_value + [math.nan] * (most - len(of_value)) for of_value in levels]
        passes = zip(s.passes, s.finished, strict=True)
        curves.append(
            SensitivityCurve(
                method=str(s.solver),
                solver=labels[str(s.solver)],
                parameter=s.parameter,
                values=tuple(s.values),
                gap=spread(np.array(seeds).T),
                passes=tuple(p if n_finished else math.nan for p, n_finished in passes),
                outcome=tuple(_outcome(s, k, of_value) for k, of_value in enumerate(lanes)),
                usable=s.usable,
                best_value=s.best_value,
            )
        )
    smooth = sweep.parameter == "lr0" and 0.0 < constants.L < math.inf
    known = not math.isnan(constants.f_star)
    drawn_measure = "suboptimality" if known else "loss"
    return SensitivityFigure(
        parameter=sweep.parameter,
        level=problem.header.level,
        start=constants.delta0 if known else math.nan,
        target=sweep.target if sweep.target_measure == drawn_measure else math.nan,
        step=1.0 / constants.L if smooth else math.nan,
        ended_early=ended_early,
        curves=tuple(curves),
        lost=all_lost(drawn),
    )


def _final(run: Run, column: str, T: int | None) -> tuple[float, bool]:
    """Return the level of a run after T steps, or else where it ended, and whether that is so."""
    if not run.started or run.status.unfinished:
        return math.nan, False
    if run.status is Status.DIVERGED:
        return math.inf, False
    level = gap_after(run, T)
    if not math.isnan(level):
        return level, False
    end = run.at_end(column)
    return (math.nan, False) if end is None else (end, run.status is Status.REACHED_TARGET)


def _outcome(s: Sensitivity, k: int, runs: Sequence[Run]) -> Outcome:
    """Return what became of the k-th value, whose runs are these."""
    if not s.finished[k]:
        return "unknown"
    if math.isfinite(s.passes[k]):
        return "arrived"
    diverged = Counter(run.status for run in runs)[Status.DIVERGED]
    return "diverged" if diverged and 2 * diverged >= s.finished[k] - s.reached[k] else "missed"
