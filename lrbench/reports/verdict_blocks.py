"""Verdicts as blocks: a table of the theorems that apply, and a line of those that do not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from lrbench.reports.blocks import (
    Block,
    CellColumn,
    Grid,
    Style,
    TableCell,
    folded_cells,
    gap,
    line,
    number,
    scientific,
)
from lrbench.results import Verdict
from lrbench.theory.base import OF_SETTING, Order
from lrbench.theory.certificates import C6Restarted
from lrbench.verdicts.judge import DIVERGED
from lrbench.verdicts.order import AT_FLOOR, UNTESTED

VERDICT_STYLE: dict[str, Style] = {"pass": "good", "fail": "bad", "vacuous": "warn"}
MEASURED = {
    ("suboptimality", "last"): "last",
    ("suboptimality", "average"): "average",
    ("suboptimality", "best"): "best",
    ("suboptimality", "output"): "answer",
    ("grad_norm_sq", "last"): "|g|^2",
    ("grad_norm_sq", "min"): "min |g|^2",
}

Reasons: TypeAlias = dict[float | None, str]
"""lr0 -> why a theorem does not apply at it, with the values of this lr0."""


def main_certificate(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the certificate to show first: on the answer, else the last iterate, else an average.

    A restarted certificate is left out, because it says less of the method than of the run.
    """
    certificates = [
        v
        for v in verdicts
        if v.kind == "certificate" and v.measure == "suboptimality" and v.theorem != C6Restarted.key
    ]
    for iterate in ("output", "last"):
        if bounds := [v for v in certificates if v.iterate == iterate and has_bound(v)]:
            return min(bounds, key=lambda v: v.bound[-1])
    return next(filter(has_bound, certificates), None)


