"""The figures along runs: convergence beside what is proved, and learning rates beside L."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lrbench.reports.figures.axes import (
    BEYOND,
    HIGH,
    LEVELS,
    abscissa_limits,
    edge_keys,
    edge_marks,
    key,
    legend,
    level_limits,
    level_line,
    marked_every,
    note_in_the_middle,
    pale_below,
    plain_ticks,
    seeds_band,
    solver_line,
    within,
)
from lrbench.reports.figures.curves import Convergence, ConvergenceCurve, LaneCurve, Rates
from lrbench.reports.figures.seeds import Spread
from lrbench.reports.figures.sheet import Call, Panel, Part, call, literal, picked, thinned
from lrbench.reports.figures.style import colour, marker

ABSCISSA_LABELS = {
    "iterations": "iteration $T$",
    "passes": "passes over the data",
    "seconds": "seconds",
}

PROMISED, CERTIFICATE = "proved before the run", "computed from the run"
"""What a dashed and a dotted line are called."""


def convergence_part(figure: Convergence, title: str, linear: bool) -> Part:
    """Return the panel of a convergence figure; `linear` makes the abscissa linear."""
    curves = figure.curves
    levels = [y for c in curves for y in _shown_levels(c)]
    ends = [(k, [c.diverged_at]) for k, c in enumerate(curves) if c.diverged_at > 0.0]
    rows = [(k, places, "x") for k, places in ends]
    n_far = sum(bool(c.beyond(BEYOND * figure.start)) for c in curves)
    bottom, top = level_limits(levels, figure.start, figure.floor, len(rows) + n_far)
    far = [(k, [x for x, _ in c.beyond(top) if x > 0.0]) for k, c in enumerate(curves)]
    rows += [(k, places, HIGH) for k, places in far if places]
    calls: list[Call] = [*level_line(figure.target, "target")] if figure.target > bottom else []
    if not figure.has_points:
        calls += level_line(figure.start, "start")
    if figure.lost:
        calls.append(note_in_the_middle(figure.lost, 0.75))
    keys: dict[str, str] = {}
    for k, c in enumerate(curves):
        at = _indices(c)
        low, median, high = (within(y, top) for y in (c.band.low, c.band.median, c.band.high))
        calls += seeds_band(c.band.x, low, high, at, k)
        x, y = picked(c.band.x, at), picked(median, at)
        calls.append(call("plot", x, y, **solver_line(k, x, y, literal(c.label))))
        for bound, style, text in ((c.promised, "--", PROMISED), (c.certificate, ":", CERTIFICATE)):
            if bound is not None:
                y = picked(bound.values, at)
                calls.append(call("plot", x, y, linestyle=style, **_bound_line(k, x, y)))
                keys[text] = style
    for row, (k, places, shape) in enumerate(rows):
        calls += edge_marks(places, row, k, shape)
    calls += [key(text, linestyle=style) for text, style in keys.items()]
    calls += edge_keys({shape for _, _, shape in rows})
    calls += pale_below(figure.floor, bottom)
    places = [x for c in curves for x in (*c.band.x, c.diverged_at)]
    calls += _abscissa(figure.abscissa, places, linear=linear)
    calls += [
        call("set_yscale", "log"),
        call("set_ylim", bottom, top),
        call("set_ylabel", LEVELS[figure.level] + figure.of_iterate),
        *plain_ticks(bottom, top),
    ]
    return Part((Panel(tuple(calls)),), legend(calls, title))


def _bound_line(k: int, x: Sequence[float], y: Sequence[float]) -> dict[str, object]:
    """Return the settings of a bound of the k-th lane, whose markers are few and hollow."""
    few = {"marker": marker(k), **marked_every(x, y, round(0.2 + 0.05 * (k % 4), 2), 0.4)}
    hollow = {"markerfacecolor": "white", "markersize": 2.6, "markeredgewidth": 0.7}
    return {"color": colour(k), "linewidth": 0.9, **few, **hollow}


def _shown_levels(c: ConvergenceCurve) -> Iterator[float]:
    yield from c.band.median
    for bound in (c.promised, c.certificate):
        if bound is not None:
            yield from bound.values


def _indices(c: LaneCurve) -> list[int]:
    return thinned(len(c.band.x))


def _abscissa(name: str, places: Iterable[float], *, linear: bool) -> Iterator[Call]:
    limits = abscissa_limits(places)
    if not linear and limits is not None:
        yield call("set_xscale", "log")
        yield call("set_xlim", *limits)
        yield from plain_ticks(*limits, "x")
    yield call("set_xlabel", ABSCISSA_LABELS[name])


def rates_part(figure: Rates, title: str, linear: bool) -> Part:
    """Return the panel of the rates, and one of b where a solver has such a number."""
    smooth = 0.0 < figure.L < math.inf
    unit = figure.L if smooth else 1.0
    curves = figure.curves
    lines = [(k, c.label, _scaled(c.band, unit), c.band.x) for k, c in enumerate(curves)]
    marks = {1.0: "$1/L$", 2.0: "$2/L$"} if smooth else {}
    label = r"$\eta_t L$" if smooth else r"$\eta_t$"
    panels = [_rates_panel(lines, label, marks)]
    with_b = [(k, c, c.b) for k, c in enumerate(curves) if c.b is not None]
    if with_b:
        lines = [(k, "", _scaled(b, 1.0 / unit), b.x) for k, c, b in with_b]
        panels.append(
            _rates_panel(lines, "$b_t/L$" if smooth else "$b_t$", {1.0: "$L$"} if smooth else {})
        )
    places = [x for c in curves for x in c.band.x]
    axis = [*_abscissa(figure.abscissa, places, linear=linear)]
    above = [*axis[:-1], call("tick_params", labelbottom=False)]
    panels = [[*panel, *above] for panel in panels[:-1]] + [[*panels[-1], *axis]]
    return Part(tuple(Panel(tuple(calls)) for calls in panels), legend(panels[0], title))


def _scaled(numbers: Spread, factor: float) -> Spread:
    return Spread(
        *(
            tuple(number * factor for number in of_kind)
            for of_kind in (numbers.median, numbers.low, numbers.high)
        )
    )


def _rates_panel(
    lines: Sequence[tuple[int, str, Spread, Sequence[float]]],
    label: str,
    marks: Mapping[float, str],
) -> list[Call]:
    """Return the calls of a panel without its abscissa."""
    curves = [zip(x, numbers.median, strict=True) for _, _, numbers, x in lines]
    levels = [level for points in curves for place, level in points if place > 0]
    bottom, top = level_limits([*levels, *marks], 0.0)
    calls: list[Call] = []
    for level, text in marks.items():
        calls += level_line(level, text)
    for k, name, numbers, x in lines:
        at = thinned(len(x))
        low, median, high = (within(y, top) for y in (numbers.low, numbers.median, numbers.high))
        calls += seeds_band(x, low, high, at, k)
        points = picked(x, at), picked(median, at)
        calls.append(call("plot", *points, **solver_line(k, *points, literal(name))))
    return [
        *calls,
        call("set_yscale", "log"),
        call("set_ylim", bottom, top),
        call("set_ylabel", label),
        *plain_ticks(bottom, top),
    ]
