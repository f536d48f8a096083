"""Verdicts as text: theorem, measured, bound, and what follows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from lrbench.reports.blocks import Block, Grid, Style, TableCell, gap, number, scientific
from lrbench.results import Verdict

VERDICT_STYLE: dict[str, Style] = {"pass": "good", "fail": "bad", "vacuous": "warn"}
MEASURED = {
    ("suboptimality", "last"): "last",
    ("suboptimality", "average"): "average",
    ("suboptimality", "best"): "best",
    ("grad_norm_sq", "last"): "|g|^2",
    ("grad_norm_sq", "min"): "min |g|^2",
}


def main_certificate(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the certificate to show first: the sharpest on the last iterate, else an average's."""
    mine = [v for v in verdicts if v.kind == "certificate" and v.measure == "suboptimality"]
    last = [v for v in mine if v.iterate == "last" and speaks(v)]
    if last:
        return min(last, key=lambda v: v.bound[-1])
    return next(filter(speaks, mine), None)


def main_bound(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the sharpest bound on the objective of any kind."""
    mine = [v for v in verdicts if v.measure == "suboptimality" and speaks(v)]
    return min(mine, key=lambda v: v.bound[-1], default=None)


def speaks(v: Verdict) -> bool:
    """Whether the theorem applies and its bound is a number at the last checkpoint."""
    return v.applies and bool(v.bound) and math.isfinite(v.bound[-1])


def verdict_grid(verdicts: Sequence[Verdict], error: float) -> Iterator[Block]:
    """Yield one table of the theorems that apply; `error` is that of f*."""
    mine = [v for v in verdicts if speaks(v) or v.bound_verdict == "fail"]
    if not mine:
        return
    orders = any(v.order_verdict != "none" or v.consistency for v in mine)
    columns = ["theorem", "of", "measured", "bound", "verdict"] + ["order"] * orders
    rows = [[*_row(v, error), *([_order(v)] if orders else [])] for v in mine]
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
    """Return the mean over seeds at the end, and half of its interval."""
    assert v.metric_interval is not None
    if v.measure == "suboptimality" and v.metric[-1] < error:
        return gap(v.metric[-1], error)
    lo, hi = v.metric_interval[-1]
    return f"{v.metric[-1]:.1e}+-{(hi - lo) / 2:.0e}"


def _verdict(v: Verdict) -> str:
    if v.bound_verdict == "fail":
        return f"FAIL at T = {v.failed_at}"
    if v.bound_verdict == "vacuous" and v.informative_from is not None:
        return f"vacuous to {_rounded(v.informative_from)}"
    if v.bound_verdict == "none":
        return v.reason.rpartition(": ")[2] or "none"  # the first part would not fit
    return v.bound_verdict


def _rounded(T: int) -> str:
    """Return a number of iterations, in full where it is short."""
    return str(T) if T < 1_000_000 else f"{T:.1e}"


def _order(v: Verdict) -> TableCell:
    if v.order is None or v.order_verdict == "none":
        return TableCell("consistency check" if v.consistency else "", "dim")
    if v.measured_order is None:
        good = v.order_verdict == "pass"
        return TableCell(v.order_reason or v.order_verdict, "good" if good else "warn")
    proved = float(v.order["value"])
    power = v.order["kind"] == "power"
    of = f"{proved:.2g}" if power else f"{proved:.0e}"
    measured = number(v.measured_order, 2 if power else 1)
    style: Style = "good" if v.order_verdict == "pass" else "warn"
    if v.bound_verdict == "vacuous" and v.order_verdict == "inconclusive":
        return TableCell(v.order_verdict, style)  # both in full would not fit 80 columns
    return TableCell(f"{measured} ({of}) {v.order_verdict}", style)
