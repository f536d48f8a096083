"""Verdicts as blocks: a table of the theorems that apply, and a line of those that do not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from lrbench.reports.blocks import Block, Grid, Style, TableCell, gap, line, number, scientific
from lrbench.results import Verdict
from lrbench.theory.base import OF_SETTING
from lrbench.verdicts.judge import DIVERGED

VERDICT_STYLE: dict[str, Style] = {"pass": "good", "fail": "bad", "vacuous": "warn"}
MEASURED = {
    ("suboptimality", "last"): "last",
    ("suboptimality", "average"): "average",
    ("suboptimality", "best"): "best",
    ("grad_norm_sq", "last"): "|g|^2",
    ("grad_norm_sq", "min"): "min |g|^2",
}

Reasons: TypeAlias = dict[float, str]
"""lr0 -> why a theorem does not apply at it, with the values of this lr0."""


def main_certificate(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the certificate to show first: the sharpest on the last iterate, else an average's."""
    certificates = [v for v in verdicts if v.kind == "certificate" and v.measure == "suboptimality"]
    on_last = [v for v in certificates if v.iterate == "last" and has_bound(v)]
    if on_last:
        return min(on_last, key=lambda v: v.bound[-1])
    return next(filter(has_bound, certificates), None)


def main_bound(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the sharpest bound on the objective of any kind."""
    bounds = [v for v in verdicts if v.measure == "suboptimality" and has_bound(v)]
    return min(bounds, key=lambda v: v.bound[-1], default=None)


def has_bound(v: Verdict) -> bool:
    """Whether the theorem applies and its bound is a number at the last checkpoint."""
    return v.applies and bool(v.bound) and math.isfinite(v.bound[-1])


def verdict_grid(verdicts: Sequence[Verdict], error: float) -> Iterator[Block]:
    """Yield one table of the theorems that apply; `error` is that of f*."""
    # A bound that was violated is shown even if it is no number at the last checkpoint.
    applicable = [v for v in verdicts if has_bound(v) or v.bound_verdict == "fail"]
    if not applicable:
        return
    orders = any(v.order_verdict != "none" or v.consistency for v in applicable)
    columns = ["theorem", "of", "measured", "bound", "verdict"] + ["order"] * orders
    rows = [[*_row(v, error), *([_order(v)] if orders else [])] for v in applicable]
    yield Grid(columns, rows, frozenset({0, 1, 4, 5}))


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
    return v.bound_verdict


def _order(v: Verdict) -> TableCell:
    if v.order is None or v.order_verdict == "none":
        return TableCell("consistency check" if v.consistency else "", "dim")
    style: Style = "good" if v.order_verdict == "pass" else "warn"
    if v.measured_order is None:
        return TableCell(v.order_reason or v.order_verdict, style)
    if v.bound_verdict == "vacuous" and v.order_verdict == "inconclusive":
        # Two long verdicts and the two orders would not fit 80 columns.
        return TableCell(v.order_verdict, style)
    power = v.order["kind"] == "power"
    proved = f"{float(v.order['value']):{'.2g' if power else '.0e'}}"
    measured = number(v.measured_order, 2 if power else 1)
    return TableCell(f"{measured} ({proved}) {v.order_verdict}", style)


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
    verdicts: Sequence[Verdict], texts: Mapping[float, str] | None = None
) -> Iterator[Block]:
    """Yield a line that names the theorems that do not apply, each with the reason.

    Parameters
    ----------
    verdicts
        The verdicts on one solver.
    texts
        lr0 -> its text, in order, for every lr0 of the solver; None for a single lr0.
    """
    theorems_of: dict[str, list[str]] = {}
    for (theorem, name), reasons in _reasons(verdicts, apart=texts is not None).items():
        reason = next(iter(reasons.values())) if texts is None else _joint(name, reasons, texts)
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
            out.setdefault((v.theorem, name), {})[v.lr0] = detail
    return out


def _joint(name: str, reasons: Reasons, texts: Mapping[float, str]) -> str:
    """Return one reason for several lr0: with its values where they are the same for all."""
    details = set(reasons.values())
    reason = details.pop() if len(details) == 1 else f"{name} fails"
    return " ".join([reason, *_lr0_range(reasons, texts)])


def _lr0_range(reasons: Reasons, texts: Mapping[float, str]) -> Iterator[str]:
    """Yield the lr0 that `reasons` are about, as ranges; nothing where it is all of them."""
    grid = sorted(texts)
    indices = [k for k, lr0 in enumerate(grid) if lr0 in reasons]
    members = set(indices)
    starts = [k for k in indices if k - 1 not in members]
    ends = [k for k in indices if k + 1 not in members]
    names = [texts[lr0] for lr0 in grid]
    if len(indices) == len(grid):
        return
    if len(indices) == 1:
        yield f"at lr0 = {names[indices[0]]}"
    elif len(starts) == 1 and ends[0] == len(grid) - 1:
        yield f"from lr0 = {names[starts[0]]} on"
    elif len(starts) == 1 and starts[0] == 0:
        yield f"up to lr0 = {names[ends[0]]}"
    else:
        ranges = zip(starts, ends, strict=True)
        spans = [names[a] if a == b else f"{names[a]} to {names[b]}" for a, b in ranges]
        yield f"for lr0 = {' and '.join(spans)}"
