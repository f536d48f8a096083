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
    with_values,
)
from lrbench.reports.groups import solver_texts, value_texts
from lrbench.reports.view import View
from lrbench.results import Choice, Level, Sensitivity, Status, Sweep
from lrbench.results.measures import RATIOS, Exponent, price_key
from lrbench.results.ranking import ratio
from lrbench.study import POWERS

NEAR = 1e-6
"""A value within this relative distance of an end of the grid is this end."""

INTERVAL = "95 % interval"

PRICED = RATIOS[:1]
"""The factors of the prices that have a column."""

PASSED = "*"
"""Marks the passes of a solver that has also passed through the target without arriving there."""


def sweep_table(sweep: Sweep, view: View, lowest: Mapping[str, Level]) -> Iterator[Block]:
    """Yield a table of the best value, the usable range, and what is left at a wrong value.

    Where no solver arrives, it has the lowest level that each of them reached, by `lowest`.
    """
    name = sweep.parameter
    first = ("solver", [TableCell(text) for text in solver_texts(sweep.solvers).values()])
    left = frozenset({"solver", f"usable {name}", "of"})
    groups = list(column_groups(sweep))
    if lowest and nobody_arrives(sweep):
        groups.insert(-1, list(_lowest_columns(sweep, lowest)))
    yield from folded_cells(first, groups, view.width, left)


def nobody_arrives(sweep: Sweep) -> bool:
    """Return whether no solver arrives at the target at any value."""
    return all(not math.isfinite(s.best_passes) for s in sweep.solvers)


def lowest_heading(sweep: Sweep) -> str:
    """Return the heading of the lowest levels: ``lowest F - f*``."""
    return f"lowest {sweep.goal.removesuffix(' <=')}"


def _lowest_columns(sweep: Sweep, lowest: Mapping[str, Level]) -> Iterator[CellColumn]:
    """Yield the lowest level of each solver, and the value at which it was."""
    levels, texts = [lowest.get(str(s.solver)) for s in sweep.solvers], value_texts(sweep.solvers)
    cells = [TableCell("-" if v is None else number(v.suboptimality)) for v in levels]
    yield lowest_heading(sweep), cells
    if any(s.values for s in sweep.solvers):
        values = ["-" if v is None else texts.get(v.value, "-") for v in levels]
        yield f"at {sweep.parameter}", [*map(TableCell, values)]


def column_groups(sweep: Sweep) -> Iterator[list[CellColumn]]:
    """Yield the columns of the table, each with its heading; those of a group stay together.

    More is better in each of them that is not a value of what varies: speeds, and not costs. Where
    no solver arrives, the columns without a value are left out.
    """
    for group in _column_groups(sweep):
        if kept := with_values(group) if nobody_arrives(sweep) else group:
            yield kept


def _column_groups(sweep: Sweep) -> Iterator[list[CellColumn]]:
    solvers, name = sweep.solvers, sweep.parameter
    texts = value_texts(solvers)
    if name == SCALE:
        yield [("of", [TableCell(s.parameter or "-") for s in solvers])]
    least = min((s.best_passes for s in solvers), default=math.inf)
    yield [
        (f"best {name}", [TableCell(best_text(s, texts)) for s in solvers]),
        ("speed (passes)", [_speed(s, least) for s in solvers]),
    ]
    yield [
        ("decades", [TableCell(decades_text(s)) for s in solvers]),
        ("arrive", [_arrive(s) for s in solvers]),
    ]
    usable = [(f"usable {name}", [_range(s, texts) for s in solvers])]
    if any(s.usable_interval is not None and s.usable is not None for s in solvers):
        usable.append((INTERVAL, [TableCell(_interval(s)) for s in solvers]))
    yield usable
    yield [(f"x{10.0**power:g}", [_factor(s, power) for s in solvers]) for power in POWERS]
    yield [
        (f"within x{r}", [_kept(s.measures.price[f"{r}"], s, price_key(r)) for s in solvers])
        for r in PRICED
    ]
    yield [
        ("finite", [_finite(s) for s in solvers]),
        ("lr L", [TableCell(number(s.final_lr_L, 2)) for s in solvers]),
    ]


