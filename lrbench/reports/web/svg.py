"""The figures as static SVG, for print and for readers without scripts: what the template draws."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

WIDTH, HEIGHT = 640.0, 300.0
"""The size of a figure."""

LEFT, RIGHT, TOP, BOTTOM = 62.0, 10.0, 14.0, 40.0
"""The margins of its axes."""

MOST_TICKS = 9
"""The most labels of an axis."""

SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class Stroke:
    """A curve: its path, the number of its solver, and what it is."""

    path: str
    solver: int
    kind: str
    """``"measured"``, ``"promised"`` or ``"band"``."""


@dataclass(frozen=True)
class Mark:
    """A point of a curve, or a mark at the top edge."""

    x: float
    y: float
    solver: int
    shape: Literal["point", "lost", "above"]
    """``"lost"`` (it diverged) and ``"above"`` (too high for the axis) stand at the top edge."""


@dataclass(frozen=True)
class Tick:
    """A tick of an axis and its label."""

    at: float
    text: str


@dataclass(frozen=True)
class Figure:
    """All that the template draws of one figure."""

    title: str
    across: str
    up: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    lines: Sequence[Stroke]
    marks: Sequence[Mark]
    step: float | None
    """Where 1/L stands; None where it is not shown."""
    target: float | None
    """Where the target stands."""
    names: Sequence[tuple[int, str]]
    """The solvers of the legend, by number."""


class LogAxis:
    """A logarithmic axis from a place in the figure to another one."""

    def __init__(self, numbers: Iterable[float | None], start: float, end: float) -> None:
        known = [math.log10(n) for n in numbers if n is not None and n > 0]
        low, high = (min(known), max(known)) if known else (0.0, 1.0)
        spare = max(0.04 * (high - low), 0.05)
        self.low, self.high = low - spare, high + spare
        self.start, self.end = start, end

    def at(self, number: float) -> float:
        """Return the place of a positive number."""
        share = (math.log10(number) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[Tick]:
        """Return ticks at powers of ten, or at 1, 2 and 5 times them where these are few."""
        decades = range(math.ceil(self.low), math.floor(self.high) + 1)
        stride = max(math.ceil(len(decades) / MOST_TICKS), 1)
        ticks = [(10.0**d, _power(d)) for d in decades if d % stride == 0]
        if len(ticks) < 3:
            powers = range(math.floor(self.low), math.ceil(self.high) + 1)
            numbers = [m * 10.0**d for d in powers for m in (1, 2, 5)]
            inside = [n for n in numbers if self.low <= math.log10(n) <= self.high]
            ticks = [(n, f"{n:g}") for n in inside]
        return [Tick(self.at(n), text) for n, text in ticks]


def _power(exponent: int) -> str:
    if 0 <= exponent <= 3:
        return f"{10**exponent}"
    return "10" + str(exponent).translate(SUPERSCRIPTS)


def sensitivity_figure(data: dict[str, Any]) -> Figure | None:
    """Return the figure over what varies, from `chart_data`; None for fewer than two values."""
    solvers = data["solvers"]
    arrival = data["arrival"] and any(p is not None for s in solvers for p in s["passes"])
    key = "passes" if arrival else "level"
    values = [v for s in solvers for v in s["values"] if v is not None]
    if len(set(values)) < 2:
        return None
    x = LogAxis([*values, data["step"]], LEFT, WIDTH - RIGHT)
    most = math.inf if arrival or data["top"] is None else data["top"]
    inside = [n for s in solvers for n in s[key] if n is not None and n <= most]
    y = LogAxis(inside or [data["start"]], HEIGHT - BOTTOM, TOP + 14)
    lines, marks = [], []
    for i, s in enumerate(solvers):
        points: list[tuple[float, float] | None] = []
        for value, n, lost in zip(s["values"], s[key], s["lost"], strict=True):
            if value is None:  # nothing of it varies: its only run is a line from end to end
                if n is not None and n > 0:
                    points = [(x.start, y.at(n)), (x.end, y.at(n))]
                continue
            has_place = n is not None and 0 < n <= most
            points.append((x.at(value), y.at(n)) if has_place else None)
            if has_place:
                marks.append(Mark(x.at(value), y.at(n), i, "point"))
            elif lost or (n is not None and n > most):
                marks.append(Mark(x.at(value), TOP + 4, i, "lost" if lost else "above"))
        lines.append(Stroke(_path(points), i, "measured"))
    up = "passes to the target" if arrival else f"{data['level']} at the end"
    return Figure(
        f"{up} over {data['parameter']}",
        data["parameter"],
        up,
        x.ticks(),
        y.ticks(),
        lines,
        marks,
        None if data["step"] is None else x.at(data["step"]),
        None,
        _names(solvers, range(len(solvers))),
    )


def convergence_figure(data: dict[str, Any]) -> Figure | None:
    """Return the trajectory of the best lane of each solver; None without any number."""
    solvers, best = data["solvers"], _best_curves(data)
    most = math.inf if data["top"] is None else data["top"]
    numbers = [n for c in best for n in c["y"] if n is not None and 0 < n <= most]
    if not numbers:
        return None
    x = LogAxis((t for c in best for t in c["T"]), LEFT, WIDTH - RIGHT)
    y = LogAxis([*numbers, data["start"]], HEIGHT - BOTTOM, TOP + 10)
    lines, marks = [], []
    for c in best:
        i = c["of"][0]
        far = [t for t, n in zip(c["T"], c["y"], strict=True) if n is not None and n > most]
        marks += [Mark(x.at(t), TOP + 5, i, "above") for t in far]
        if "diverged_at" in c and c["T"]:
            marks.append(Mark(x.at(c["T"][-1]), TOP + 5, i, "lost"))
        if "low" in c:
            lines.append(Stroke(_band(c, x, y), i, "band"))
        if "promised" in c:
            inside = [n if n is not None and n <= 10**y.high else None for n in c["promised"]]
            lines.append(Stroke(_path(_places(c["T"], inside, x, y)), i, "promised"))
        inside = [n if n is not None and n <= most else None for n in c["y"]]
        lines.append(Stroke(_path(_places(c["T"], inside, x, y)), i, "measured"))
    target = data["target"]
    inside_axis = target is not None and target > 0 and y.low <= math.log10(target) <= y.high
    return Figure(
        f"{data['level']}{data['of_iterate']} over iterations{_where(data)}",
        "iterations T",
        data["level"],
        x.ticks(),
        y.ticks(),
        lines,
        marks,
        None,
        y.at(target) if inside_axis else None,
        _names(solvers, [c["of"][0] for c in best]),
    )


def rate_figures(data: dict[str, Any]) -> Iterator[Figure]:
    """Yield the figures of the learning rate and of b of the best lane of each solver."""
    L = data["L"]
    units = {
        "lr": ("learning rate", "lr", 1.0) if L is None else ("learning rate times L", "lr L", L),
        "b": ("b", "b", 1.0) if L is None else ("b over L", "b/L", 1.0 / L),
    }
    for key, (title, up, unit) in units.items():
        drawn = [
            (c, [n and n * unit for n in (c[key] * len(c["T"]) if len(c[key]) == 1 else c[key])])
            for c in _best_curves(data)
            if key in c
        ]
        numbers = [n for _, of in drawn for n in of if n is not None and n > 0]
        if not numbers:
            continue
        x = LogAxis((t for c, _ in drawn for t in c["T"]), LEFT, WIDTH - RIGHT)
        y = LogAxis(numbers, HEIGHT - BOTTOM, TOP)
        lines = [
            Stroke(_path(_places(c["T"], of, x, y)), c["of"][0], "measured") for c, of in drawn
        ]
        yield Figure(
            f"{title} over iterations{_where(data)}",
            "iterations T",
            up,
            x.ticks(),
            y.ticks(),
            lines,
            (),
            None,
            None,
            _names(data["solvers"], [c["of"][0] for c, _ in drawn]),
        )


def _best_curves(data: dict[str, Any]) -> list[dict[str, Any]]:
    solvers = data["solvers"]
    return [c for c in data["curves"] if solvers[c["of"][0]]["best"] == c["of"][1]]


def _where(data: dict[str, Any]) -> str:
    several = any(len(s["values"]) > 1 for s in data["solvers"])
    return f", each solver at its best {data['parameter']}" if several else ""


def _names(solvers: Sequence[dict[str, Any]], numbers: Iterable[int]) -> list[tuple[int, str]]:
    return [(i, solvers[i]["name"]) for i in numbers]


def _places(
    T: Sequence[float], numbers: Sequence[float | None], x: LogAxis, y: LogAxis
) -> list[tuple[float, float] | None]:
    """Return the places of points; None where there is no number that a logarithm has."""
    return [
        (x.at(t), max(min(y.at(n), y.start), y.end)) if n is not None and n > 0 else None
        for t, n in zip(T, numbers, strict=True)
    ]


def _path(points: Iterable[tuple[float, float] | None]) -> str:
    """Return the path through points, which a None interrupts."""
    pieces, drawing = [], False
    for point in points:
        if point is not None:
            pieces.append(f"{'L' if drawing else 'M'}{point[0]:g} {point[1]:g}")
        drawing = point is not None
    return "".join(pieces)


def _band(c: dict[str, Any], x: LogAxis, y: LogAxis) -> str:
    """Return the outline of the band between the least and the largest seed."""
    known = [
        (t, low, high)
        for t, low, high in zip(c["T"], c["low"], c["high"], strict=True)
        if low is not None and high is not None and low > 0
    ]
    upper = _places([t for t, _, _ in known], [high for _, _, high in known], x, y)
    lower = _places([t for t, _, _ in known], [low for _, low, _ in known], x, y)
    return _path([*upper, *reversed(lower)]) + "Z" * bool(known)
