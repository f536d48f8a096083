"""The tables of theorems: what each promises beside what was measured, and where it is proved."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lrbench.reports.blocks import gap, number, scientific
from lrbench.reports.figures.labels import solver_labels
from lrbench.reports.groups import learning_rate_texts
from lrbench.reports.web.lane_rows import percent
from lrbench.reports.web.tables import Column, SortableCell, SortableTable
from lrbench.results import ProblemResult, Verdict
from lrbench.results.words import page_word
from lrbench.verdicts.theorems import theorems_for

QUANTITIES = {
    ("suboptimality", "last"): "F(last) − f*",
    ("suboptimality", "average"): "F(average) − f*",
    ("suboptimality", "best"): "F(best) − f*",
    ("suboptimality", "output"): "F(answer) − f*",
    ("grad_norm_sq", "last"): "|∇F|²",
    ("grad_norm_sq", "min"): "least |∇F|²",
}
"""What a theorem bounds."""

KNOWN = {"certificate": "from the run", "a-priori": "before the run"}
"""When a bound is known: computed from the run, or known before it."""

FEW = 60
"""The most verdicts of which each has a row of its own."""


class _Group(NamedTuple):
    """One theorem on one solver, over all its values."""

    solver: str
    theorem: str
    verdicts: Sequence[Verdict]


def verdict_table(problem: ProblemResult) -> SortableTable | None:
    """Return what each theorem promises beside what was measured; None where there is nothing.

    Of a few lanes each has rows of its own. Of many there is a row for each theorem and solver,
    with the number of lanes on which it holds.
    """
    labels = solver_labels(problem)
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for v in problem.verdicts:
        groups.setdefault((labels.get(v.lane[0], v.lane[0]), v.theorem), []).append(v)
    if not groups:
        return None
    # What never applies comes last: a reader wants to know what was promised.
    order = sorted(groups, key=lambda key: not any(v.applies for v in groups[key]))
    rows = [_Group(*key, groups[key]) for key in order]
    if len(problem.verdicts) <= FEW or len(problem.groups) == len(labels):
        return _of_lanes(problem, rows)
    return _of_many(rows)


def _of_lanes(problem: ProblemResult, groups: Sequence[_Group]) -> SortableTable:
    verdicts = [v for group in groups for v in group.verdicts]
    texts = learning_rate_texts({v.value for v in verdicts})
    several = len(texts.keys() - {None}) > 1
    columns = [Column("bound", text=True), Column("solver", text=True)]
    columns += [Column(verdicts[0].parameter or "lr0")] * several
    columns += [
        Column("verdict", text=True, wide=True),
        Column("on", "what the theorem bounds", text=True),
        Column("measured", "at the last checkpoint, the mean over seeds"),
        Column("at most", "what the theorem promises there"),
        Column("used", "measured over promised"),
        Column("known", "before the run, or computed from what it did", text=True),
    ]
    error = problem.header.constants.f_star_error
    rows = []
    for group in groups:
        for v in group.verdicts:
            row = [SortableCell(v.theorem), SortableCell(group.solver)]
            row += [SortableCell(texts[v.value], key=v.value)] * several
            rows.append([*row, *_measured(v, error)])
    return SortableTable("theorems", columns, rows)


def _measured(v: Verdict, error: float) -> Iterator[SortableCell]:
    yield _verdict(v)
    yield SortableCell(QUANTITIES.get((v.measure, v.iterate), f"{v.iterate} {v.measure}"))
    metric, bound = (items[-1] if items else math.nan for items in (v.metric, v.bound))
    level = gap(metric, error) if v.measure == "suboptimality" else scientific(metric)
    yield SortableCell(level if v.applies else "-", key=metric if v.applies else None)
    yield SortableCell(scientific(bound), key=bound)
    used = _used(v)
    yield SortableCell("-" if used is None else f"{percent(used)} %", key=used)
    yield SortableCell(KNOWN.get(v.kind, v.kind))


def _verdict(v: Verdict) -> SortableCell:
    word = page_word("bound", v.bound_verdict if v.applies else "inapplicable")
    if v.bound_verdict == "none" or not v.applies:
        return SortableCell(f"{word}: {v.reason}" if v.reason else word, "dim")
    if v.bound_verdict == "vacuous":
        T = v.informative_from
        return SortableCell(
            word if T is None else f"{word} until T = {T if T < 1_000_000 else number(T)}", "warn"
        )
    remark = " (true of any run)" if v.consistency else ""
    return SortableCell(word + remark, "good" if v.bound_verdict == "pass" else "bad")


def _used(v: Verdict) -> float | None:
    """Return measured / bound at the last checkpoint; None where that is no number."""
    if not v.applies or not v.bound or not v.metric or v.bound_verdict not in ("pass", "fail"):
        return None
    metric, bound = v.metric[-1], v.bound[-1]
    used = metric / bound if bound > 0 else math.nan
    return used if math.isfinite(used) else None


def _of_many(groups: Sequence[_Group]) -> SortableTable:
    columns = [
        Column("bound", text=True),
        Column("solver", text=True),
        Column("holds", "the lanes on which it holds"),
        Column("weak", "on which it promises less than doing nothing"),
        Column("violated", "on which it is violated"),
        Column("n/a", "on which a hypothesis fails, or nothing was measured"),
        Column("most used", "the largest measured / promised of a lane on which it holds"),
        Column("on", "what the theorem bounds", text=True),
        Column("known", "before the run, or computed from what it did", text=True),
    ]
    return SortableTable("theorems", columns, [list(_row(group)) for group in groups])


def _row(group: _Group) -> Iterator[SortableCell]:
    counts = Counter(v.bound_verdict if v.applies else "n/a" for v in group.verdicts)
    v = group.verdicts[0]
    yield SortableCell(group.theorem)
    yield SortableCell(group.solver)
    n = len(group.verdicts)
    yield SortableCell(f"{counts['pass']} of {n}", "good" if counts["pass"] else "dim")
    yield SortableCell(f"{counts['vacuous']}", "warn" if counts["vacuous"] else "")
    yield SortableCell(f"{counts['fail']}", "bad" if counts["fail"] else "")
    yield SortableCell(f"{counts['n/a'] + counts['none']}")
    used = max((u for w in group.verdicts if (u := _used(w)) is not None), default=None)
    yield SortableCell("-" if used is None else f"{percent(used)} %", key=used)
    yield SortableCell(QUANTITIES.get((v.measure, v.iterate), f"{v.iterate} {v.measure}"))
    yield SortableCell(KNOWN.get(v.kind, v.kind))


def statement_table(problem: ProblemResult) -> SortableTable | None:
    """Return the statement and the source of each theorem that applies; None without any."""
    sources: dict[str, str] = {}
    for name in dict.fromkeys(v.solver.name for v in problem.verdicts):
        sources |= {t.key: t.reference for t in theorems_for(name)}
    statements: dict[str, Verdict] = {}
    for v in problem.verdicts:
        if v.applies:
            statements.setdefault(v.theorem, v)
    rows = [
        [
            SortableCell(k)
            for k in (key, v.statement, sources.get(key) or "-", KNOWN.get(v.kind, v.kind))
        ]
        for key, v in statements.items()
    ]
    columns = [
        Column("bound", text=True),
        Column("statement", text=True, wide=True),
        Column("source", text=True, wide=True),
        Column("known", "before the run, or computed from what it did", text=True),
    ]
    return SortableTable("statements", columns, rows) if rows else None
