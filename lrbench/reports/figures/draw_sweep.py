"""The figure of a sweep: levels, passes and the usable range over what varies."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from lrbench.reports.figures.axes import (
    BEYOND,
    HIGH,
    LEVELS,
    abscissa_limits,
    edge_keys,
    edge_marks,
    legend,
    level_limits,
    level_line,
    note_in_the_middle,
    plain_ticks,
    seeds_band,
    solver_line,
    step_line,
    within,
)
from lrbench.reports.figures.sensitivity import SensitivityCurve, SensitivityFigure
from lrbench.reports.figures.sheet import (
    Call,
    Panel,
    Part,
    call,
    literal,
    picked,
    rounded,
    thinned,
)
from lrbench.reports.figures.style import PALE, colour, marker

STRIP = 0.16
"""The height of a row of usable ranges, relative to a panel of a curve, and half of that beside."""

MARKED_POINTS = 40
"""The most points of a curve that all have a marker."""


def sensitivity_part(figure: SensitivityFigure, title: str) -> Part:
    """Return the panels of a sweep: levels, passes to the target, and usable ranges."""
    has_target = not math.isnan(figure.target)
    limits = abscissa_limits(value for c in figure.curves for value in c.values)
    panels = [_levels(figure)]
    if has_target:
        panels += [_passes(figure), _ranges(figure)]
    parameter = literal(figure.parameter)
    rows = len(_varied(figure))
    heights = [1.0, 1.0, STRIP * (max(rows, 1) + 0.5)]
    out = []
    for k, calls in enumerate(panels):
        last = k == len(panels) - 1
        axis = [call("set_xscale", "log")] if limits else []
        axis += [call("set_xlim", *limits), *plain_ticks(*limits, "x")] if limits else []
        axis.append(
            call("set_xlabel", parameter) if last else call("tick_params", labelbottom=False)
        )
        out.append(Panel((*calls, *axis), heights[k]))
    return Part(tuple(out), legend(panels[0], title))


def _varied(figure: SensitivityFigure) -> list[tuple[int, SensitivityCurve]]:
    return [(k, c) for k, c in enumerate(figure.curves) if c.values]


def _levels(figure: SensitivityFigure) -> list[Call]:
    """Return the calls of the panel of levels after the budget."""
    lost = [(k, _places(c, [math.isinf(y) for y in c.gap.median])) for k, c in _varied(figure)]
    rows = [(k, places, "x") for k, places in lost if places]
    levels = [y for c in figure.curves for y in (*c.gap.median, *c.gap.low)]
    marks = [figure.target] if figure.target > 0 else []
    n_far = sum(bool(_above(c, BEYOND * figure.start)) for _, c in _varied(figure))
    bottom, top = level_limits([*levels, *marks], figure.start, rows=len(rows) + n_far)
    rows += [(k, places, HIGH) for k, c in _varied(figure) if (places := _above(c, top))]
    calls = [*_shaded(figure), *step_line(figure.step), *level_line(figure.target, "target")]
    calls += level_line(figure.start, "start")
    for k, c in enumerate(figure.curves):
        if c.values:
            at = _indices(c)
            medians = within([y if y < math.inf else math.nan for y in c.gap.median], top)
            low, high = within(c.gap.low, top), within(c.gap.high, top)
            calls += seeds_band(c.values, low, high, at, k)
            calls.append(_curve(k, c, at, medians, literal(c.solver)))
        else:
            calls += _constant(k, c.gap.median[0], literal(c.solver))
    for row, (k, places, shape) in enumerate(rows):
        calls += edge_marks(places, row, k, shape)
    calls += edge_keys({shape for _, _, shape in rows})
    if figure.lost:
        calls.append(note_in_the_middle(figure.lost))
    return [
        *calls,
        call("set_yscale", "log"),
        call("set_ylim", bottom, top),
        call("set_ylabel", f"final {LEVELS[figure.level]}"),
        *plain_ticks(bottom, top),
    ]


def _passes(figure: SensitivityFigure) -> list[Call]:
    """Return the calls of the panel of passes to the target."""
    rows = []
    for shape, outcome in (("x", "diverged"), ("$?$", "unknown")):
        for k, c in _varied(figure):
            if places := _places(c, [of == outcome for of in c.outcome]):
                rows.append((k, places, shape))
    arrivals = [p for c in figure.curves for p in c.passes]
    bottom, top = level_limits(arrivals, 0.0, rows=len(rows))
    calls = [*_shaded(figure), *step_line(figure.step, "")]
    for k, c in enumerate(figure.curves):
        if c.values:
            calls.append(
                _curve(k, c, _indices(c), [p if p < math.inf else math.nan for p in c.passes])
            )
        else:
            calls += _constant(k, c.passes[0])
    for row, (k, places, shape) in enumerate(rows):
        calls += edge_marks(places, row, k, shape)
    if not any(0.0 < p < math.inf for p in arrivals):
        calls.append(note_in_the_middle("no run arrived"))
        return [*calls, call("set_yticks", []), call("set_ylabel", "passes to target")]
    return [
        *calls,
        call("set_yscale", "log"),
        call("set_ylim", bottom, top),
        call("set_ylabel", "passes to target"),
        *plain_ticks(bottom, top),
    ]


def _ranges(figure: SensitivityFigure) -> list[Call]:
    """Return the calls of the panel of usable ranges, a bar for each solver."""
    calls = [*step_line(figure.step, "")]
    varied = _varied(figure)
    for row, (k, c) in enumerate(varied):
        if c.usable is not None:
            ends = rounded(c.usable)
            look = {"color": colour(k), "linewidth": 3, "solid_capstyle": "butt", "alpha": 0.5}
            calls.append(call("plot", ends, [-row, -row], **look))
        if c.best_value is not None:
            best = rounded([c.best_value])
            calls.append(call("plot", best, [-row], color=colour(k), marker=marker(k)))
    return [
        *calls,
        call("set_ylim", -max(len(varied), 1) + 0.4, 0.6),
        call("set_yticks", []),
        call("set_ylabel", "usable", rotation=0, ha="right", va="center"),
    ]


def _shaded(figure: SensitivityFigure) -> Iterator[Call]:
    """Yield the usable range of the only solver that has one to show."""
    varied = _varied(figure)
    if len(varied) == 1 and (usable := varied[0][1].usable) is not None:
        yield call("axvspan", *rounded(usable), color=PALE, linewidth=0, zorder=0)


def _curve(
    k: int, c: SensitivityCurve, at: Sequence[int], y: Sequence[float], label: str = ""
) -> Call:
    points = picked(c.values, at), picked(y, at)
    look = solver_line(k, *points, label)
    if len(at) <= MARKED_POINTS:
        look["markevery"] = 1
    return call("plot", *points, **look)


def _constant(k: int, level: float, label: str = "") -> Iterator[Call]:
    """Yield the line of a solver of which nothing varies."""
    if 0.0 < level < math.inf:
        named = {"label": label} if label else {}
        yield call("axhline", *rounded([level]), color=colour(k), linestyle="-.", **named)


def _above(c: SensitivityCurve, top: float) -> list[float]:
    """Return the values at which the level is finite and above the top of the axis."""
    return _places(c, [top < y < math.inf for y in c.gap.median])


def _places(c: SensitivityCurve, chosen: Sequence[bool]) -> list[float]:
    """Return the values at which something is so."""
    return [value for value, is_so in zip(c.values, chosen, strict=True) if is_so]


def _indices(c: SensitivityCurve) -> list[int]:
    """Return the points to draw, with both sides of every change of the outcome."""
    changes = [k for k in range(1, len(c.outcome)) if c.outcome[k] != c.outcome[k - 1]]
    return thinned(len(c.values), [k - side for k in changes for side in (0, 1)])
