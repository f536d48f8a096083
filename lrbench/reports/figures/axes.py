"""What the panels of several figures share: limits, bands, marks at the top edge, the legend."""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence

from lrbench.reports.blocks import short_number
from lrbench.reports.figures.sheet import (
    MOST_TITLE,
    Call,
    Panel,
    Part,
    Variable,
    call,
    literal,
    picked,
    rounded,
    thinned,
)
from lrbench.reports.figures.style import GREY, PALE, colour, marker

BEYOND = 1e3
"""Levels above so many times the start are beyond the top edge."""

EDGE_STEP = 0.05
"""The distance of two rows of marks at the top edge, as a share of the height of the panel."""

MOST_MARKS = 40
"""The most marks of a row at the top edge."""

HIGH = r"$\uparrow$"
"""The mark of a point for which a panel has no room: an arrow, as triangles are solvers."""

ABOVE = "above the axis"
"""What a mark at the top edge says of a point for which a panel has no room."""

LEAST_SPAN = 0.7
"""The least length of an axis of levels in decades."""

FAR = 1e3
"""A line to so many times the top edge leaves the panel as steeply as one to infinity."""

LEGEND_WIDTH = 60
"""The characters of a legend that stand beside each other on a column's width."""

MOST_LABELS = 24
"""The most labels of a legend; of more nobody reads any."""

MOST_TICK = 5
"""The most characters of the labels of ticks that all have room."""

SHORT = 200.0
"""The ratio of the ends of an axis that is short."""

HANDLE = 7
"""The width of a line of the legend and its space, in characters."""

LEVELS = {"F - f*": "$F - f^*$", "F": "$F$"}
"""The words of a level, as matplotlib sets them."""


def level_limits(
    levels: Iterable[float], start: float, floor: float = math.nan, rows: int = 0
) -> tuple[float, float]:
    """Return the ends of a logarithmic axis of levels.

    Parameters
    ----------
    levels
        All levels to show; those that are not positive or infinite set no end.
    start
        The level at w_0: far above it there is nothing to see.
    floor
        The error of f*: below it there is nothing to see.
    rows
        The number of rows of marks that need room at the top edge.
    """
    positive = [level for level in levels if 0.0 < level < math.inf]
    if start > 0:
        positive = [min(level, BEYOND * start) for level in positive] + [start]
    if floor > 0:
        positive = [max(level, floor / 2.0) for level in positive]
    if not positive:
        return 0.1, 1.0
    low, high = math.log10(min(positive)), math.log10(max(positive))
    missing = max(LEAST_SPAN - (high - low), 0.0)
    low, high = low - missing / 2.0, high + missing / 2.0
    span = high - low
    low, high = low - 0.06 * span, high + 0.06 * span
    high += (high - low) * EDGE_STEP * (rows + 0.5 * (rows > 0))
    bottom, top = rounded((10.0 ** max(low, -300.0), 10.0 ** min(high, 300.0)))
    return bottom, top


def within(levels: Iterable[float], top: float) -> list[float]:
    """Return levels without those far above the top edge, where matplotlib would overflow."""
    return [level if math.isnan(level) else min(level, FAR * top) for level in levels]


def abscissa_limits(places: Iterable[float]) -> tuple[float, float] | None:
    """Return the ends of a logarithmic abscissa; None without a positive place."""
    positive = [x for x in places if 0.0 < x < math.inf]
    if not positive:
        return None
    low, high = math.log10(min(positive)), math.log10(max(positive))
    margin = 0.02 * (high - low) or 0.5
    left, right = rounded((10.0 ** (low - margin), 10.0 ** (high + margin)))
    return left, right


def seeds_band(
    x: Sequence[float], low: Sequence[float], high: Sequence[float], at: Sequence[int], k: int
) -> Iterator[Call]:
    """Yield the area between the least and the largest seed, where they differ."""
    if any(low[i] < high[i] for i in at):
        edges = (picked(numbers, at) for numbers in (x, low, high))
        yield call("fill_between", *edges, color=colour(k), alpha=0.2, linewidth=0)


def edge_marks(places: Sequence[float], row: int, k: int, shape: str = "x") -> Iterator[Call]:
    """Yield marks at these places in a row below the top edge, the first row being 0."""
    if places:
        height = round(1.0 - EDGE_STEP * (row + 0.7), 4)
        places = [places[k] for k in thinned(len(places), most=MOST_MARKS)]
        yield call(
            "plot",
            rounded(places),
            [height] * len(places),
            color=colour(k),
            marker=shape,
            markersize=3,
            linestyle="none",
            transform=Variable("ax.get_xaxis_transform()"),
        )


def edge_keys(shapes: Collection[str]) -> Iterator[Call]:
    """Yield the entries of the legend for the marks at the top edge of these shapes."""
    for shape, text in {"x": "diverged", HIGH: ABOVE}.items():
        if shape in shapes:
            yield key(text, marker=shape, markersize=3, linestyle="none")


def note_in_the_middle(text: str, height: float = 0.5) -> Call:
    """Return a note in the middle of a panel that has no curve, at a share of its height."""
    look = {"ha": "center", "va": "center", "color": GREY}
    return call("text", 0.5, height, text, transform=Variable("ax.transAxes"), **look)


