"""The bounds of theorems over a scale, in the details of a sweep."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from lrbench.config.solver_spec import SolverSpec
from lrbench.reports.blocks import (
    Block,
    CellColumn,
    Style,
    TableCell,
    folded_cells,
    line,
    short_number,
)
from lrbench.reports.verdict_blocks import MEASURED
from lrbench.reports.view import View
from lrbench.results import Robustness, ScaleVerdict, Sensitivity
from lrbench.results.lanes import varied
from lrbench.results.words import page_word
from lrbench.verdicts.theorems import theorems_for

BEST = "bound's best"
"""The heading of the scale at which a bound is least."""

STYLES: Mapping[ScaleVerdict, Style] = {
    "pass": "good",
    "vacuous": "warn",
    "fail": "bad",
    "none": "",
    "unknown": "",
    "inapplicable": "",
}
"""The verdicts in the order of their columns."""

NOTES: Mapping[ScaleVerdict, str] = {
    "pass": "what is measured is at most the bound, which is below the value at the start",
    "vacuous": "the bound is not below the value at the start",
    "none": "one seed, a mean of seeds above the bound, or an L or f* that is not certain enough",
    "unknown": "ended before (--arrival end or --at T keeps runs on), missing, or not measured",
    "inapplicable": "a hypothesis of the theorem fails there",
}
"""What they mean."""


def bound_tables(methods: Sequence[Sequence[Sensitivity]], view: View) -> Iterator[Block]:
    """Yield a table for each method: how many values of its grid are within each bound.

    Parameters
    ----------
    methods
        The rows of each method: one, or all rows of two axes, which are counted together.
    view
        The width of the page.
    """
    verdicts = set[ScaleVerdict]()
    for rows in methods:
        of_theorem: dict[str, list[Robustness]] = defaultdict(list)
        violated: dict[str, list[str]] = defaultdict(list)
        for s in rows:
            for bound in s.robustness or ():
                of_theorem[bound.theorem].append(bound)
                verdicts.update(bound.verdict)
                violated[bound.theorem] += _violated(s, bound)
        if of_theorem:
            yield from _table(rows, of_theorem, view)
        for theorem, places in violated.items():
            if places:
                yield line(f"VIOLATED: {theorem} at {places[0]}", *places[1:], style="bad")
    varying = varied([rows[0] for rows in methods]) if methods else ""
    if verdicts:
        yield line("")
        yield line(f"{BEST}: the {varying} at which the bound is least", note=True)
    for verdict, text in NOTES.items():
        if verdict in verdicts:
            yield line(f"{page_word('bound', verdict)}: {text}", note=True)
    lacking = [
        str(_method(rows[0]))
        for rows in methods
        if any(s.robustness is None for s in rows)
        and any(t.kind == "a-priori" for t in theorems_for(rows[0].solver.name))
    ]
    if lacking:
        yield line("")
        yield line(
            f"no bounds over {varying} of {', '.join(lacking)}, as the result lacks what they need"
        )


def _table(
    rows: Sequence[Sensitivity], of_theorem: Mapping[str, Sequence[Robustness]], view: View
) -> Iterator[Block]:
    """Yield the table of one method."""
    groups = list(of_theorem.values())
    counts = [Counter(v for bound in group for v in bound.verdict) for group in groups]
    columns: list[CellColumn] = [
        ("on", [TableCell(_measured(bound)) for bound, *_ in groups]),
        (BEST, [TableCell(_span([b.best_scale for b in g if b.best_scale])) for g in groups]),
        ("rho", [TableCell(_span([rho for b in g for rho in b.rho])) for g in groups]),
    ]
    for verdict, style in STYLES.items():
        if verdict == "pass" or any(count[verdict] for count in counts):
            of_all = verdict == "pass"
            cells = [
                TableCell(f"{c[verdict]}{f' of {c.total()}' * of_all}", style if c[verdict] else "")
                for c in counts
            ]
            columns.append((page_word("bound", verdict), cells))
    yield line("")
    T = groups[0][0].iteration
    yield line(
        f"{_method(rows[0])}: bounds after T = {T} steps, at rho = {rows[0].parameter} / {BEST}",
        style="title",
    )
    first = ("bound", [TableCell(theorem) for theorem in of_theorem])
    yield from folded_cells(
        first, [[column] for column in columns], view.width, frozenset({"bound", "on"})
    )


def _method(s: Sensitivity) -> SolverSpec:
    """Return the solver without the value of a second axis."""
    return s.solver.without(next(iter(s.second_axis), ""))


def _measured(bound: Robustness) -> str:
    """Return what a bound is on in a word; in full what a changed file names."""
    return MEASURED.get((bound.measure, bound.iterate), f"{bound.iterate} {bound.measure}")


def _violated(s: Sensitivity, bound: Robustness) -> Iterator[str]:
    """Yield the values at which a bound is violated, each with its rho if there is a best scale."""
    for k, (value, verdict) in enumerate(zip(s.values, bound.verdict, strict=True)):
        if verdict == "fail":
            second = [f"{name} = {short_number(v)}" for name, v in s.second_axis.items()]
            rho = [f"rho = {short_number(bound.rho[k])}"] if bound.rho else []
            inside = "; ".join((*second, *rho))
            yield f"{s.parameter} = {short_number(value)}" + (f" ({inside})" if inside else "")


def _span(values: Sequence[float]) -> str:
    """Return ``0.1 to 10``, the least and the largest value; of equal ones this one."""
    ends = dict.fromkeys(map(short_number, (min(values), max(values)))) if values else ()
    return " to ".join(ends) or "-"
