"""One setting for all problems: the value of a parameter that does best on all of them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from lrbench.config.plain import Key, NumberOrInf
from lrbench.config.solver_spec import SolverSpec
from lrbench.results.grid import cost_at
from lrbench.results.problem import ProblemResult
from lrbench.results.ranking import ratio
from lrbench.results.sweep import Sensitivity

NoCommonSetting: TypeAlias = Literal[
    "missing_runs", "not_run", "no_L", "no_common_value", "none_arrives", "nothing_varies"
]
"""Why there is no common setting: runs are missing, the solver was not run on each problem, there
is no multiple of 1/L (what varies is not lr0, or L is not known or 0), the grids have no value in
common, no value of it solves any problem, or nothing of it varies."""

RELATIVE = "in_units_of_1/L"
"""The key of the setting in units of 1/L."""


@dataclass(frozen=True)
class CommonSetting:
    """The best common value of a solver, and what it loses against the best one on each problem."""

    value: float
    solved: float
    """The share of the problems that it solves."""
    median_factor: NumberOrInf
    """Its passes over those of the best value on each problem, the median over the problems that
    the solver solves with some value; inf where this one does not solve it."""
    worst_factor: NumberOrInf
    """The largest of these factors."""


@dataclass(frozen=True)
class CommonSettings:
    """The common settings of a solver over several problems."""

    solver: SolverSpec
    absolute: CommonSetting | None
    """The same value on each problem."""
    relative: Annotated[CommonSetting | None, Key(name=RELATIVE)]
    """The same lr0 in units of 1/L on each problem; None where another parameter varies."""
    withheld: Mapping[str, NoCommonSetting]
    """``"absolute"`` or ``"in_units_of_1/L"`` -> why it is None."""


def common_settings(problems: Sequence[ProblemResult]) -> list[CommonSettings]:
    """Return the common settings of each solver over the sweeps of several problems.

    Parameters
    ----------
    problems
        Each with a sweep; others are left out.

    Notes
    -----
    The candidates are all values of all grids that lie within each of the grids. Between the points
    of a grid passes are interpolated as in `lrbench.results.grid.cost_at`. The best candidate
    solves the most problems, then has the least median factor, then the least worst one, each to
    nine decimals, then it is the lowest.

    References
    ----------
    Adkins, Bowling, White, A method for evaluating hyperparameter sensitivity in reinforcement
    learning, NeurIPS 2024; Probst, Boulesteix, Bischl, Tunability: importance of hyperparameters of
    machine learning algorithms, JMLR 20, 2019, section 3: a common setting beside the best of each
    problem.
    """
    swept = [(p.header.constants.L, p.sweep.solvers) for p in problems if p.sweep is not None]
    specs = {str(s.solver): s.solver for _, solvers in swept for s in solvers}
    settings = []
    for name, spec in specs.items():
        own = [(L, s) for L, solvers in swept for s in solvers if str(s.solver) == name]
        not_run, missing = len(own) < len(swept), any(s.missing for _, s in own)
        varies = all(s.values for _, s in own)
        obstacle: NoCommonSetting | None = (
            "not_run"
            if not_run
            else "missing_runs"
            if missing
            else None
            if varies
            else "nothing_varies"
        )
        rates = all(0.0 < L < math.inf and s.parameter == "lr0" for L, s in own)
        outcomes: dict[str, CommonSetting | NoCommonSetting] = {
            "absolute": obstacle or _best_common([(1.0, s) for _, s in own]),
            RELATIVE: obstacle or (_best_common(own) if rates else "no_L"),
        }
        chosen = {k: v for k, v in outcomes.items() if isinstance(v, CommonSetting)}
        withheld = {k: v for k, v in outcomes.items() if not isinstance(v, CommonSetting)}
        values = (chosen.get("absolute"), chosen.get(RELATIVE))
        settings.append(CommonSettings(spec, *values, withheld))
    return settings


def _best_common(swept: Sequence[tuple[float, Sensitivity]]) -> CommonSetting | NoCommonSetting:
    """Return the best common value, in the unit that each of the pairs begins with."""
    if not any(math.isfinite(s.best_passes) for _, s in swept):
        return "none_arrives"
    logs = [[math.log10(value * unit) for value in s.values] for unit, s in swept]
    settings = []
    for value in {value * unit: None for unit, s in swept for value in s.values}:
        costs = [
            cost_at(x, s.passes, math.log10(value)) for x, (_, s) in zip(logs, swept, strict=True)
        ]
        known = [cost for cost in costs if cost is not None]
        if len(known) < len(swept):
            continue
        factors = [
            ratio(cost, s.best_passes)
            for cost, (_, s) in zip(known, swept, strict=True)
            if math.isfinite(s.best_passes)
        ]
        solved = sum(map(math.isfinite, known)) / len(known)
        settings.append(CommonSetting(value, solved, statistics.median(factors), max(factors)))
    factors_of = {s.value: (round(s.median_factor, 9), round(s.worst_factor, 9)) for s in settings}
    best = min(settings, key=lambda s: (-s.solved, factors_of[s.value], s.value), default=None)
    return "no_common_value" if best is None else best