def main_bound(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the sharpest bound on the objective of any kind."""
    bounds = [v for v in verdicts if v.measure == "suboptimality" and has_bound(v)]
    return min(bounds, key=lambda v: v.bound[-1], default=None)


def has_bound(v: Verdict) -> bool:
    """Whether the theorem applies and its bound is a number at the last checkpoint."""
    return v.applies and bool(v.bound) and math.isfinite(v.bound[-1])


def verdict_grid(verdicts: Sequence[Verdict], error: float, width: int) -> Iterator[Block]:
    """Yield a table of the theorems that apply, and one of their orders.

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
    columns = ["theorem", "of", "measured", "bound", "verdict"]
    yield Grid(columns, [list(_row(v, error)) for v in applicable], frozenset({0, 1, 4}))
    yield from _orders([v for v in applicable if v.order and v.order_verdict != "none"], width)


def _orders(judged: Sequence[Verdict], width: int) -> Iterator[Block]:
    """Yield a table of the theorems whose order was judged, and what its words leave out."""
    if not judged:
        return
    windows = {v.window for v in judged if v.window is not None}
    where = "the last decade above the floor"
    if len(windows) == 1:
        where = "T = {} to {}".format(*windows.pop())
    yield line(f"orders over {where}, slopes by thirds of it:")
    theorems = ("theorem", [TableCell(v.theorem) for v in judged])
    columns: list[CellColumn] = [
        ("proved", [TableCell(law_text(v.order)) for v in judged]),
        ("thirds", [TableCell(_thirds(v)) for v in judged]),
        ("order", [_order(v) for v in judged]),
    ]
    left = frozenset({"theorem", "proved", "thirds", "order"})
    yield from folded_cells(theorems, [[column] for column in columns], width, left)
    untested = [v for v in judged if v.order_reason.startswith(UNTESTED)]
    if pieces := [f"{v.theorem}: {v.order_reason.partition('(')[2][:-1]}" for v in untested]:
        yield line(*pieces, style="dim")


def law_text(law: Mapping[str, Any] | None) -> str:
    """Return an order in the JSON's form as T^-0.5 or e^(-9e-04 T); empty for None."""
    return "" if law is None else str(Order(law["kind"], law["value"]))


def _thirds(v: Verdict) -> str:
    """Return the slopes of the thirds: exponents, or multiples of a proved linear rate."""
    if v.order is None or v.order_thirds is None:
        return ""
    if v.order["kind"] == "linear":
        # Where nothing could be tested, hundreds of times a tiny rate would say nothing.
        if v.order_reason.startswith((UNTESTED, AT_FLOOR)):
            return ""
        return " ".join(
            f"x{number(slope / float(v.order['value']), 2)}" for slope in v.order_thirds
        )
    return " ".join(map(exponent_text, v.order_thirds))


def exponent_text(exponent: float) -> str:
    """Return an exponent of T to two digits: -1.4, -.57, and 0 for one that is only rounding."""
    return number(round(exponent, 2) + 0.0, 2).replace("0.", ".", 1)


def _order(v: Verdict) -> TableCell:
    """Return the verdict on the order in few words; `order_reason` has them all."""
    reason = v.order_reason.partition(" (")[0]
    if v.order_verdict == "pass":
        fitted = None if v.order is None else {**v.order, "value": v.measured_order}
        return TableCell(f"pass: {reason or law_text(fitted)}", "good")
    unprefixed = reason.startswith((UNTESTED, AT_FLOOR))
    return TableCell(reason if unprefixed else f"{v.order_verdict}: {reason}", "warn")


def _row(v: Verdict, error: float) -> Iterator[TableCell]:
    yield TableCell(v.theorem)
    yield TableCell(MEASURED.get((v.measure, v.iterate), f"{v.iterate} {v.measure}"))
    yield TableCell(_measured(v, error))
    yield TableCell(scientific(v.bound[-1]) if v.bound else "-")
    yield TableCell(_verdict(v), VERDICT_STYLE.get(v.bound_verdict, ""))


def _measured(v: Verdict, error: float) -> str:
    if v.metric_interval:
        return with_interval(v, error)
    if not v.metric:
        return "-"
    return gap(v.metric[-1], error) if v.measure == "suboptimality" else scientific(v.metric[-1])


def with_interval(v: Verdict, error: float) -> str:
    """Return the mean over seeds at the end, and half the width of its interval."""
    assert v.metric_interval is not None
    if v.measure == "suboptimality" and v.metric[-1] < error:
        return gap(v.metric[-1], error)
    lo, hi = v.metric_interval[-1]
    return f"{v.metric[-1]:.1e}+-{(hi - lo) / 2:.0e}"


def _verdict(v: Verdict) -> str:
    if v.bound_verdict == "fail":
        return f"FAIL at T = {v.failed_at}"
    if v.bound_verdict == "vacuous" and v.informative_from is not None:
        T = v.informative_from
        return f"vacuous to {T if T < 1_000_000 else f'{T:.1e}'}"
    if v.bound_verdict == "none":
        return v.reason.rpartition(": ")[2] or "none"  # in full it would not fit 80 columns
    return v.bound_verdict + " (consistency check)" * v.consistency


def violations(verdicts: Sequence[Verdict]) -> Iterator[Block]:
    """Yield a line for each thing that the runs refute, with the theorems that rest on it."""
    theorems_of: dict[str, list[str]] = {}
    for v in verdicts:
        if v.bound_verdict == "fail" and v.reason and v.reason != DIVERGED:
            theorems = theorems_of.setdefault(v.reason, [])
            if v.theorem not in theorems:
                theorems.append(v.theorem)
    for reason, theorems in theorems_of.items():
        yield line(f"FAIL of {', '.join(theorems)}: {reason}", style="bad")


def inapplicable(
    verdicts: Sequence[Verdict], texts: Mapping[float | None, str] | None = None
) -> Iterator[Block]:
    """Yield a line that names the theorems that do not apply, each with the reason.

    Parameters
    ----------
    verdicts
        The verdicts on one solver.
    texts
        Value -> its text, in order, for every lane of the solver; None for a single lane.
    """
    theorems_of: dict[str, list[str]] = {}
    parameter = next((v.parameter for v in verdicts), "lr0")
    for (theorem, name), reasons in _reasons(verdicts, apart=texts is not None).items():
        reason = (
            next(iter(reasons.values()))
            if texts is None
            else _joint(name, reasons, texts, parameter)
        )
        theorems = theorems_of.setdefault(reason, [])
        if theorem not in theorems:
            theorems.append(theorem)
    pieces = [f"{', '.join(theorems)} ({reason})" for reason, theorems in theorems_of.items()]
    if pieces:
        head = "not applicable: " if any(map(has_bound, verdicts)) else "no theorem applies: "
        yield line(head + pieces[0], *pieces[1:], style="dim")


def _reasons(verdicts: Sequence[Verdict], apart: bool) -> dict[tuple[str, str], Reasons]:
    """Return (theorem, failing hypothesis) -> reasons; if not `apart`, all hypotheses as one."""
    out: dict[tuple[str, str], Reasons] = {}
    for v in verdicts:
        failing = {str(h["name"]): str(h["detail"]) for h in v.hypotheses if not h["holds"]}
        if OF_SETTING.intersection(failing):
            continue  # about full batches where these are minibatches, or the other way round
        if has_bound(v) or v.bound_verdict == "fail":
            continue  # in the table
        reason = v.reason or "says nothing at the end"
        details = failing if apart and failing else {reason: reason}
        for name, detail in details.items():
            out.setdefault((v.theorem, name), {})[v.value] = detail
    return out


def _joint(name: str, reasons: Reasons, texts: Mapping[float | None, str], parameter: str) -> str:
    """Return one reason for several lanes: with its values where they are the same for all."""
    details = set(reasons.values())
    reason = details.pop() if len(details) == 1 else f"{name} fails"
    return " ".join([reason, *_lanes(reasons, texts, parameter)])


def _lanes(reasons: Reasons, texts: Mapping[float | None, str], parameter: str) -> Iterator[str]:
    """Yield the values that `reasons` are about, as ranges; nothing where it is all of them."""
    grid = sorted(texts, key=lambda value: value or 0.0)
    indices = [k for k, value in enumerate(grid) if value in reasons]
    members = set(indices)
    starts = [k for k in indices if k - 1 not in members]
    ends = [k for k in indices if k + 1 not in members]
    names = [texts[value] for value in grid]
    if len(indices) == len(grid):
        return
    if len(indices) == 1:
        yield f"at {parameter} = {names[indices[0]]}"
    elif len(starts) == 1 and ends[0] == len(grid) - 1:
        yield f"from {parameter} = {names[starts[0]]} on"
    elif len(starts) == 1 and starts[0] == 0:
        yield f"up to {parameter} = {names[ends[0]]}"
    else:
        ranges = zip(starts, ends, strict=True)
        spans = [names[a] if a == b else f"{names[a]} to {names[b]}" for a, b in ranges]
        yield f"for {parameter} = {' and '.join(spans)}"
