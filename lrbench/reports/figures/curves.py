"""The numbers of figures along runs: how F falls beside its bounds, and the learning rates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lrbench.reports.figures.labels import lane_labels, solver_labels
from lrbench.reports.figures.seeds import Band, band
from lrbench.reports.groups import worst_status
from lrbench.results import OUTPUT, ProblemResult, Status, Verdict
from lrbench.results.ranking import LaneLabel, final_gap, level_column

MOST_LANES = 6
"""The most lanes of a problem that are drawn without being asked for."""


@dataclass(frozen=True)
class Bound:
    """The least of several bounds on what a curve shows, at the points of the curve."""

    values: tuple[float, ...]
    """(n_points,); NaN where none applies or is below the value at the start."""
    theorems: tuple[str, ...]
    """The theorem whose bound it is at each point; empty where there is none."""


@dataclass(frozen=True)
class LaneCurve:
    """A column of the traces of one lane along its runs."""

    lane: LaneLabel
    """The method, and the value of what varies over the lanes, as in the result."""
    solver: str
    """The method as pages name it."""
    label: str
    """With the value: ``"wngrad, lr0 = 1"``."""
    status: Status
    """How its runs ended, the worst of them."""
    n_seeds: int
    band: Band


@dataclass(frozen=True)
class ConvergenceCurve(LaneCurve):
    """A lane with what is proved of what it shows."""

    promised: Bound | None
    """The bounds of theorems known before the run; None without one that says anything."""
    certificate: Bound | None
    """The bounds that are computed from the run; None likewise."""


@dataclass(frozen=True)
class Convergence:
    """F - f* of the solvers' answers along their runs, or F where f* is not known."""

    abscissa: str
    """``"iterations"``, ``"passes"`` or ``"seconds"``."""
    level: str
    """``"F - f*"`` or ``"F"``."""
    start: float
    """The level at w_0."""
    floor: float
    """The error of f*, below which a level is not known; NaN for F."""
    target: float
    """The level at which runs ended; NaN without one."""
    curves: tuple[ConvergenceCurve, ...]


@dataclass(frozen=True)
class RateCurve(LaneCurve):
    """The learning rate of each step of a lane, with the number b of its solver."""

    b: Band | None
    """None where the solver has no b."""


@dataclass(frozen=True)
class Rates:
    """Learning rates along runs."""

    abscissa: str
    L: float
    """inf or NaN where the loss is not smooth, or nothing is known of it."""
    curves: tuple[RateCurve, ...]


def chosen_lanes(
    problem: ProblemResult, lanes: Sequence[LaneLabel] | None = None
) -> list[LaneLabel]:
    """Return which of these lanes to draw: all up to `MOST_LANES`, else the best of each solver.

    The best one needs the fewest passes in a sweep, and ends lowest elsewhere.
    """
    lanes = list(problem.groups if lanes is None else lanes)
    return lanes if len(lanes) <= MOST_LANES else best_lanes(problem, lanes)


def best_lanes(problem: ProblemResult, lanes: Sequence[LaneLabel]) -> list[LaneLabel]:
    """Return the best of these lanes of each solver; see `chosen_lanes`."""
    best = {} if problem.sweep is None else {str(s.solver): s for s in problem.sweep.solvers}
    chosen = []
    for method in dict.fromkeys(method for method, _ in lanes):
        own = [lane for lane in lanes if lane[0] == method]
        advised = (method, best[method].best_value if method in best else None)
        ranked = min(own, key=lambda lane: final_gap(problem.groups[lane]))
        chosen.append(advised if advised in own else ranked)
    return chosen


def convergence(
    problem: ProblemResult, abscissa: str = "iterations", lanes: Sequence[LaneLabel] | None = None
) -> Convergence:
    """Return the curves of these lanes, and of `chosen_lanes` for None."""
    header = problem.header
    known = not math.isnan(header.constants.f_star)
    target = header.target if problem.sweep is None else problem.sweep.target
    # A line where the axis has the level: of F where that is the target, or its distance to f*.
    if header.target_measure != ("suboptimality" if known else "loss"):
        target = None
    curves, names = [], _Names(problem)
    for lane in chosen_lanes(problem) if lanes is None else lanes:
        runs = problem.groups[lane]
        column = level_column(runs)
        levels = band(runs, column, abscissa, _budget(problem))
        iterate = "output" if column in OUTPUT else "last"
        on_it = [
            v
            for v in problem.judged.get(lane, ())
            if known and v.applies and (v.measure, v.iterate) == ("suboptimality", iterate)
        ]
        least = [
            _least([v for v in on_it if v.kind == kind], levels.iteration, header.constants.delta0)
            for kind in ("a-priori", "certificate")
        ]
        curves.append(ConvergenceCurve(*names.of(lane), levels, *least))
    start = header.constants.delta0 if known else _at_start(curves)
    floor = header.constants.f_star_error if known else math.nan
    level = math.nan if target is None else target
    return Convergence(abscissa, header.level, start, floor, level, tuple(curves))


def rates(
    problem: ProblemResult, abscissa: str = "iterations", lanes: Sequence[LaneLabel] | None = None
) -> Rates:
    """Return the learning rates of these lanes, without those whose solver tells none."""
    curves, names = [], _Names(problem)
    for lane in chosen_lanes(problem) if lanes is None else lanes:
        runs = problem.groups[lane]
        lr, b = (band(runs, name, abscissa, _budget(problem)) for name in ("lr", "b"))
        if _any_number(lr.median):
            curves.append(RateCurve(*names.of(lane), lr, b if _any_number(b.median) else None))
    return Rates(abscissa, problem.header.constants.L, tuple(curves))


def _budget(problem: ProblemResult) -> float:
    """Return the iterations of a sweep: the rows beyond only confirm what is known there."""
    sweep = problem.sweep
    return math.inf if sweep is None or sweep.iterations is None else sweep.iterations


class _Names:
    """The fields of a `LaneCurve` before its numbers, for the lanes of one problem."""

    def __init__(self, problem: ProblemResult) -> None:
        self.problem = problem
        # Once for all lanes: each of the two reads every lane of the problem.
        self.solvers, self.labels = solver_labels(problem), lane_labels(problem)

    def of(self, lane: LaneLabel) -> tuple[LaneLabel, str, str, Status, int]:
        """Return the fields of one lane."""
        runs = self.problem.groups[lane]
        return lane, self.solvers[lane[0]], self.labels[lane], worst_status(runs), len(runs)


def _least(verdicts: Sequence[Verdict], iteration: Sequence[int], start: float) -> Bound | None:
    """Return the least of the bounds at each iteration; None if none is ever below `start`."""
    least: dict[int, tuple[float, str]] = {}
    for v in verdicts:
        for t, bound in zip(v.iteration, v.bound, strict=True):
            if bound < least.get(t, (start, ""))[0]:  # never true of NaN
                least[t] = bound, v.theorem
    at = [least.get(t, (math.nan, "")) for t in iteration]
    return Bound(*map(tuple, zip(*at, strict=True))) if least else None


def _at_start(curves: Iterable[LaneCurve]) -> float:
    """Return the level at w_0, which all curves begin with; NaN without a curve."""
    starts = [c.band.median[0] for c in curves if c.band.iteration[:1] == (0,)]
    return next((level for level in starts if not math.isnan(level)), math.nan)


def _any_number(values: Iterable[float]) -> bool:
    return any(map(math.isfinite, values))
