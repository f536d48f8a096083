"""The curve of a sweep: passes to the target over lr0, a row of characters for each solver."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from lrbench.reports.axis import axis, columns_of
from lrbench.reports.blocks import Block, Drawing, Style, TableCell, line, short_number
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Run, Sensitivity, Status, Sweep

BARS = "▁▂▃▄▅▆▇█"
DIGITS = "123456789"

MARKS: Mapping[str, Style] = {".": "dim", "!": "bad", "?": "warn"}
"""Not reached, diverged, unknown."""

LONGEST = 3
"""Columns for one lr0 at most."""

LEAST = 24
"""Columns that a curve takes beside the name of a solver; with less the name stands above it."""


def curve(problem: ProblemResult, sweep: Sweep, view: View) -> Iterator[Block]:
    """Yield the curves of all solvers, on one axis of lr0 and one scale of passes.

    Notes
    -----
    The higher, the fewer passes, on a logarithmic scale. Where several lr0 share a column the worst
    of them is drawn; a column without one takes the nearest.
    """
    grid = sorted({lr0 for s in sweep.solvers for lr0 in s.lr0})
    costs = [p for s in sweep.solvers for p in s.passes if math.isfinite(p)]
    if len(grid) < 2 or not costs:
        return
    least, most = min(costs), max(costs)
    names = [str(s.solver) for s in sweep.solvers]
    indent = max(map(len, names)) + 2
    beside = view.width - indent >= min(LEAST, len(grid))
    indent = indent if beside else 0
    n_columns = _n_columns(len(grid), view.width - indent)
    heights = BARS if view.bars else DIGITS
    rows: list[list[TableCell]] = []
    seen: set[str] = set()
    for s, name in zip(sweep.solvers, names, strict=True):
        marks = _marks(s, _runs_of(problem, s), least, most, heights)
        drawn = [max(marks[s.lr0[k]] for k in at) for at in columns_of(s.lr0, grid, n_columns)]
        seen.update(mark for _, _, mark in drawn)
        cells = _cells("".join(mark for _, _, mark in drawn))
        rows += [[TableCell(name.ljust(indent)), *cells]] if beside else [[TableCell(name)], cells]
    for text in axis(grid, n_columns):
        rows.append([TableCell(" " * indent + text, "dim")])
    yield line("")
    yield line(*_legend(least, most, heights, seen))
    yield Drawing(rows)


def _cells(text: str) -> list[TableCell]:
    """Return a row as pieces of one style each."""
    pieces = itertools.groupby(text, lambda mark: MARKS.get(mark, ""))
    return [TableCell("".join(marks), style) for style, marks in pieces]


def _n_columns(n_points: int, room: int) -> int:
    return n_points * min(room // n_points, LONGEST) if n_points <= room else room


def _legend(least: float, most: float, heights: str, drawn: set[str]) -> Iterator[str]:
    if least == most:
        yield f"passes to the target over lr0: {heights[-1]} = {short_number(least)}"
    else:
        yield f"passes to the target over lr0: {heights[-1]} = {short_number(least)} (fewest)"
        yield f"{heights[0]} = {short_number(most)} (most) on a log scale"
    words = {".": "not reached", "!": "diverged", "?": "unknown: no run finished"}
    yield from (f"{mark} {word}" for mark, word in words.items() if mark in drawn)


Mark = tuple[float, int, str]
"""The passes, how bad it is where these are infinite, and the character."""


def _runs_of(problem: ProblemResult, s: Sensitivity) -> Mapping[float, Sequence[Run]]:
    found: dict[float, list[Run]] = {}
    for run in problem.runs:
        if str(run.solver) == str(s.solver):
            found.setdefault(run.lr0, []).append(run)
    return found


def _marks(
    s: Sensitivity,
    runs: Mapping[float, Sequence[Run]],
    least: float,
    most: float,
    heights: str,
) -> dict[float, Mark]:
    """Return lr0 -> what is drawn there."""
    out: dict[float, Mark] = {}
    for lr0, passes, reached, finished in zip(s.lr0, s.passes, s.reached, s.finished, strict=True):
        if math.isfinite(passes):
            out[lr0] = passes, 0, heights[_level(passes, least, most, len(heights))]
        else:
            mark = _lost(runs.get(lr0, ()), reached, finished)
            out[lr0] = math.inf, list(MARKS).index(mark), mark
    return out


def _level(passes: float, least: float, most: float, n_levels: int) -> int:
    """Return the height of these passes, from 0 for the most to the top for the least."""
    if passes <= least:
        return n_levels - 1
    if least <= 0:
        return 0
    share = math.log(most / passes) / math.log(most / least)
    return min(int(share * n_levels), n_levels - 1)


def _lost(runs: Sequence[Run], reached: int, finished: int) -> str:
    """Return the mark of an lr0 that did not come to the target.

    Parameters
    ----------
    runs
        At this lr0.
    reached, finished
        How many seeds came there, and of how many that is known.
    """
    if not finished:
        return "?"
    diverged = Counter(run.status for run in runs)[Status.DIVERGED]
    return "!" if 2 * diverged >= finished - reached else "."