def cost_groups(sweep: Sweep) -> Iterator[list[CellColumn]]:
    """Yield the columns of the details: measures of which less is better; as `column_groups`."""
    for group in _cost_groups(sweep):
        if kept := with_values(group) if nobody_arrives(sweep) else group:
            yield kept


def _cost_groups(sweep: Sweep) -> Iterator[list[CellColumn]]:
    solvers = sweep.solvers
    yield [
        ("passes", [_passes(s) for s in solvers]),
        ("draws", [_measure(s.measures.draws, s, "draws") for s in solvers]),
    ]
    yield [
        (f"price x{r}", [_measure(s.measures.price[f"{r}"], s, price_key(r)) for s in solvers])
        for r in PRICED
    ]
    yield [
        ("diverged", [_count(s.statuses.get("diverged", 0), "bad") for s in solvers]),
        ("stalled", [_count(s.statuses.get("stalled", 0), "warn") for s in solvers]),
    ]
    at_end = [s.measures for s in solvers]
    # Where runs end at the target only solvers that never arrive have it, which compares nothing.
    ended_early = any(m.withheld.get("lr_sensitivity") == "ended_early" for m in at_end)
    if any(m.lr_sensitivity is not None for m in at_end) and not ended_early:
        yield [("LR sens.", [TableCell(number(m.lr_sensitivity, 2)) for m in at_end])]
    if any(m.exponent is not None for m in at_end):
        yield [("exponent", [TableCell(_exponent(m.exponent)) for m in at_end])]


def cost_table(sweep: Sweep, view: View) -> Iterator[Block]:
    """Yield the table of the measures of which less is better."""
    first = ("solver", [TableCell(text) for text in solver_texts(sweep.solvers).values()])
    yield from folded_cells(first, list(cost_groups(sweep)), view.width, frozenset({"solver"}))


def _speed(s: Sensitivity, least: float) -> TableCell:
    """Return the speed at the best value, relative to the fastest solver, and the passes."""
    passes = _passes(s)
    if not math.isfinite(s.best_passes):
        return passes
    return TableCell(f"{_percent(ratio(s.best_passes, least))} ({passes.text})")


def _percent(cost: float) -> str:
    """Return 1 / cost in percent: a speed."""
    return f"{short_number(100.0 / cost, 2)} %"


def _arrive(s: Sensitivity) -> TableCell:
    """Return the share of the values at which most seeds arrive, of those that are known."""
    known = [passes for passes, n in zip(s.passes, s.finished, strict=True) if n]
    if not known:
        return TableCell("?", "warn")
    share = sum(map(math.isfinite, known)) / len(known)
    return TableCell(f"{100.0 * share:.0f} %")


def _kept(price: float | None, s: Sensitivity, name: str) -> TableCell:
    """Return the speed that is left at the worst value within a factor of the best one."""
    if price is None or not math.isfinite(price):
        cell = _measure(price, s, name)
        return TableCell("0 %", "warn") if cell.text == "never" else cell
    return TableCell(_percent(price))


def _finite(s: Sensitivity) -> TableCell:
    """Return the share of the runs that did not diverge; those that are unfinished do not count."""
    runs = sum(n for status, n in s.statuses.items() if not Status(status).unfinished)
    diverged = s.statuses.get("diverged", 0)
    if not runs:
        return TableCell("?", "warn") if any(s.statuses.values()) else TableCell("-")
    # Rounded down, so that 100 % means all.
    share = 100 * (runs - diverged) // runs
    return TableCell(f"{share} %", "bad" if diverged else "")


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
        return TableCell("0 %", "warn")
    return TableCell(_percent(factor) if factor else "100 %")


def _count(count: int, style: Style) -> TableCell:
    return TableCell(str(count), style if count else "")
