"""The theorems on one solver and lr0: what they promise, what was measured, and in which words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from lrbench.reports.blocks import (
    Block,
    CellColumn,
    TableCell,
    folded_cells,
    gap,
    line,
    scientific,
    short_number,
)
from lrbench.reports.verdict_blocks import (
    MEASURED,
    VERDICT_STYLE,
    has_bound,
    law_text,
    with_interval,
)
from lrbench.results import BoundKind, Verdict
from lrbench.results.words import page_word
from lrbench.verdicts.order import AT_FLOOR, UNTESTED

PARTS: Mapping[BoundKind, str] = {
    "a-priori": "known before the run",
    "certificate": "computed from the run",
    "heuristic": "heuristic, as L is only estimated",
}
"""The parts of the table, in order."""

LEFT = frozenset({"bound", "on", "verdict", "falls", "proved"})

ANY_RUN = "*"
"""Marks a theorem that holds whatever F is."""

UNSETTLED = "?"
"""Marks an order that could not be confirmed."""


def theorem_table(verdicts: Sequence[Verdict], error: float, width: int) -> Iterator[Block]:
    """Yield a table of the theorems that apply, and lines on the words in it.

    Parameters
    ----------
    verdicts
        The verdicts on one solver and lr0.
    error
        That of f*.
    width
        The columns of the page.
    """
    # A bound that was violated is shown even if it is no number at the last checkpoint.
    applicable = [v for v in verdicts if has_bound(v) or v.bound_verdict == "fail"]
    if not applicable:
        return
    rows = [v for kind in PARTS for v in applicable if v.kind == kind]
    columns: list[CellColumn] = [
        ("on", [TableCell(measured_name(v)) for v in rows]),
        ("measured", [TableCell(_measured(v, error)) for v in rows]),
        ("at most", [TableCell(scientific(v.bound[-1]) if v.bound else "-") for v in rows]),
        ("used", [TableCell(used(v, error)) for v in rows]),
        ("verdict", [_verdict(v) for v in rows]),
    ]
    groups = [columns]
    if any(v.order is not None for v in rows):
        groups.append(
            [
                ("falls", [TableCell(falls(v)) for v in rows]),
                ("proved", [_proved(v) for v in rows]),
            ]
        )
    kinds = [v.kind for v in rows]
    parts = {kinds.index(kind): heading for kind, heading in PARTS.items() if kind in kinds}
    first = ("bound", [TableCell(v.theorem) for v in rows])
    yield from folded_cells(first, groups, width, LEFT, parts)
    yield from _notes(rows)
    if floored := [v.theorem for v in rows if _is_at_floor(v, error)]:
        reason = "at the end both sides are below the error of f*, and nothing is judged there"
        yield line(f"{reason}: {floored[0]}", *floored[1:], style="dim")


def measured_name(v: Verdict) -> str:
    """Return what a theorem bounds: ``F(last) - f*``; in full what a changed file names."""
    return MEASURED.get((v.measure, v.iterate), f"{v.iterate} {v.measure}")


def _measured(v: Verdict, error: float) -> str:
    if v.metric_interval:
        return with_interval(v, error)
    if not v.metric:
        return "-"
    return gap(v.metric[-1], error) if v.measure == "suboptimality" else scientific(v.metric[-1])


def used(v: Verdict, error: float) -> str:
    """Return measured / at most in percent, as a whole number; a dash where that says nothing."""
    if not v.metric or not v.bound or v.bound_verdict in ("vacuous", "none"):
        return "-"
    metric, bound = v.metric[-1], v.bound[-1]
    if not (math.isfinite(metric) and math.isfinite(bound) and bound > 0):
        return "-"
    if v.measure == "suboptimality" and error < math.inf:
        metric = max(metric, error)  # what is below the error of f* is at most that
    percent = 100.0 * metric / bound
    if percent > 100.0 and _is_at_floor(v, error):
        return "-"  # where it was told last, the bound held
    # To 0 digits, as a float: beside a subnormal bound the ratio may be infinite.
    return "<1 %" if percent < 0.5 else f"{short_number(round(percent, 0))} %"


def _is_at_floor(v: Verdict, error: float) -> bool:
    """Return whether the measured value and the bound are below the error of f* at the end.

    The verdict is then that of the checkpoints before.
    """
    if v.measure != "suboptimality" or not v.metric or not v.bound or error == math.inf:
        return False
    return v.metric[-1] < error and v.bound[-1] < error and v.bound_verdict == "pass"


def falls(v: Verdict) -> str:
    """Return how fast what is measured falls, as a law of the kind that is proved."""
    if v.order is None or v.measured_order is None:
        return ""
    return law_text({"kind": v.order["kind"], "value": v.measured_order})


def _proved(v: Verdict) -> TableCell:
    mark = f" {UNSETTLED}" * (v.order_verdict == "inconclusive")
    return TableCell(law_text(v.order) + mark)


def _verdict(v: Verdict) -> TableCell:
    mark = f" {ANY_RUN}" * (v.consistency and v.bound_verdict == "pass")
    style = VERDICT_STYLE.get(v.bound_verdict, "")
    return TableCell(page_word("bound", v.bound_verdict) + mark, style)


def _notes(rows: Sequence[Verdict]) -> Iterator[Block]:
    """Yield a line on each word and mark of the table that needs one."""
    unsettled: dict[str, list[str]] = {}
    for v in rows:
        if v.order_verdict == "inconclusive":
            word, reason = order_words(v)
            unsettled.setdefault(word, []).append(f"{v.theorem} ({reason})")
    for word, pieces in unsettled.items():
        yield line(f"{UNSETTLED} {word}: {pieces[0]}", *pieces[1:], style="dim")
    weak: dict[str, list[str]] = {}
    for v in rows:
        if v.bound_verdict == "vacuous":
            weak.setdefault(_until(v), []).append(v.theorem)
    if pieces := [f"{', '.join(theorems)} {until}" for until, theorems in weak.items()]:
        word = page_word("bound", "vacuous")
        yield line(f"{word}: promises no more than doing nothing", *pieces, style="dim")
    reasons: dict[str, list[str]] = {}
    for v in rows:
        if v.bound_verdict == "none":
            reasons.setdefault(v.reason or "not comparable", []).append(v.theorem)
    if pieces := [f"{', '.join(theorems)} ({reason})" for reason, theorems in reasons.items()]:
        word = page_word("bound", "none")
        yield line(f"{word}: {pieces[0]}", *pieces[1:], style="dim")
    if any_run := [v.theorem for v in rows if v.consistency and v.bound_verdict == "pass"]:
        yield line(f"{ANY_RUN} true of any run, whatever F is: {', '.join(any_run)}", style="dim")


def order_words(v: Verdict) -> tuple[str, str]:
    """Return the word for an order that is not confirmed, and the reason without brackets."""
    reason = v.order_reason
    if reason.startswith(UNTESTED):
        return "not testable", reason.partition("(")[2].rstrip(")")
    if reason.startswith(AT_FLOOR):
        return "at the floor", reason.removeprefix(AT_FLOOR).strip()
    return page_word("order", "inconclusive"), reason.replace(" (", " ").replace(")", "")


def _until(v: Verdict) -> str:
    """Return until which T a bound says no more than doing nothing."""
    T = v.informative_from
    if T is None:
        return "at every T"
    return f"until T = {T if T < 1_000_000 else f'{T:.1e}'}"
