"""Axes around a canvas: scales, ticks and their labels in characters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lrbench.reports.blocks import Block, Drawing, TableCell, short_number
from lrbench.reports.figures.axes import ticks
from lrbench.reports.figures.canvas import Canvas

MARGIN = 9
"""The columns of the labels of the vertical axis, with the axis itself."""

TICK_ROOM = 10
"""The least columns between two labels of the horizontal axis."""


@dataclass(frozen=True)
class Scale:
    """A logarithmic or linear axis, as a function to [0, 1]."""

    low: float
    high: float
    linear: bool = False

    def at(self, number: float) -> float:
        """Return where a number lies; NaN for what has no place on the axis."""
        if math.isnan(number) or (number <= 0.0 and not self.linear):
            return math.nan
        if math.isinf(number):
            return number
        if self.linear:
            return (number - self.low) / (self.high - self.low)
        return math.log(number / self.low) / math.log(self.high / self.low)

    def along(self, numbers: Sequence[float]) -> list[float]:
        """Return where the numbers lie."""
        return [self.at(number) for number in numbers]

    def ticks(self, most: int) -> list[float]:
        """Return at most so many round numbers on the axis."""
        if self.linear:
            length = (self.high - self.low) / most
            unit = 10.0 ** math.floor(math.log10(length))
            step = next(m * unit for m in (1, 2, 5, 10) if m * unit >= length)
            return [k * step for k in range(math.ceil(self.low / step), int(self.high / step) + 1)]
        series = ticks(self.low, self.high)
        decades = [tick for tick in series if _is_decade(tick)]
        chosen = series if len(series) <= most or len(decades) < 2 else decades
        return chosen[:: max(1, math.ceil(len(chosen) / most))]


def _is_decade(tick: float) -> bool:
    return math.isclose(math.log10(tick), round(math.log10(tick)), abs_tol=1e-9)


def framed(canvas: Canvas, vertical: Scale, across: Scale | None = None) -> Iterator[Block]:
    """Yield a canvas with its axes: that to the left, and the one below if there is one."""
    labels = {}
    for tick in vertical.ticks(max(2, canvas.rows // 3)):
        labels[round((1.0 - vertical.at(tick)) * (canvas.rows - 1))] = short_number(tick)
    rows = []
    for j, row in enumerate(canvas.drawn()):
        label = labels.get(j, "").rjust(MARGIN - 2)[: MARGIN - 2]
        rows.append([TableCell(f"{label} {'+' if j in labels else '|'}", "dim"), *row])
    if across is not None:
        rows += [[TableCell(text, "dim")] for text in _below(canvas.columns, across)]
    yield Drawing(rows)


def _below(columns: int, across: Scale) -> list[str]:
    """Return the horizontal axis and its labels."""
    marks, labels = ["-"] * columns, ""
    for tick in across.ticks(columns // TICK_ROOM):
        place = round(across.at(tick) * (columns - 1))
        text = short_number(tick)
        begin = max(min(place - len(text) // 2, columns - len(text)), 0)
        if not 0 <= place < columns or (labels and begin < len(labels) + 1):
            continue
        marks[place] = "+"
        labels = labels.ljust(begin) + text
    return [f"{' ' * (MARGIN - 1)}+{''.join(marks)}", " " * MARGIN + labels]
