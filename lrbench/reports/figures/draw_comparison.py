"""The figures over several problems, and the maps over two axes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from lrbench.reports.figures.axes import SHORT, legend, plain_ticks, step_line, ticks
from lrbench.reports.figures.comparison import ProfileFigure, SensitivityMap, ShareCurve
from lrbench.reports.figures.sheet import Call, Panel, Part, Variable, call, literal, rounded
from lrbench.reports.figures.style import GREY, colour, marker

RIGHT = 1.3
"""How far the last step of a profile is drawn on, as a factor."""


OUTCOMES = {
    "missed": (".", 1.5, "not reached"),
    "diverged": ("x", 3, "diverged"),
    "unknown": ("$?$", 3, "unknown"),
}
"""How a cell without passes is marked: the shape, its size, and the words for it."""


def profile_part(figure: ProfileFigure, title: str) -> Part:
    """Return the panels of the tuned and the untuned profile and of the data profile."""
    panels = [
        _profile(figure.tuned, "passes / fewest passes, at the best value", 1.0),
        _profile(figure.untuned, "passes / fewest passes, at every value", 1.0, named=False),
        _profile(figure.data, "passes at the best value", 0.0, named=False),
    ]
    return Part(tuple(Panel(tuple(calls)) for calls in panels), legend(panels[0], title))


def _profile(
    curves: Sequence[ShareCurve], label: str, least: float, *, named: bool = True
) -> list[Call]:
    """Return the calls of a panel whose abscissa begins at `least`, or at the first step."""
    places = [x for c in curves for x in c.x if x > 0]
    first = least or min(places, default=1.0)
    last = max([*places, 2.0 * first]) * RIGHT
    calls = []
    for k, c in enumerate(curves):
        x = rounded([first / RIGHT, *(max(x, first) for x in c.x), last])
        share = rounded([0.0, *c.share, c.share[-1] if c.share else 0.0])
        look = {"color": colour(k), "marker": marker(k), "markevery": (0.05 + 0.06 * (k % 4), 0.25)}
        look |= {"label": literal(c.solver)} if named else {}
        calls.append(call("step", x, share, where="post", **look))
    return [
        *calls,
        call("set_xscale", "log"),
        call("set_xlim", *rounded([first / RIGHT**0.2, last])),
        *plain_ticks(first, last, "x"),
        call("set_ylim", -0.03, 1.03),
        call("set_xlabel", label),
        call("set_ylabel", "share solved"),
    ]


def map_part(figure: SensitivityMap, step: float, title: str) -> Part:
    """Return the panel of a map: the passes as colours over the two axes.

    Parameters
    ----------
    figure
        The map.
    step
        1/L where the first axis is lr0, else NaN.
    title
        What stands above it.
    """
    cells = [
        (value, second, passes, outcome)
        for value, *rows in zip(figure.values, figure.passes, figure.outcome, strict=True)
        for second, passes, outcome in zip(figure.seconds, *rows, strict=True)
    ]
    arrived = [(passes, value, second) for value, second, passes, _ in cells if passes < math.inf]
    calls = [*_mesh(figure, [passes for passes, _, _ in arrived])] if arrived else []
    calls += step_line(step)
    for outcome, (shape, size, text) in OUTCOMES.items():
        points = [(value, second) for value, second, _, of in cells if of == outcome]
        calls += _points(points, text, color=GREY, marker=shape, markersize=size)
    if arrived:
        _, *best = min(arrived)
        edge = {"markeredgecolor": "black", "markeredgewidth": 0.5}
        calls += _points([best], "fewest", color="white", marker="*", markersize=7, **edge)
    calls += [
        call("set_xscale", "log"),
        call("set_yscale", "log"),
        call("set_xlabel", literal(figure.parameter)),
        call("set_ylabel", literal(figure.second)),
        call("grid", visible=False),
    ]
    return Part((Panel(tuple(calls)),), legend(calls, title))


def _mesh(figure: SensitivityMap, passes: Sequence[float]) -> Iterator[Call]:
    """Yield the cells in colour, and the scale of the colours."""
    low, high = rounded([min(passes), max(*passes, 1.2 * min(passes))])
    rows = [
        rounded(p if p < math.inf else math.nan for p in row)
        for row in zip(*figure.passes, strict=True)
    ]
    edges = rounded(_edges(figure.values)), rounded(_edges(figure.seconds))
    scale = {"cmap": "viridis_r", "norm": "log", "vmin": low, "vmax": high}
    yield Call("pcolormesh", (*edges, rows), scale, result="mesh")
    bar = {"ax": Variable("ax"), "label": "passes to target", "format": "%g"}
    if high < SHORT * low:
        bar["ticks"] = ticks(low, high)
    yield Call("colorbar", (Variable("mesh"),), bar, of="part", result="bar")
    if high < SHORT * low:
        yield Call("minorticks_off", of="bar")


def _points(points: Sequence[Sequence[float]], text: str, **look: object) -> Iterator[Call]:
    """Yield marks at these points."""
    if points:
        x, y = (rounded(places) for places in zip(*points, strict=True))
        yield call("plot", x, y, linestyle="none", label=text, **look)


def _edges(values: Sequence[float]) -> list[float]:
    """Return the edges of the cells around these values, half-way in the logarithm."""
    logs = [math.log10(value) for value in values]
    if len(logs) == 1:
        return [10.0 ** (logs[0] - 0.5), 10.0 ** (logs[0] + 0.5)]
    middles = [(a + b) / 2.0 for a, b in itertools.pairwise(logs)]
    ends = [2.0 * logs[0] - middles[0], *middles, 2.0 * logs[-1] - middles[-1]]
    return [10.0**x for x in ends]
