"""The table of a sweep: a row for each solver."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from lrbench.config.axes import SCALE
from lrbench.reports.blocks import (
    Block,
    CellColumn,
    Style,
    TableCell,
    folded_cells,
    number,
    short_number,
)
from lrbench.reports.groups import solver_texts, value_texts
from lrbench.reports.view import View
from lrbench.results import Choice, Sensitivity, Sweep
from lrbench.results.measures import RATIOS, Exponent, price_key
from lrbench.study import POWERS

NEAR = 1e-6
"""A value within this relative distance of an end of the grid is this end."""

INTERVAL = "95 % interval"

PRICED = RATIOS[:1]
"""The factors of the prices that have a column."""

PASSED = "*"
"""Marks the passes of a solver that has also passed through the target without arriving there."""


def sweep_table(sweep: Sweep, view: View) -> Iterator[Block]:
    """Yield a table of the best value, the usable range, and the cost of a wrong value."""
    name = sweep.parameter
    first = ("solver", [TableCell(text) for text in solver_texts(sweep.solvers).values()])
    left = frozenset({"solver", f"usable {name}", "of"})
    yield from folded_cells(first, list(column_groups(sweep)), view.width, left)


def column_groups(sweep: Sweep) -> Iterator[list[CellColumn]]:
    """Yield the columns of the table, each with its heading; those of a group stay together."""
    solvers, name = sweep.solvers, sweep.parameter
    texts = value_texts(solvers)
    if name == SCALE:
        yield [("of", [TableCell(s.parameter or "-") for s in solvers])]
    yield [
        (f"best {name}", [TableCell(best_text(s, texts)) for s in solvers]),
        ("passes", [_passes(s) for s in solvers]),
        ("decades", [TableCell(decades_text(s)) for s in solvers]),
        ("draws", [_measure(s.measures.draws, s, "draws") for s in solvers]),
    ]
    yield [
        (f"price x{r}", [_measure(s.measures.price[f"{r}"], s, price_key(r)) for s in solvers])
        for r in PRICED
    ]
    usable = [(f"usable {name}", [_range(s, texts) for s in solvers])]
    if any(s.usable_interval is not None and s.usable is not None for s in solvers):
        usable.append((INTERVAL, [TableCell(_interval(s)) for s in solvers]))
    yield usable
    yield [(f"x{10.0**power:g}", [_factor(s, power) for s in solvers]) for power in POWERS]
    yield [
        ("diverged", [_count(s.statuses.get("diverged", 0), "bad") for s in solvers]),
        ("stalled", [_count(s.statuses.get("stalled", 0), "warn") for s in solvers]),
        ("lr L", [TableCell(number(s.final_lr_L, 2)) for s in solvers]),
    ]
    at_end = [s.measures for s in solvers]
    # Where runs end at the target only solvers that never arrive have it, which compares nothing.
    ended_early = any(m.withheld.get("lr_sensitivity") == "ended_early" for m in at_end)
    if any(m.lr_sensitivity is not None for m in at_end) and not ended_early:
        yield [("LR sens.", [TableCell(number(m.lr_sensitivity, 2)) for m in at_end])]
    if any(m.exponent is not None for m in at_end):
        yield [("exponent", [TableCell(_exponent(m.exponent)) for m in at_end])]


def _measure(value: float | None, s: Sensitivity, name: str) -> TableCell:
    """Return a measure in which infinity stands for never, and None for what is withheld."""
    if value is None:
        reason = s.measures.withheld.get(name)
        return TableCell("off", "dim") if reason == "off_grid" else TableCell("-")
    return TableCell(short_number(value, 2)) if math.isfinite(value) else TableCell("never", "warn")


def _exponent(exponent: Exponent | None) -> str:
    if exponent is None:
        return "-"
    proved = "" if exponent.proved is None else f" (<= {short_number(exponent.proved, 2)})"
    return f"{round(exponent.measured, 2) + 0.0:.2f}{' p' * (exponent.of == 'passes')}{proved}"


def best_text(s: Sensitivity, texts: Mapping[float | None, str]) -> str:
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


def _range(s: Sensitivity, texts: Mapping[float | None, str]) -> TableCell:
    if not s.values:
        return TableCell("-")
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
    return TableCell("?" if 0 in s.finished else "never" + PASSED * passed, "warn")


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
