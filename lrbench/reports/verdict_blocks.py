"""The bounds that pages compare runs with, and the theorems that are violated or do not apply."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from lrbench.reports.blocks import Block, Style, gap, line, number
from lrbench.reports.groups import learning_rate_texts
from lrbench.results import Verdict
from lrbench.results.words import page_word
from lrbench.theory.base import OF_SETTING, Order
from lrbench.theory.certificates import C6Restarted

VERDICT_STYLE: dict[str, Style] = {"pass": "good", "fail": "bad", "vacuous": "warn"}
MEASURED = {
    ("suboptimality", "last"): "F(last) - f*",
    ("suboptimality", "average"): "F(average) - f*",
    ("suboptimality", "best"): "F(best) - f*",
    ("suboptimality", "output"): "F(answer) - f*",
    ("grad_norm_sq", "last"): "|grad|^2",
    ("grad_norm_sq", "min"): "least |grad|^2",
}
"""(measure, iterate) -> what a theorem bounds, in the words of pages."""

LEAST_LOSS = 1e-6
"""A factor of a step that is nearer to 1 is written as 1 less this distance."""

MOST_VALUES = 5
"""The values at which a theorem is violated that a page names."""

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


def law_text(law: Mapping[str, Any] | None) -> str:
    """Return an order in the JSON's form as T^-0.5, or as .9967^T; empty for None."""
    if law is None:
        return ""
    if law["kind"] == "power":
        return str(Order("power", law["value"]))
    return f"{factor_text(law['value'])}^T"


def factor_text(rate: float) -> str:
    """Return e^rate, the factor of a step, to two digits of its distance from 1: .9967."""
    if rate > 1.0:
        return f"(e^{number(rate)})"
    factor, loss = math.exp(rate), -math.expm1(rate)
    if abs(loss) < LEAST_LOSS:
        return f"(1 {'-' if loss >= 0 else '+'} {abs(loss):.1e})"
    if loss > 0.9:
        return f"{factor:.1e}"
    return f"{factor:.{1 - math.floor(math.log10(abs(loss)))}f}".removeprefix("0")


def exponent_text(exponent: float) -> str:
    """Return an exponent of T to two digits: -1.4, -.57, and 0 for one that is only rounding."""
    return number(round(exponent, 2) + 0.0, 2).replace("0.", ".", 1)


def with_interval(v: Verdict, error: float) -> str:
    """Return the mean over seeds at the end, and half the width of its interval."""
    assert v.metric_interval is not None
    if v.measure == "suboptimality" and v.metric[-1] < error:
        return gap(v.metric[-1], error)
    lo, hi = v.metric_interval[-1]
    return f"{v.metric[-1]:.1e}+-{(hi - lo) / 2:.0e}"


def violations(verdicts: Sequence[Verdict]) -> Iterator[Block]:
    """Yield a line for each way in which the runs of a method refute theorems, with the lanes."""
    failed: dict[tuple[str, str], list[Verdict]] = {}
    for v in verdicts:
        if v.bound_verdict == "fail":
            failed.setdefault((str(v.method), v.reason), []).append(v)
    word = page_word("bound", "fail")
    for (method, reason), of in failed.items():
        theorems = ", ".join(dict.fromkeys(v.theorem for v in of))
        values = dict.fromkeys(v.value for v in of if v.value is not None)
        texts = list(learning_rate_texts(values).values())
        text = f"{word}: {theorems} of {method}"
        if texts:
            text += f" at {of[0].parameter} = {', '.join(texts[:MOST_VALUES])}"
            text += ", ..." * (len(texts) > MOST_VALUES)
        if first := [v.failed_at for v in of if v.failed_at is not None]:
            text += f", from T = {min(first)} on"
        yield line(f"{text}: {reason}" if reason else text, style="bad")


def inapplicable(
    verdicts: Sequence[Verdict], texts: Mapping[float | None, str] | None = None
) -> Iterator[Block]:
    """Yield a line that names the theorems that do not apply, each once with all its reasons.

    Parameters
    ----------
    verdicts
        The verdicts on one solver.
    texts
        Value -> its text, in order, for every lane of the solver; None for a single lane.
    """
    reasons_of: dict[str, dict[str, None]] = {}
    parameter = next((v.parameter for v in verdicts), "lr0")
    for (theorem, name), reasons in _reasons(verdicts, apart=texts is not None).items():
        reason = (
            next(iter(reasons.values()))
            if texts is None
            else _joint(name, reasons, texts, parameter)
        )
        reasons_of.setdefault(theorem, {})[reason] = None
    theorems_of: dict[str, list[str]] = {}
    for theorem, of_theorem in reasons_of.items():
        theorems_of.setdefault("; ".join(of_theorem), []).append(theorem)
    pieces = [f"{', '.join(theorems)} ({reason})" for reason, theorems in theorems_of.items()]
    if pieces:
        head = "no theorem applies: "
        if any(map(has_bound, verdicts)):
            head = "does not apply: " if len(reasons_of) == 1 else "do not apply: "
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
