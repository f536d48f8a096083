"""The page of `lrbench compare`: a row for each solver and value, the worse ones first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from lrbench.gate.comparison import Change, Comparison, LaneComparison, ProblemComparison
from lrbench.reports.blocks import (
    Block,
    CellColumn,
    Style,
    TableCell,
    folded_cells,
    line,
    number,
    scientific,
)
from lrbench.reports.groups import learning_rate_texts
from lrbench.results import Result
from lrbench.verdicts.method_names import named_for_pages

STYLES: dict[Change, Style] = {
    Change.WORSE: "bad",
    Change.BETTER: "good",
    Change.NOT_COMPARABLE: "warn",
}

LEFT = frozenset({"solver", "change"})


def with_page_names(comparison: Comparison, results: Sequence[Result]) -> Comparison:
    """Return a comparison in which methods have the names that pages of these results have.

    Where two of them differ, as one result has more methods of a name, the longer one stands.
    """
    names: dict[str, str] = {}
    for problem in (p for result in results for p in result.problems):
        for run, named in zip(problem.runs, named_for_pages(problem).runs, strict=True):
            known, name = names.get(str(run.method), ""), str(named.method)
            names[str(run.method)] = max(known, name, key=len)
    problems = (
        replace(p, lanes=tuple(replace(x, solver=names.get(x.solver, x.solver)) for x in p.lanes))
        for p in comparison.problems
    )
    return replace(comparison, problems=tuple(problems))


def compare_page(
    base: str,
    comparisons: Sequence[tuple[str, Comparison]],
    level: float,
    only_changed: bool,
    width: int,
) -> Iterator[Block]:
    """Yield the page.

    Parameters
    ----------
    base
        The name of the first result.
    comparisons
        The name of each other result, and its comparison with the first.
    level
        That of the tests.
    only_changed
        Whether to leave lanes out that are the same.
    width
        The columns of the page.
    """
    for name, comparison in comparisons:
        title = f"{name} compared with {base}"
        yield line(title, style="title", recurs=(title,))
        yield from _environment(comparison)
        for problem in comparison.problems:
            yield line("")
            yield from _problem(problem, only_changed, width)
        for names, where in ((comparison.only_base, base), (comparison.only_other, name)):
            if names:
                yield line(f"in {where} alone: {names[0]}", *names[1:], style="warn")
        yield line("")
        yield line(
            *_summary(comparison), style="bad" if comparison.count(Change.WORSE) else "title"
        )
        yield line("")
    legend = [
        "ratio: other / base, the geometric mean over the seeds that both have",
        "above 1 the other result is worse",
    ]
    lanes = [lane for _, c in comparisons for p in c.problems for lane in p.lanes]
    if any(lane.p is not None for lane in lanes):
        legend.append(f"p: paired over seeds, adjusted for all rows (Holm), at level {level:g}")
    yield line(*legend, style="dim", note=True)


def _environment(comparison: Comparison) -> Iterator[Block]:
    """Yield what of the environment differs."""
    if not comparison.environment:
        yield line("environment: the same")
        return
    changed = [
        f"{key} {_value(before)} -> {_value(after)}"
        for key, (before, after) in comparison.environment.items()
    ]
    yield line(f"environment: {changed[0]}", *changed[1:], style="warn")


def _value(value: Any) -> str:
    return "none" if value is None else str(value)


def _problem(problem: ProblemComparison, only_changed: bool, width: int) -> Iterator[Block]:
    lanes = [lane for lane in problem.lanes if not only_changed or lane.change is not Change.SAME]
    n_same = len(problem.lanes) - len(lanes)
    where = {lane.iteration for lane in lanes if lane.iteration is not None}
    at = f" at T = {where.pop()}" if len(where) == 1 else " at the last common checkpoint"
    quantity = problem.quantity if problem.quantity.startswith("passes") else problem.quantity + at
    setting = (problem.name, quantity) + ((f"{n_same} the same",) if n_same else ())
    if not lanes:
        yield line(*setting)
        return
    yield line(*setting[:-1], setting[-1] + ":", recurs=(problem.name,))
    texts = learning_rate_texts(lane.value for lane in lanes)
    all_lanes, lanes = lanes, [lane for lane in lanes if lane.change is not Change.NOT_COMPARABLE]
    if lanes:
        yield from _table(problem, lanes, texts, width)
    yield from _reasons(all_lanes, texts)
    ends = {lane.ends for lane in lanes if lane.ends and lane.iteration is not None}
    for before, after in sorted(ends):
        yield line(
            f"base ended at T = {before}, other at T = {after}",
            "compared where both have numbers",
            style="dim",
            note=True,
        )


def _table(
    problem: ProblemComparison,
    lanes: Sequence[LaneComparison],
    texts: dict[float | None, str],
    width: int,
) -> Iterator[Block]:
    """Yield a row for each lane that could be compared."""
    parameters = {lane.parameter for lane in lanes if lane.parameter} or {"lr0"}
    heading = parameters.pop() if len(parameters) == 1 else "value"
    columns: list[list[CellColumn]] = [
        [(heading, [TableCell(texts[lane.value]) for lane in lanes])],
        [("base", [TableCell(_number(lane.base, lane, problem)) for lane in lanes])],
        [("other", [TableCell(_number(lane.other, lane, problem)) for lane in lanes])],
        [("ratio", [TableCell(number(lane.ratio)) for lane in lanes])],
    ]
    if any(lane.ratio_interval for lane in lanes):
        columns.append([("95 % interval", [TableCell(_interval(lane)) for lane in lanes])])
    if any(lane.p_adjusted is not None for lane in lanes):
        columns.append([("p", [TableCell(_p(lane)) for lane in lanes])])
    cells = [TableCell(str(lane.change), STYLES.get(lane.change, "")) for lane in lanes]
    columns.append([("change", cells)])
    first = ("solver", [TableCell(lane.solver) for lane in lanes])
    yield from folded_cells(first, columns, width, LEFT)


def _number(value: float, lane: LaneComparison, problem: ProblemComparison) -> str:
    if not lane.seeds or math.isnan(value):
        return "-"
    passes = problem.quantity.startswith("passes")
    if math.isinf(value):
        return "never" if passes else "diverged"
    return number(value) if passes else scientific(value)


def _interval(lane: LaneComparison) -> str:
    if lane.ratio_interval is None or lane.change is Change.SAME:
        return "-"
    return " to ".join(number(end) for end in lane.ratio_interval)


def _p(lane: LaneComparison) -> str:
    p = lane.p_adjusted
    return "-" if p is None else "<1e-4" if p < 1e-4 else number(p, 2)


def _reasons(lanes: Sequence[LaneComparison], texts: dict[float | None, str]) -> Iterator[Block]:
    """Yield why lanes cannot be compared or judged, each reason once."""
    names: dict[str, list[str]] = {}
    for lane in lanes:
        if lane.reason:
            value = "" if lane.value is None else f" at {texts[lane.value]}"
            names.setdefault(lane.reason, []).append(lane.solver + value)
    for reason, of_lanes in names.items():
        named = of_lanes[:3] + [f"and {len(of_lanes) - 3} more"] * (len(of_lanes) > 3)
        yield line(*named[:-1], f"{named[-1]}: {reason}", style="dim", note=True)


def _summary(comparison: Comparison) -> Iterator[str]:
    """Yield how many lanes became what."""
    counts = {change: comparison.count(change) for change in Change}
    n = sum(counts.values())
    yield f"Summary: {n} lane{'s' * (n != 1)}"
    yield from (f"{count} {change}" for change, count in counts.items() if count)
