"""The numbers of figures along runs: how F falls beside its bounds, and the learning rates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lrbench.reports.figures.labels import lane_labels, solver_labels
from lrbench.reports.figures.seeds import Band, band
from lrbench.reports.groups import worst_status
from lrbench.results import OUTPUT, ProblemResult, Run, Status, Verdict
from lrbench.results.ranking import LaneLabel, all_lost, level_column

MOST_LANES = 6
"""The most lanes of a problem that are drawn without being asked for."""

DrawnIterate: TypeAlias = Literal["last", "average"]
"""The iterate whose level is drawn; ``"last"`` is the solver's own answer where it has one."""


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
    diverged_at: float
    """The abscissa of the last point of a lane that diverged, or of its first step where it has no
    point after the start; NaN of any other lane, and where that is not known."""

    def beyond(self, top: float) -> list[tuple[float, float]]:
        """Return the finite points above a level, which the figure has no room for."""
        points = zip(self.band.x, self.band.median, strict=True)
        return [(x, y) for x, y in points if top < y < math.inf]


@dataclass(frozen=True)
class Convergence:
    """F - f* of the solvers' answers along their runs, or F where f* is not known."""

    abscissa: str
    """``"iterations"``, ``"passes"`` or ``"seconds"``."""
    level: str
    """``"F - f*"`` or ``"F"``."""
    iterate: DrawnIterate
    start: float
    """The level at w_0."""
    floor: float
    """The error of f*, below which a level is not known; NaN for F."""
    target: float
    """The level at which runs ended; NaN without one."""
    curves: tuple[ConvergenceCurve, ...]
    lost: str
    """``"every run diverged"`` or how else all runs of the curves were lost; empty otherwise."""

    @property
    def of_iterate(self) -> str:
        """What follows the level in its name: ``" of the average iterate"``, or nothing."""
        return " of the average iterate" if self.iterate == "average" else ""

    @property
    def has_points(self) -> bool:
        """Whether any curve has a point after the start to draw."""
        points = (zip(c.band.x, c.band.median, strict=True) for c in self.curves)
        return any(0.0 < x < math.inf and 0.0 < y < math.inf for of in points for x, y in of)


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
        ranked = min(own, key=problem.final_gaps.__getitem__)
        chosen.append(advised if advised in own else ranked)
    return chosen


def convergence(
    problem: ProblemResult,
    abscissa: str = "iterations",
    lanes: Sequence[LaneLabel] | None = None,
    iterate: DrawnIterate | None = None,
) -> Convergence:
    """Return the curves of these lanes, and of `chosen_lanes` for None.

    Parameters
    ----------
    problem
        The problem with its runs and verdicts.
    abscissa
        One of `lrbench.reports.figures.seeds.ABSCISSAE`.
    lanes
        The lanes to draw.
    iterate
        None for the average where bounds are on it alone, as with minibatches, and else the last;
        of a sweep the last, which its target is about.
    """
    header = problem.header
    known = not math.isnan(header.constants.f_star)
    target = header.target if problem.sweep is None else problem.sweep.target
    # A line where the axis has the level: of F where that is the target, or its distance to f*.
    if header.target_measure != ("suboptimality" if known else "loss"):
        target = None
    lanes = chosen_lanes(problem) if lanes is None else lanes
    curves = _convergence_curves(problem, abscissa, lanes, iterate or "last")
    unswept = problem.sweep is None
    if iterate is None and known and unswept and not any(map(_has_bound, curves)):
        of_average = _convergence_curves(problem, abscissa, lanes, "average")
        if any(map(_has_bound, of_average)):
            curves, iterate = of_average, "average"
    start = header.constants.delta0 if known else _at_start(curves)
    floor = header.constants.f_star_error if known else math.nan
    level = math.nan if target is None or iterate == "average" else target
    lost = all_lost(run for lane in lanes for run in problem.groups[lane])
    return Convergence(
        abscissa, header.level, iterate or "last", start, floor, level, tuple(curves), lost
    )


def _convergence_curves(
    problem: ProblemResult, abscissa: str, lanes: Sequence[LaneLabel], iterate: DrawnIterate
) -> list[ConvergenceCurve]:
    """Return the curves of one iterate, with the bounds on it."""
    constants, names = problem.header.constants, _Names(problem)
    curves = []
    for lane in lanes:
        runs = problem.groups[lane]
        column = level_column(runs)
        if iterate == "average":
            column = column.replace("_output", "") + "_average"
        levels = band(runs, column, abscissa, _budget(problem))
        if iterate == "average":  # which a sweep does not evaluate at every checkpoint
            levels = levels.known()
        bounded = "output" if column in OUTPUT else iterate
        on_it = [
            v
            for v in problem.judged.get(lane, ())
            if v.applies and (v.measure, v.iterate) == ("suboptimality", bounded)
        ]
        promised, certificate = (
            _least([v for v in on_it if v.kind == kind], levels.iteration, constants.delta0)
            for kind in ("a-priori", "certificate")
        )
        lost_at = _diverged_at(runs, levels, abscissa)
        curves.append(ConvergenceCurve(*names.of(lane), levels, promised, certificate, lost_at))
    return curves


def _has_bound(curve: ConvergenceCurve) -> bool:
    return curve.promised is not None or curve.certificate is not None


def _diverged_at(runs: Sequence[Run], levels: Band, abscissa: str) -> float:
    """Return `ConvergenceCurve.diverged_at`."""
    lost = [run.status_at for run in runs if run.status is Status.DIVERGED]
    if not lost:
        return math.nan
    if levels.x and levels.x[-1] > 0.0:
        return levels.x[-1]
    return float(min(lost)) if abscissa == "iterations" else math.nan


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