def level_line(level: float, text: str) -> Iterator[Call]:
    """Yield a thin horizontal line with its name at the left end, above it."""
    if 0.0 < level < math.inf:
        (y,) = rounded([level])
        yield call("axhline", y, color=GREY, linewidth=0.6, zorder=1.6)
        yield call(
            "annotate",
            text,
            (0.01, y),
            (0, 2.5),
            xycoords=Variable("ax.get_yaxis_transform()"),
            textcoords="offset points",
            color=GREY,
            fontsize=6,
        )


def step_line(step: float, text: str = "$1/L$") -> Iterator[Call]:
    """Yield a thin vertical line with its name at the top, on the side of short steps."""
    if 0.0 < step < math.inf:
        (x,) = rounded([step])
        yield call("axvline", x, color=GREY, linewidth=0.6, linestyle=(0, (4, 2)), zorder=1.6)
        if text:
            yield call(
                "text",
                x,
                0.97,
                f"{text} ",
                color=GREY,
                fontsize=6,
                ha="right",
                va="top",
                clip_on=True,  # else one outside of the panel would take its room
                transform=Variable("ax.get_xaxis_transform()"),
            )


def pale_below(floor: float, bottom: float) -> Iterator[Call]:
    """Yield the area below the error of f*, if any of it is in sight."""
    if floor > bottom:
        yield call(
            "axhspan", bottom, *rounded([floor]), color=PALE, linewidth=0, label="error of $f^*$"
        )


def key(label: str, **look: object) -> Call:
    """Return an entry of the legend that is drawn nowhere else."""
    return call("plot", [], [], color=GREY, label=label, **look)


def legend(calls: Iterable[Call], title: str = "") -> tuple[Call, ...]:
    """Return the legend of some calls above their part, in as many columns as have room."""
    labels = [c.settings["label"] for c in calls if "label" in c.settings and c.of == "ax"]
    if len(labels) > MOST_LABELS:
        title, labels = f"{title}, {len(labels)} curves".removeprefix(", "), []
    title = "\n".join(textwrap.wrap(literal(title, MOST_TITLE), LEGEND_WIDTH))
    if not labels:
        return (Call("suptitle", (title,), {"fontsize": 8}, of="part"),) if title else ()
    fitting = [n for n in range(1, min(3, len(labels)) + 1) if _width(labels, n) <= LEGEND_WIDTH]
    look = {"loc": "outside upper left", "ncols": max(fitting, default=1)}
    named = {"title": title, "alignment": "left"} if title else {}
    return (Call("legend", (), {**look, **named}, of="part"),)


def _width(labels: Sequence[str], n_columns: int) -> int:
    """Return the width of a legend in characters; matplotlib fills one column after the other."""
    rows, longer = divmod(len(labels), n_columns)
    ends = itertools.accumulate(rows + (k < longer) for k in range(n_columns))
    columns = [labels[i:j] for i, j in itertools.pairwise((0, *ends))]
    return sum(max(map(len, column)) + HANDLE for column in columns)


def blank_part(title: str) -> Part:
    """Return the part of a problem of which there is no number to draw."""
    note = call("text", 0.5, 0.5, "no number to draw", ha="center", color=GREY)
    return Part((Panel((call("set_axis_off"), note)),), legend((), title), blank=True)


def legend_lines(part: Part) -> int:
    """Return the number of lines above the panels of a part."""
    labelled = [c for panel in part.panels for c in panel.calls if "label" in c.settings]
    n_labels = sum(c.of == "ax" for c in labelled)
    lines = 0
    for c in part.calls:
        columns: int = c.settings.get("ncols", n_labels)  # a title alone takes one line
        lines += math.ceil(n_labels / max(columns, 1))
        lines += len(str(c.settings.get("title", "")).splitlines())
    return lines


def plain_ticks(low: float, high: float, axis: str = "y") -> Iterator[Call]:
    """Yield the ticks 1, 2, 5, 10, … of a logarithmic axis that is short."""
    if high < SHORT * low:
        at = ticks(low, high)
        texts = [short_number(tick) for tick in at]
        if max(map(len, texts), default=0) > MOST_TICK and len(at) > 3:
            at, texts = at[::3], texts[::3]
        yield call(f"set_{axis}ticks", at, texts)
        yield call(f"set_{axis}ticks", [], minor=True)


def ticks(low: float, high: float) -> list[float]:
    """Return the numbers 1, 2, 5, 10, … between two numbers."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    series = [m * 10.0**k for k in decades for m in (1, 2, 5)]
    return rounded(tick for tick in series if low <= tick <= high)


def solver_line(
    k: int, x: Sequence[float], y: Sequence[float], label: str = ""
) -> dict[str, object]:
    """Return the settings of the line of the k-th solver or lane; without a label of none."""
    # Shares of the diagonal of the panel: as many markers on a linear as on a logarithmic axis.
    every = marked_every(x, y, round(0.03 + 0.05 * (k % 4), 2), 0.2)
    named = {"label": label} if label else {}
    return {"color": colour(k), "marker": marker(k), **every, **named}


def marked_every(
    x: Sequence[float], y: Sequence[float], first: float, step: float
) -> dict[str, object]:
    """Return the setting that puts markers at a distance, for a line on which there is room."""
    n_points = sum(math.isfinite(a) and math.isfinite(b) for a, b in zip(x, y, strict=True))
    return {"markevery": (first, step)} if n_points > 1 else {}  # without a point it would fail
