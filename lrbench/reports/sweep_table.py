"""The table of a sweep: a row for each solver."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from lrbench.config.axes import SCALE
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
from lrbench.reports.groups import value_texts
from lrbench.reports.view import View
from lrbench.results import Choice, Sensitivity, Sweep
from lrbench.study import POWERS

NEAR = 1e-6
"""A value within this relative distance of an end of the grid is this end."""


PASSED = "*"
"""Marks the passes of a solver that has also passed through the target without arriving there."""


def sweep_table(sweep: Sweep, view: View, legend: bool = True) -> Iterator[Block]:
    """Yield a table of the best value, the usable range, and the cost of a wrong value.

    `legend` is whether its columns are explained.
    """
    solvers, name = sweep.solvers, sweep.parameter
    seeds = any(s.usable_interval is not None and s.usable is not None for s in solvers)
    groups = list(_groups(solvers, seeds, name))
    texts = {cell.text for group in groups for _, cells in group for cell in cells}
    yield line(f"sensitivity to {name}:")
    for text in _legend(sweep, seeds, texts) if legend else ():
        yield line(text, note=True)
    first = ("solver", [TableCell(str(s.solver)) for s in solvers])
    yield from folded_cells(
        first, groups, view.width, frozenset({"solver", f"usable {name}", "of"})
    )


def _legend(sweep: Sweep, seeds: bool, texts: Collection[str]) -> Iterator[str]:
    """Yield an explanation of each column, and of the words that occur in the table."""
    solvers, name = sweep.solvers, sweep.parameter
    if name == SCALE:
        yield "of: the free scale of the solver, which varies"
    if sweep.arrival == "first":
        yield f"best {name}: with the fewest passes to its first checkpoint at or below the target"
    else:
        yield f"best {name}: with the fewest passes to its arrival at the target"
    if any(text.endswith(PASSED) for text in texts):
        yield f"{PASSED}: at some {name} it came there sooner, and did not stay (--details)"
    if max((s.n_seeds for s in solvers), default=1) > 1:
        yield f"usable {name}: the widest run of neighbours that most seeds bring to the target"
    else:
        yield f"usable {name}: the widest run of neighbours in the grid that all reach the target"
    yield "decades: its width in factors of ten"
    if seeds:
        step = _step([s.values for s in solvers])
        steps = f", in grid steps of {step:.2f}" if step else ""
        yield f"95 % interval: of this width over seeds drawn again{steps}"
    if any(text.startswith((">=", "<=")) for text in texts):
        yield ">=, <=: may be more or less, at an end of the grid or beside an unknown one"
    yield f"x0.01 to x100: passes at so many times the best {name}, over those at the best one"
    if "off" in texts:
        yield "off: beyond the grid"
    if "?" in texts:
        yield "?: unknown, as no run there is finished"
    counts = sorted({s.n_seeds * len(s.values) for s in solvers})
    yield f"diverged, stalled: runs that ended so, out of {' or '.join(map(str, counts))}"
    yield f"lr L: the last lr at the best {name}, times L"


def _groups(solvers: Sequence[Sensitivity], seeds: bool, name: str) -> Iterator[list[CellColumn]]:
    texts = value_texts(solvers)
    if name == SCALE:
        yield [("of", [TableCell(s.parameter) for s in solvers])]
    yield [
        (f"best {name}", [TableCell(best_text(s, texts)) for s in solvers]),
        ("passes", [_passes(s) for s in solvers]),
    ]
    usable = [_range(s, texts) for s in solvers]
    width = [("decades", [TableCell(decades_text(s)) for s in solvers])]
    if seeds:
        width.append(("95 % interval", [TableCell(_interval(s)) for s in solvers]))
    yield [(f"usable {name}", usable), *width]
    yield [(f"x{10.0**power:g}", [_factor(s, power) for s in solvers]) for power in POWERS]
    yield [
        ("diverged", [_count(s.statuses.get("diverged", 0), "bad") for s in solvers]),
        ("stalled", [_count(s.statuses.get("stalled", 0), "warn") for s in solvers]),
        ("lr L", [TableCell(number(s.final_lr_L, 2)) for s in solvers]),
    ]


def best_text(s: Sensitivity, texts: Mapping[float, str]) -> str:
    """Return the best value, ``<=`` or ``>=`` where it is the first or the last of the grid."""
    if s.best_value is None:
        return "-"
    first, last = (s.best_value == end for end in (s.values[0], s.values[-1]))
    return f"{'<= ' * (first and not last)}{'>= ' * (last and not first)}{texts[s.best_value]}"


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
    return TableCell(" to ".join(texts[value] for value in dict.fromkeys(s.usable)))


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
    if s.best_value is None:
        return TableCell("-")
    if factor is None:
        value = s.best_value * 10.0**power
        inside = s.values[0] * (1 - NEAR) <= value <= s.values[-1] * (1 + NEAR)
        return TableCell("?", "warn") if inside else TableCell("off", "dim")
    if not math.isfinite(factor):
        return TableCell("never", "warn")
    return TableCell(short_number(factor, 2))


def _count(count: int, style: Style) -> TableCell:
    return TableCell(str(count), style if count else "")
