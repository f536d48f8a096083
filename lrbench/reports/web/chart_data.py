"""The numbers of the interactive figures, thinned and rounded, for the script of the report."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from lrbench.reports.blocks import printable
from lrbench.reports.figures.axes import BEYOND
from lrbench.reports.figures.curves import (
    Bound,
    ConvergenceCurve,
    RateCurve,
    best_lanes,
    convergence,
    rates,
)
from lrbench.reports.figures.labels import solver_labels
from lrbench.reports.figures.sensitivity import SensitivityCurve, sensitivity
from lrbench.reports.groups import learning_rate_texts, status_cell, worst_status
from lrbench.reports.web.lane_rows import median_at_end
from lrbench.results import ProblemResult, Run
from lrbench.results.lanes import varied
from lrbench.results.ranking import LaneLabel, level_column
from lrbench.results.selection import MOST_LANES, notable_lanes

POINTS = 40
"""The most points of a trajectory."""

MOST_VALUES = 250
"""The most values of a solver that are drawn of more than `MOST_LANES` lanes, beside its best one
and those of `notable_lanes`."""

DIGITS = 4
"""Significant digits of a number in a figure."""

CommandOf = Callable[[Run], str]


def rounded(values: Iterable[float]) -> list[float | None]:
    """Return numbers to `DIGITS` significant digits; None for NaN and infinities."""
    return [float(f"{v:.{DIGITS}g}") if math.isfinite(v) else None for v in values]


def thinned(n: int, most: int = POINTS) -> list[int]:
    """Return at most `most` of the indices 0, …, n - 1, evenly and with both ends."""
    if n <= most:
        return list(range(n))
    return sorted({round(k * (n - 1) / (most - 1)) for k in range(most)})


def drawn_lanes(problem: ProblemResult) -> dict[str, list[LaneLabel]]:
    """Return method -> the lanes that are points of the first figure, in ascending order."""
    lanes: dict[str, list[LaneLabel]] = {}
    for lane in problem.groups:
        lanes.setdefault(lane[0], []).append(lane)
    lanes = {m: sorted(of, key=lambda lane: lane[1] or 0.0) for m, of in lanes.items()}
    if len(problem.groups) <= MOST_LANES:
        return lanes
    kept = {*best_lanes(problem, list(problem.groups)), *notable_lanes(problem)}
    for of_method in lanes.values():
        kept.update(of_method[k] for k in thinned(len(of_method), MOST_VALUES))
    return {m: [lane for lane in of_method if lane in kept] for m, of_method in lanes.items()}


def traced_lanes(problem: ProblemResult, most: int) -> list[LaneLabel]:
    """Return the lanes whose trajectories are in the report: all up to `most`, else some of each.

    The best lane of each solver is always among them.
    """
    drawn = drawn_lanes(problem)
    best = best_lanes(problem, list(problem.groups))
    if len(problem.groups) <= most:
        return [lane for lanes in drawn.values() for lane in lanes]
    share = max((most - len(best)) // max(len(drawn), 1), 2)
    chosen = {lanes[k] for lanes in drawn.values() for k in thinned(len(lanes), share)} | {*best}
    return [lane for lanes in drawn.values() for lane in lanes if lane in chosen]


def chart_data(
    problem: ProblemResult, traced: Sequence[LaneLabel], command_of: CommandOf
) -> dict[str, Any]:
    """Return what the script draws of one problem, in JSON's own types.

    Parameters
    ----------
    problem
        The problem with its runs.
    traced
        The lanes whose trajectories are drawn.
    command_of
        A run -> the command that repeats its lane; empty for none.
    """
    curves = convergence(problem, lanes=traced)
    numbers = {c.lane: c for c in rates(problem, lanes=traced).curves}
    passes = {lane: _passes(problem.groups[lane]) for lane in traced}
    runs = [run for of_lane in problem.groups.values() for run in of_lane]
    constants = problem.header.constants
    smooth = varied(runs) == "lr0" and 0.0 < constants.L < math.inf
    best = {lane[0]: lane for lane in best_lanes(problem, list(problem.groups))}
    solvers = list(_solvers(problem, command_of))
    place = {
        (s["method"], value): (i, k)
        for i, s in enumerate(solvers)
        for k, value in enumerate(s.pop("lanes"))
    }
    for s in solvers:
        s["best"] = place[best[s.pop("method")]][1]
    return {
        "parameter": printable(varied(runs)),
        "level": curves.level.replace("-", "−"),
        "of_iterate": curves.of_iterate,
        "lost": curves.lost,
        "start": _number(curves.start),
        "top": _number(BEYOND * curves.start),
        "floor": _number(curves.floor),
        "target": _number(curves.target),
        "step": _number(1.0 / constants.L) if smooth else None,
        "L": constants.L if 0.0 < constants.L < math.inf else None,
        "arrival": problem.sweep is not None and problem.sweep.has_target,
        "solvers": solvers,
        "curves": [
            {
                "of": place[curve.lane],
                **_curve(curve, passes[curve.lane], numbers.get(curve.lane)),
            }
            for curve in curves.curves
        ],
    }


def _solvers(problem: ProblemResult, command_of: CommandOf) -> Iterator[dict[str, Any]]:
    """Yield each solver with its points: value, level at the end, passes to the target."""
    labels = solver_labels(problem)
    swept = problem.sweep is not None
    curves = {c.method: c for c in sensitivity(problem).curves} if swept else {}
    for method, lanes in drawn_lanes(problem).items():
        values = [value for _, value in lanes]
        runs = [problem.groups[lane] for lane in lanes]
        texts = learning_rate_texts(values)
        ends = [worst_status(of_lane) for of_lane in runs]
        yield {
            "method": method,
            "lanes": values,
            "name": printable(labels[method]),
            "values": values,
            "texts": [texts[value] for value in values],
            **(_swept(curves[method], values) if method in curves else _ended(runs)),
            "ended": [status_cell(of_lane).text for of_lane in runs],
            "lost": [end.lost for end in ends],
            "commands": [command_of(of_lane[0]) for of_lane in runs],
        }


def _swept(curve: SensitivityCurve, values: Sequence[float | None]) -> dict[str, Any]:
    """Return the numbers of a sweep at these values; null at one that a changed file adds."""
    places = {value: k for k, value in enumerate(curve.values or (None,))}
    numbers = {
        "level": curve.gap.median,
        "low": curve.gap.low,
        "high": curve.gap.high,
        "passes": curve.passes,
    }
    picked = {
        name: rounded(column[places[v]] if v in places else math.nan for v in values)
        for name, column in numbers.items()
    }
    return {**picked, "usable": rounded(curve.usable) if curve.usable else None}


def _ended(runs: Sequence[Sequence[Run]]) -> dict[str, Any]:
    """Return the level at the end of each lane of runs without a sweep; null for a lost one."""
    levels = [
        None if worst_status(of_lane).lost else median_at_end(of_lane, level_column(of_lane))
        for of_lane in runs
    ]
    known = [math.nan if level is None else level for level in levels]
    return {"level": rounded(known), "low": [], "high": [], "passes": [], "usable": None}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _passes(runs: Sequence[Run]) -> dict[int, float]:
    """Return iteration -> passes so far, of the seed that came furthest."""
    longest = max(runs, key=lambda run: len(run.trace.get("iteration", ())))
    if "passes" not in longest.trace:
        return {}
    pairs = zip(longest.trace["iteration"], longest.trace["passes"], strict=True)
    return {int(t): float(p) for t, p in pairs}


def _curve(
    curve: ConvergenceCurve, passes: dict[int, float], rate: RateCurve | None
) -> dict[str, Any]:
    """Return one trajectory: T and passes, the level with its band, the bounds on it, lr and b."""
    b = curve.band
    # T = 0 has no place on a logarithmic axis; every curve comes from F(w_0), which is drawn.
    rows = [k for k, t in enumerate(b.iteration) if t > 0]
    rows = [rows[k] for k in thinned(len(rows))]
    values: dict[str, Any] = {
        "T": [b.iteration[k] for k in rows],
        "passes": rounded(passes.get(b.iteration[k], math.nan) for k in rows),
        "y": rounded(b.median[k] for k in rows),
    }
    if not math.isnan(curve.diverged_at):
        values["diverged_at"] = curve.diverged_at
    bands = {} if rate is None else {"lr": rate.band, "b": rate.b}
    for name, numbers in bands.items():
        if numbers is not None:
            at = dict(zip(numbers.iteration, numbers.median, strict=True))
            texts = rounded(at.get(t, math.nan) for t in values["T"])
            values[name] = texts[:1] if len(set(texts)) == 1 else texts  # of a constant one number
    if curve.n_seeds > 1:
        values |= {"low": rounded(b.low[k] for k in rows), "high": rounded(b.high[k] for k in rows)}
    for name, bound in (("promised", curve.promised), ("certificate", curve.certificate)):
        if bound is not None:
            values |= _bound(name, bound, rows)
    return values


def _bound(name: str, bound: Bound, rows: Sequence[int]) -> dict[str, Any]:
    theorems = [bound.theorems[k] for k in rows]
    last = next((t for t in reversed(theorems) if t), "")
    return {name: rounded(bound.values[k] for k in rows), f"{name}_by": printable(last)}
