"""Verdicts as text: theorem, measured, bound, and what follows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from lrbench.reports.blocks import Block, Cell, Grid, Style, line, number, scientific
from lrbench.results import Verdict
from lrbench.theory.base import OF_SETTING

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


def verdict_grid(verdicts: Sequence[Verdict]) -> Iterator[Block]:
    """Yield one table of the theorems that apply."""
    mine = [v for v in verdicts if speaks(v) or v.bound_verdict == "fail"]
    if not mine:
        return
    orders = any(v.order_verdict != "none" or v.consistency for v in mine)
    columns = ["theorem", "of", "measured", "bound", "verdict"] + ["order"] * orders
    rows = [[*_row(v), *([_order(v)] if orders else [])] for v in mine]
    yield Grid(columns, rows, frozenset({0, 1, 4, 5}))


def _row(v: Verdict) -> Iterator[Cell]:
    yield Cell(v.theorem)
    yield Cell(MEASURED.get((v.measure, v.iterate), f"{v.iterate} {v.measure}"))
    yield Cell(_measured(v))
    yield Cell(scientific(v.bound[-1]) if v.bound else "-")
    yield Cell(_verdict(v), VERDICT_STYLE.get(v.bound_verdict, ""))


def _measured(v: Verdict) -> str:
    if v.metric_interval:
        return with_interval(v)
    return scientific(v.metric[-1]) if v.metric else "-"


def with_interval(v: Verdict) -> str:
    """Return the mean over seeds at the end, and half of its interval."""
    assert v.metric_interval is not None
    lo, hi = v.metric_interval[-1]
    return f"{v.metric[-1]:.1e} +-{(hi - lo) / 2:.0e}"


def _verdict(v: Verdict) -> str:
    if v.bound_verdict == "fail":
        return f"FAIL at T = {v.failed_at}"
    if v.bound_verdict == "vacuous" and v.informative_from is not None:
        return f"vacuous to {_rounded(v.informative_from)}"
    if v.bound_verdict == "none":
        return v.reason or "none"
    return v.bound_verdict


def _rounded(T: int) -> str:
    """Return a number of iterations, in full where it is short."""
    return str(T) if T < 1_000_000 else f"{T:.1e}"


def _order(v: Verdict) -> Cell:
    if v.order is None or v.order_verdict == "none":
        return Cell("consistency check" if v.consistency else "", "dim")
    proved = float(v.order["value"])
    power = v.order["kind"] == "power"
    of = f"{proved:.2g}" if power else f"{proved:.0e}"
    measured = "-" if v.measured_order is None else number(v.measured_order, 2 if power else 1)
    style: Style = "good" if v.order_verdict == "pass" else "warn"
    if v.bound_verdict == "vacuous" and v.order_verdict == "inconclusive":
        return Cell(v.order_verdict, style)  # both in full would not fit 80 columns
    return Cell(f"{measured} ({of}) {v.order_verdict}", style)


def refused(verdicts: Sequence[Verdict]) -> Iterator[Block]:
    """Yield a line that names the theorems that say nothing here, each with the reason."""
    reasons: dict[str, list[str]] = {}
    for v in verdicts:
        if any(h["name"] in OF_SETTING and not h["holds"] for h in v.hypotheses):
            continue  # about full batches where these are minibatches, or the other way round
        if speaks(v) or v.bound_verdict == "fail":
            continue
        names = reasons.setdefault(v.reason or "says nothing at the end", [])
        if v.theorem not in names:
            names.append(v.theorem)
    pieces = [f"{', '.join(names)} ({reason})" for reason, names in reasons.items() if names]
    if pieces:
        head = "not applicable: " if any(map(speaks, verdicts)) else "no theorem applies: "
        yield line(head + pieces[0], *pieces[1:], style="dim")
