"""The table of the solvers of a sweep: the price of a wrong value beside the usable range."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lrbench.reports.blocks import number, short_number
from lrbench.reports.figures.labels import solver_labels
from lrbench.reports.groups import value_texts
from lrbench.reports.sweep_table import best_text, decades_text
from lrbench.reports.web.answers import FACTORS, UNKNOWN, price
from lrbench.reports.web.tables import Column, SortableCell, SortableTable
from lrbench.results import ProblemResult, Sensitivity, Sweep


def solver_table(problem: ProblemResult, sweep: Sweep) -> SortableTable:
    """Return a row for each solver: its best value, the passes there, and what another costs."""
    name = sweep.parameter
    texts, names = value_texts(sweep.solvers), solver_labels(problem)
    columns = [
        Column("solver", text=True),
        *[
            Column(factor, f"passes at the best {name} {factor}, over those at the best")
            for factor in FACTORS.values()
        ],
        Column(f"best {name}", f"the {name} that arrives after the fewest passes"),
        Column("passes", f"from the start to the arrival at the target, at the best {name}"),
        Column("usable", f"the widest range of {name} in which most seeds arrive", text=True),
        Column("decades", "the width of that range in factors of ten"),
        Column(
            "draws", f"how many {name} drawn at random bring one that arrives, in 90 % of cases"
        ),
        Column("diverged", "runs that diverged"),
        Column("stalled", "runs that ended without progress"),
        Column("lr·L", f"the last rate at the best {name}, in units of 1/L"),
    ]
    rows = [list(_row(s, names[str(s.solver)], texts)) for s in sweep.solvers]
    return SortableTable("solvers", columns, rows).without_empty()


def _row(s: Sensitivity, name: str, texts: dict[float | None, str]) -> Iterator[SortableCell]:
    yield SortableCell(name)
    factors = {f.power: f.factor for f in s.factors}
    for power, factor in FACTORS.items():
        if s.best_value is None:
            yield SortableCell("-")
            continue
        p = price(factor, factors.get(power))
        yield SortableCell("off" if p.text == UNKNOWN else p.text, p.style, key=factors.get(power))
    yield SortableCell(best_text(s, texts) if s.values else "-", key=s.best_value)
    if math.isfinite(s.best_passes):
        yield SortableCell(short_number(s.best_passes), key=s.best_passes)
    else:
        yield SortableCell("?" if 0 in s.finished else "never", "warn")
    if s.usable is None:
        text = "?" if s.unknown else "none" if s.values else "-"
        yield SortableCell(text, "warn" if s.values else "")
    else:
        low, high = s.usable
        text = texts[low] if low == high else f"{texts[low]} to {texts[high]}"
        yield SortableCell(text, key=low)
    yield SortableCell(decades_text(s), key=s.usable_decades if s.usable is not None else None)
    draws = s.measures.draws
    if draws is None:
        yield SortableCell("-")
    else:
        yield SortableCell(short_number(draws, 2) if math.isfinite(draws) else "never")
    diverged, stalled = (s.statuses.get(status, 0) for status in ("diverged", "stalled"))
    yield SortableCell(f"{diverged}", "bad" if diverged else "")
    yield SortableCell(f"{stalled}", "warn" if stalled else "")
    yield SortableCell(number(s.final_lr_L, 2), key=s.final_lr_L)
