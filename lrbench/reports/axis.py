"""A logarithmic axis of characters."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence

from lrbench.reports.blocks import short_number

STRIDES = (1, 2, 3, 4, 5, 10, 20, 50, 100, 200)
"""Decades between two labels."""


def columns_of(points: Sequence[float], grid: Sequence[float], n_columns: int) -> list[list[int]]:
    """Return for each column the places in `points` that it shows: at least one.

    Parameters
    ----------
    points
        Ascending, some of the grid.
    grid
        Ascending; two or more.
    n_columns
        Of the axis.
    """
    logs = [math.log10(p) for p in points]
    out: list[list[int]] = [[] for _ in range(n_columns)]
    for k, point in enumerate(points):
        out[axis_column(point, grid, n_columns)].append(k)
    for j, found in enumerate(out):
        if not found:
            x = _centre(j, grid, n_columns)
            right = bisect.bisect_left(logs, x)
            near = [k for k in (right - 1, right) if 0 <= k < len(logs)]
            found.append(min(near, key=lambda k: abs(logs[k] - x)))
    return out


def _ends(grid: Sequence[float]) -> tuple[float, float]:
    """Return the logarithms where the axis begins and ends: half a step beyond the grid."""
    lo, hi = math.log10(grid[0]), math.log10(grid[-1])
    half = (hi - lo) / (len(grid) - 1) / 2
    return lo - half, hi + half


def axis_column(value: float, grid: Sequence[float], n_columns: int) -> int:
    """Return the column of a value; of an even number in the middle the left one."""
    lo, hi = _ends(grid)
    place = (math.log10(value) - lo) / (hi - lo) * n_columns
    return min(max(math.ceil(place - 1e-6) - 1, 0), n_columns - 1)


def _centre(j: int, grid: Sequence[float], n_columns: int) -> float:
    lo, hi = _ends(grid)
    return lo + (j + 0.5) / n_columns * (hi - lo)


def axis(grid: Sequence[float], n_columns: int) -> list[str]:
    """Return two lines: marks at decades, and what they are; the ends where there are none."""
    first, last = math.ceil(math.log10(grid[0]) - 1e-9), math.floor(math.log10(grid[-1]) + 1e-9)
    for stride in STRIDES if last > first else ():
        ticks = [10.0**k for k in range(first, last + 1) if k % stride == 0]
        lines = _lines(ticks, grid, n_columns)
        if lines is not None:
            return lines
    return _lines([grid[0], grid[-1]], grid, n_columns) or _lines([grid[0]], grid, n_columns) or []


def _lines(ticks: Sequence[float], grid: Sequence[float], n_columns: int) -> list[str] | None:
    """Return the two lines, None where labels would touch."""
    marks, labels = [" "] * n_columns, ""
    for tick in ticks:
        at, text = axis_column(tick, grid, n_columns), short_number(tick)
        marks[at] = "|"
        begin = max(min(at - (len(text) - 1) // 2, n_columns - len(text)), 0)
        if labels and begin < len(labels) + 1:
            return None
        labels = labels.ljust(begin) + text
    return ["".join(marks).rstrip(), labels]
