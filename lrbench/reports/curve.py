"""The curve of a sweep: passes to the target over what varies, a row for each solver."""

from __future__ import annotations

import bisect
import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from lrbench.reports.blocks import Block, Drawing, Style, TableCell, line, short_number
from lrbench.reports.groups import grid_of, runs_of, solver_texts
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Run, Sensitivity, Status, Sweep

BARS = "▁▂▃▄▅▆▇█"
DIGITS = "123456789"

MARKS: Mapping[str, Style] = {".": "dim", "!": "bad", "?": "warn"}
"""Not reached, diverged, unknown; in the order from better to worse."""

LONGEST = 3
"""Columns for one value at most."""

LEAST = 24
"""Columns that a curve takes beside the name of a solver; with less the name stands above it."""

STRIDES = (1, 2, 3, 4, 5, 10, 20, 50, 100, 200)
"""Decades between two labels of the axis."""

Mark = tuple[float, int, str]
"""The passes, how bad it is where these are infinite, and the character; a worse one is larger."""


def curve(problem: ProblemResult, sweep: Sweep, view: View) -> Iterator[Block]:
    """Yield the curves of all solvers, on one axis of values and one scale of passes.

    Notes
    -----
    The fewer passes, the higher the curve, on a logarithmic scale. Where several values share a
    column the worst of them is drawn; a column without a value shows the nearest. Of a solver of
    which nothing varies every column shows the only run.
    """
    grid = grid_of(sweep.solvers)
    costs = [p for s in sweep.solvers for p in s.passes if math.isfinite(p)]
    if len(grid) < 2 or not costs:
        return
    least, most = min(costs), max(costs)
    names = list(solver_texts(sweep.solvers).values())
    indent = max(map(len, names)) + 2
    beside = view.width - indent >= min(LEAST, len(grid))
    indent = indent if beside else 0
    n_columns = _n_columns(_n_points(grid), view.width - indent)
    heights = BARS if view.bars else DIGITS
    rows: list[list[TableCell]] = []
    drawn: set[str] = set()
    for s, name in zip(sweep.solvers, names, strict=True):
        marks = _marks(s, runs_of(problem, s), least, most, heights)
        if s.values:
            columns = columns_of(s.values, grid, n_columns)
            text = "".join(max(marks[s.values[k]] for k in column)[2] for column in columns)
        else:
            text = marks[None][2] * n_columns
        drawn.update(text)
        cells = _cells(text)
        rows += [[TableCell(name.ljust(indent)), *cells]] if beside else [[TableCell(name)], cells]
    for text in axis(grid, n_columns):
        rows.append([TableCell(" " * indent + text, "dim")])
    yield line("")
    yield line(*_legend(sweep.parameter, least, most, heights, drawn))
    yield Drawing(rows)


def _cells(text: str) -> list[TableCell]:
    """Return a row as pieces of one style each."""
    pieces = itertools.groupby(text, lambda mark: MARKS.get(mark, ""))
    return [TableCell("".join(marks), style) for style, marks in pieces]


def _n_points(grid: Sequence[float]) -> int:
    """Return the number of points of a regular grid with the least step and ends of this one."""
    steps = [math.log10(b) - math.log10(a) for a, b in itertools.pairwise(grid)]
    return 1 + round(sum(steps) / min(steps))


