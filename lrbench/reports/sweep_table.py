"""The table of a sweep: a row for each solver."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from lrbench.config.axes import SCALE
from lrbench.reports.blocks import (
    Block,
    CellColumn,
    Line,
    Style,
    TableCell,
    folded_cells,
    line,
    number,
    short_number,
)
from lrbench.reports.groups import plural, value_texts
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
    yield line(f"sensitivity to {name}:", style="title")
    first = ("solver", [TableCell(str(s.solver)) for s in sweep.solvers])
    left = frozenset({"solver", f"usable {name}", "of"})
    yield from folded_cells(first, list(_groups(sweep)), view.width, left)


def sweep_legend(sweeps: Sequence[Sweep]) -> Iterator[Line]:
    """Yield an explanation of each column of the tables, and of the words that occur in them."""
    sweep = sweeps[0]
    solvers, name = sweep.solvers, sweep.parameter
    columns = {title: cells for s in sweeps for group in _groups(s) for title, cells in group}
    texts = {cell.text for s in sweeps for group in _groups(s) for _, c in group for cell in c}
    for text in (*_findings(sweep, columns, texts), *_costs(sweep, columns, texts)):
        yield line(text, note=True)
    counts = sorted({s.n_seeds * len(s.values) for s in solvers})
    ended = f"runs that ended so, out of {' or '.join(map(str, counts))}"
    yield line(
        f"diverged, stalled: {ended}; lr L: the last lr at the best {name}, times L", note=True
    )


def _findings(sweep: Sweep, columns: Mapping[str, object], texts: Collection[str]) -> Iterator[str]:
    """Yield what the columns of the best value and the usable range mean."""
    solvers, name = sweep.solvers, sweep.parameter
    if "of" in columns:
        yield "of: the free scale of the solver, which varies; its other parameters are held"
    arrival = "its first checkpoint" if sweep.arrival == "first" else "the arrival"
    yield f"best {name}: with the fewest passes to {arrival} at the target"
    if any(text.endswith(PASSED) for text in texts):
        yield f"{PASSED}: at some {name} it came there sooner, and did not stay (--details)"
    most = "most seeds bring" if max((s.n_seeds for s in solvers), default=1) > 1 else "all come"
    yield f"usable {name}: the widest run of neighbours in the grid that {most} to the target"
    yield "decades: its width in factors of ten"
    if INTERVAL in columns:
        step = _step([s.values for s in solvers])
        steps = f", in grid steps of {step:.2f}" if step else ""
        yield f"{INTERVAL}: of this width over seeds drawn again{steps}"
    if any(text.startswith((">=", "<=")) for text in texts):
        yield ">=, <=: may be more or less, at an end of the grid or beside an unknown one"


def _costs(sweep: Sweep, columns: Mapping[str, object], texts: Collection[str]) -> Iterator[str]:
    """Yield what the columns of the cost of a wrong value mean."""
    name = sweep.parameter
    yield f"draws: so many {plural(name)} drawn from the grid bring one that arrives, with 90 %"
    for ratio in PRICED:
        most = f"the most passes within a factor of {ratio} of the best {name}"
        yield f"price x{ratio}: {most}, over those at the best one"
    yield f"x0.01 to x100: passes at so many times the best {name}, over those at the best one"
    if "LR sens." in columns:
        yield "LR sens.: the mean loss over the grid at the end, in F(w_0) - f*"
    if "exponent" in columns:
        yield (
            f"exponent: of F - f* (or passes: p) in {name} / best, measured from 4 on;"
            " in brackets what is proved at most"
        )
    if "off" in texts:
        yield "off: beyond the grid"
    if "?" in texts:
        yield "?: unknown, as no run there is finished"


def _groups(sweep: Sweep) -> Iterator[list[CellColumn]]:
    solvers, name = sweep.solvers, sweep.parameter
    texts = value_texts(solvers)
    if name == SCALE:
        yield [("of", [TableCell(s.parameter) for s in solvers])]
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
    if any(m.lr_sensitivity is not None for m in at_end):
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
    return f"{exponent.measured:.2f}{' p' * (exponent.of == 'passes')}{proved}"


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
