"""The table of a sweep: a row for each solver."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from lrbench.reports.blocks import (
    Block,
    CellColumn,
    Style,
    TableCell,
    folded_cells,
    line,
    number,
    short_number,
)
from lrbench.reports.groups import learning_rate_texts
from lrbench.reports.view import View
from lrbench.results import Choice, Sensitivity, Sweep
from lrbench.study import POWERS

NEAR = 1e-6
"""An lr0 within this relative distance of an end of the grid is this end."""


PASSED = "*"
"""Marks the passes of a solver that has also passed through the target without arriving there."""


def sweep_table(sweep: Sweep, view: View, legend: bool = True) -> Iterator[Block]:
    """Yield a table of the best lr0, the usable range, and the cost of a wrong lr0.

    `legend` is whether its columns are explained.
    """
    solvers = sweep.solvers
    seeds = any(s.usable_interval is not None and s.usable is not None for s in solvers)
    groups = list(_groups(solvers, seeds))
    texts = {cell.text for group in groups for _, cells in group for cell in cells}
    yield line("sensitivity to lr0:")
    for text in _legend(sweep, seeds, texts) if legend else ():
        yield line(text, note=True)
    first = ("solver", [TableCell(str(s.solver)) for s in solvers])
    yield from folded_cells(first, groups, view.width, frozenset({"solver", "usable lr0"}))


def _legend(sweep: Sweep, seeds: bool, texts: Collection[str]) -> Iterator[str]:
    """Yield an explanation of each column, and of the words that occur in the table."""
    solvers = sweep.solvers
    if sweep.arrival == "first":
        yield "best lr0: with the fewest passes to its first checkpoint at or below the target"
    else:
        yield "best lr0: with the fewest passes to its arrival at the target"
    if any(text.endswith(PASSED) for text in texts):
        yield f"{PASSED}: at some lr0 it came there sooner, and did not stay (--details)"
    if max((s.n_seeds for s in solvers), default=1) > 1:
        yield "usable lr0: the widest run of neighbours that most seeds bring to the target"
    else:
        yield "usable lr0: the widest run of neighbours in the grid that all reach the target"
    yield "decades: its width in factors of ten"
    if seeds:
        step = _step([s.lr0 for s in solvers])
        steps = f", in grid steps of {step:.2f}" if step else ""
        yield f"95 % interval: of this width over seeds drawn again{steps}"
    if any(text.startswith((">=", "<=")) for text in texts):
        yield ">=, <=: may be more or less, at an end of the grid or beside an unknown lr0"
    yield "x0.01 to x100: passes at so many times the best lr0, over those at the best lr0"
    if "off" in texts:
        yield "off: beyond the grid"
    if "?" in texts:
        yield "?: unknown, as no run there is finished"
    counts = sorted({s.n_seeds * len(s.lr0) for s in solvers})
    yield f"diverged, stalled: runs that ended so, out of {' or '.join(map(str, counts))}"
    yield "lr L: the last lr at the best lr0, times L"


def _groups(solvers: Sequence[Sensitivity], seeds: bool) -> Iterator[list[CellColumn]]:
    texts = learning_rate_texts([lr0 for s in solvers for lr0 in s.lr0])
    yield [
        ("best lr0", [TableCell(best_text(s, texts)) for s in solvers]),
        ("passes", [_passes(s) for s in solvers]),
    ]
    usable = [_range(s, texts) for s in solvers]
    width = [("decades", [TableCell(decades_text(s)) for s in solvers])]
    if seeds:
        width.append(("95 % interval", [TableCell(_interval(s)) for s in solvers]))
    yield [("usable lr0", usable), *width]
    yield [(f"x{10.0**power:g}", [_factor(s, power) for s in solvers]) for power in POWERS]
    yield [
        ("diverged", [_count(s.statuses.get("diverged", 0), "bad") for s in solvers]),
        ("stalled", [_count(s.statuses.get("stalled", 0), "warn") for s in solvers]),
        ("lr L", [TableCell(number(s.final_lr_L, 2)) for s in solvers]),
    ]


def best_text(s: Sensitivity, texts: Mapping[float, str]) -> str:
    """Return the best lr0, ``<=`` or ``>=`` where it is the first or the last of the grid."""
    if s.best_lr0 is None:
        return "-"
    first, last = (s.best_lr0 == end for end in (s.lr0[0], s.lr0[-1]))
    return f"{'<= ' * (first and not last)}{'>= ' * (last and not first)}{texts[s.best_lr0]}"


def decades_text(s: Sensitivity | Choice) -> str:
    """Return the width of the usable range, with ``>=`` if it may be wider."""
    if s.usable is None:
        return "-"
    return f"{'>= ' * s.may_be_wider}{s.usable_decades:.2f}"


def _step(grids: Sequence[Sequence[float]]) -> float | None:
    """Return the step of the grids in decades, or None if they have several."""
    # Rounded, as the steps of a logarithmic grid differ in their last bits.
    steps = {round(math.log10(b / a), 6) for grid in grids for a, b in itertools.pairwise(grid)}
    return steps.pop() if len(steps) == 1 else None


def _range(s: Sensitivity, texts: Mapping[float, str]) -> TableCell:
    if s.usable is None:
        return TableCell("?" if s.unknown else "none", "warn")
    return TableCell(" to ".join(texts[lr0] for lr0 in dict.fromkeys(s.usable)))


def _interval(s: Sensitivity) -> str:
    if s.usable_interval is None or s.usable is None:
        return "-"
    low, high = s.usable_interval
    most = f"{'>= ' * s.may_be_wider}{high:.2f}"
    return most if low == high else f"{low:.2f} to {most}"


def _passes(s: Sensitivity) -> TableCell:
    passed = any(hit < passes for hit, passes in zip(s.first_hit, s.passes, strict=True))
    if math.isfinite(s.best_passes):
        return TableCell(short_number(s.best_passes) + PASSED * passed)
    return TableCell("?" if s.unknown else "never" + PASSED * passed, "warn")


def _factor(s: Sensitivity, power: int) -> TableCell:
    factor = next((f.factor for f in s.factors if f.power == power), None)
    if s.best_lr0 is None:
        return TableCell("-")
    if factor is None:
        lr0 = s.best_lr0 * 10.0**power
        inside = s.lr0[0] * (1 - NEAR) <= lr0 <= s.lr0[-1] * (1 + NEAR)
        return TableCell("?", "warn") if inside else TableCell("off", "dim")
    if not math.isfinite(factor):
        return TableCell("never", "warn")
    return TableCell(short_number(factor, 2))


def _count(count: int, style: Style) -> TableCell:
    return TableCell(str(count), style if count else "")