def _n_columns(n_points: int, room: int) -> int:
    return n_points * min(room // n_points, LONGEST) if n_points <= room else room


def _legend(
    parameter: str, least: float, most: float, heights: str, drawn: set[str]
) -> Iterator[str]:
    if least == most:
        yield f"passes to the target over {parameter}: {heights[-1]} = {short_number(least)}"
    else:
        fewest = f"{heights[-1]} = {short_number(least)} (fewest)"
        yield f"passes to the target over {parameter}: {fewest}"
        yield f"{heights[0]} = {short_number(most)} (most) on a log scale"
    words = {".": "not reached", "!": "diverged", "?": "unknown: no run finished"}
    yield from (f"{mark} {word}" for mark, word in words.items() if mark in drawn)


def _marks(
    s: Sensitivity,
    runs: Mapping[float | None, Sequence[Run]],
    least: float,
    most: float,
    heights: str,
) -> dict[float | None, Mark]:
    """Return value -> what is drawn at it."""
    out: dict[float | None, Mark] = {}
    columns = (s.values or (None,), s.passes, s.reached, s.finished)
    for value, passes, reached, finished in zip(*columns, strict=True):
        if math.isfinite(passes):
            out[value] = passes, 0, heights[_level(passes, least, most, len(heights))]
        else:
            mark = _mark_without_arrival(runs.get(value, ()), reached, finished)
            out[value] = math.inf, list(MARKS).index(mark), mark
    return out


def _level(passes: float, least: float, most: float, n_levels: int) -> int:
    """Return the height of these passes, from 0 for the most to the top for the least."""
    if passes <= least:
        return n_levels - 1
    if least <= 0:  # a start at the target: there is no logarithm of its passes
        return 0
    height = math.log(most / passes) / math.log(most / least)
    return min(int(height * n_levels), n_levels - 1)


def _mark_without_arrival(runs: Sequence[Run], reached: int, finished: int) -> str:
    """Return the mark of a value that did not come to the target.

    Parameters
    ----------
    runs
        The runs at this value, one a seed.
    reached, finished
        The number of seeds that came to the target, and of those whose run is finished.
    """
    if not finished:
        return "?"
    diverged = Counter(run.status for run in runs)[Status.DIVERGED]
    return "!" if 2 * diverged >= finished - reached else "."


def columns_of(points: Sequence[float], grid: Sequence[float], n_columns: int) -> list[list[int]]:
    """Return for each column of the axis the indices of the `points` that it shows: at least one.

    Parameters
    ----------
    points
        Ascending, some of the grid.
    grid
        Ascending; two or more.
    n_columns
        The number of columns of the axis.
    """
    logs = [math.log10(p) for p in points]
    out: list[list[int]] = [[] for _ in range(n_columns)]
    for k, point in enumerate(points):
        out[axis_column(point, grid, n_columns)].append(k)
    lo, hi = _ends(grid)
    for j, indices in enumerate(out):
        if not indices:
            centre = lo + (j + 0.5) / n_columns * (hi - lo)
            right = bisect.bisect_left(logs, centre)
            neighbours = [k for k in (right - 1, right) if 0 <= k < len(logs)]
            indices.append(min(neighbours, key=lambda k: abs(logs[k] - centre)))
    return out


def _ends(grid: Sequence[float]) -> tuple[float, float]:
    """Return the logarithms where the axis begins and ends: half a step beyond the grid."""
    lo, hi = math.log10(grid[0]), math.log10(grid[-1])
    half = (hi - lo) / (len(grid) - 1) / 2
    return lo - half, hi + half


def axis_column(value: float, grid: Sequence[float], n_columns: int) -> int:
    """Return the column of a value: of those it spans the middle one, or the left of two."""
    lo, hi = _ends(grid)
    position = (math.log10(value) - lo) / (hi - lo) * n_columns
    # The tolerance puts a value between two columns into the left one, whatever the rounding.
    return min(max(math.ceil(position - 1e-6) - 1, 0), n_columns - 1)


def axis(grid: Sequence[float], n_columns: int) -> list[str]:
    """Return two lines: marks at decades and their labels, or at the ends if there is no decade."""
    # The tolerance counts a decade at which the grid ends but for rounding.
    first, last = math.ceil(math.log10(grid[0]) - 1e-9), math.floor(math.log10(grid[-1]) + 1e-9)
    for stride in STRIDES if last > first else ():
        ticks = [10.0**k for k in range(first, last + 1) if k % stride == 0]
        lines = _axis_lines(ticks, grid, n_columns)
        if lines is not None:
            return lines
    ends = [grid[0], grid[-1]]
    return _axis_lines(ends, grid, n_columns) or _axis_lines(ends[:1], grid, n_columns) or []


def _axis_lines(ticks: Sequence[float], grid: Sequence[float], n_columns: int) -> list[str] | None:
    """Return the two lines, or None where labels would touch."""
    marks, labels = [" "] * n_columns, ""
    for tick in ticks:
        column, text = axis_column(tick, grid, n_columns), short_number(tick)
        marks[column] = "|"
        begin = max(min(column - (len(text) - 1) // 2, n_columns - len(text)), 0)
        if labels and begin < len(labels) + 1:
            return None
        labels = labels.ljust(begin) + text
    return ["".join(marks).rstrip(), labels]
