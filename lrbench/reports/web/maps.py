"""The map of two axes in the report: passes to the target, a cell for each pair of values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lrbench.reports.blocks import printable, short_number
from lrbench.reports.figures.comparison import SensitivityMap, sensitivity_maps
from lrbench.reports.figures.sensitivity import Outcome
from lrbench.reports.web.svg import Tick
from lrbench.results import ProblemResult

LEFT, WIDTH = 52.0, 288.0
"""Where the cells begin, and the room that they have, in units of the view."""

ROW, ROWS = 22.0, 264.0
"""The most height of a row, and of all rows together."""

BELOW = 36.0
"""The room of the labels below."""

LEAST_TEXT = 30.0
"""The least width of a cell with a number in it."""

MOST_LABELS = 8
"""The most labels of an axis."""

PALEST = 0.12
"""The opacity of the cell with the most passes; that with the fewest has 1."""

OUTCOMES: dict[Outcome, tuple[str, str]] = {
    "diverged": ("\u00d7", "diverged"),
    "missed": ("\u2013", "not in the budget"),
    "unknown": ("?", "not finished"),
}
"""What stands in a cell without an arrival, and what it means."""


@dataclass(frozen=True)
class MapCell:
    """A pair of values."""

    x: float
    y: float
    text: str
    """In the cell; empty where it has no room."""
    title: str
    """What a reader sees who points at it."""
    share: float | None
    """How dark it is; None for no arrival."""

    @property
    def kind(self) -> str:
        """The class of its rectangle."""
        return "never" if self.share is None else "arrived"


@dataclass(frozen=True)
class MapFigure:
    """All that the template draws of one map."""

    title: str
    across: str
    up: str
    height: float
    cell_width: float
    cell_height: float
    cells: Sequence[MapCell]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    marks: str
    """What the marks of its cells mean."""


def map_figures(problem: ProblemResult) -> Iterator[MapFigure]:
    """Yield the map of each solver with a second axis."""
    if problem.sweep is not None and problem.sweep.has_target:
        yield from map(_figure, sensitivity_maps(problem))


def _figure(of: SensitivityMap) -> MapFigure:
    wide = WIDTH / len(of.values)
    high = min(ROW, ROWS / len(of.seconds))
    known = [p for row in of.passes for p in row if p < math.inf]
    low, top = (math.log(max(end, 1e-9)) for end in (min(known, default=1), max(known, default=1)))
    cells: list[MapCell] = []
    marks: dict[str, None] = {}
    for i, value in enumerate(of.values):
        for j, second in enumerate(of.seconds):
            passes, outcome = of.passes[i][j], of.outcome[i][j]
            arrived = passes < math.inf
            mark, text = OUTCOMES.get(outcome, OUTCOMES["missed"])
            text = f"{short_number(passes)} passes" if arrived else text
            if not arrived:
                marks[f"{mark} {text}"] = None
            place = (math.log(max(passes, 1e-9)) - low) / (top - low) if top > low else 0.0
            in_cell = short_number(passes) if wide >= LEAST_TEXT else ""
            names = f"{of.parameter} = {short_number(value)}, {of.second} = {short_number(second)}"
            cells.append(
                MapCell(
                    round(LEFT + i * wide, 2),
                    round((len(of.seconds) - 1 - j) * high, 2),
                    in_cell if arrived else mark,
                    printable(f"{names}: {text}"),
                    round(1.0 - (1.0 - PALEST) * place, 3) if arrived else None,
                )
            )
    return MapFigure(
        title=printable(of.solver),
        across=printable(of.parameter),
        up=printable(of.second),
        height=round(len(of.seconds) * high + BELOW, 2),
        cell_width=round(wide, 2),
        cell_height=round(high, 2),
        cells=cells,
        x_ticks=list(_ticks(of.values, LEFT + wide / 2, wide)),
        y_ticks=list(_ticks(of.seconds, (len(of.seconds) - 0.5) * high, -high)),
        marks=", ".join(marks) or "every pair arrived",
    )


def _ticks(values: Sequence[float], first: float, step: float) -> Iterator[Tick]:
    """Yield labels of some of the values, which are cells beside each other."""
    stride = math.ceil(len(values) / MOST_LABELS)
    for k in range(0, len(values), stride):
        yield Tick(round(first + k * step, 2), short_number(values[k], 2))
