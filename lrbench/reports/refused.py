"""Theorems that say nothing here, each with the reason and the learning rates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lrbench.reports.blocks import Block, line
from lrbench.reports.verdict_blocks import speaks
from lrbench.results import Verdict
from lrbench.theory.base import OF_SETTING

Found = dict[float, str]
"""lr0 -> why a theorem does not apply there, with the values."""


def refused(
    verdicts: Sequence[Verdict], texts: Mapping[float, str] | None = None
) -> Iterator[Block]:
    """Yield a line that names the theorems that say nothing, each with the reason.

    Parameters
    ----------
    verdicts
        Of one solver.
    texts
        lr0 -> its text, in order, for every lr0 of the solver; None for a single lr0.
    """
    reasons: dict[str, list[str]] = {}
    for (theorem, name), found in _found(verdicts, apart=texts is not None).items():
        why = next(iter(found.values())) if texts is None else _said(name, found, texts)
        theorems = reasons.setdefault(why, [])
        if theorem not in theorems:
            theorems.append(theorem)
    pieces = [f"{', '.join(theorems)} ({why})" for why, theorems in reasons.items()]
    if pieces:
        head = "not applicable: " if any(map(speaks, verdicts)) else "no theorem applies: "
        yield line(head + pieces[0], *pieces[1:], style="dim")


def _found(verdicts: Sequence[Verdict], apart: bool) -> dict[tuple[str, str], Found]:
    """Return (theorem, failing hypothesis) -> where and why; all hypotheses as one or `apart`."""
    out: dict[tuple[str, str], Found] = {}
    for v in verdicts:
        failing = {str(h["name"]): str(h["detail"]) for h in v.hypotheses if not h["holds"]}
        if OF_SETTING.intersection(failing):
            continue  # about full batches where these are minibatches, or the other way round
        if speaks(v) or v.bound_verdict == "fail":
            continue
        reason = v.reason or "says nothing at the end"
        why = failing if apart and failing else {reason: reason}
        for name, detail in why.items():
            out.setdefault((v.theorem, name), {})[v.lr0] = detail
    return out


def _said(name: str, found: Found, texts: Mapping[float, str]) -> str:
    """Return the reason once: with its values where they are the same for every lr0."""
    details = set(found.values())
    why = details.pop() if len(details) == 1 else f"{name} fails"
    return " ".join([why, *_where(found, texts)])


def _where(found: Found, texts: Mapping[float, str]) -> Iterator[str]:
    """Yield the learning rates meant, as a range; nothing where it is all of them."""
    rates = sorted(texts)
    inside = [k for k, lr0 in enumerate(rates) if lr0 in found]
    known = set(inside)
    starts = [k for k in inside if k - 1 not in known]
    ends = [k for k in inside if k + 1 not in known]
    name = [texts[lr0] for lr0 in rates]
    if len(inside) == len(rates):
        return
    if len(inside) == 1:
        yield f"at lr0 = {name[inside[0]]}"
    elif len(starts) == 1 and ends[0] == len(rates) - 1:
        yield f"from lr0 = {name[starts[0]]} on"
    elif len(starts) == 1 and starts[0] == 0:
        yield f"up to lr0 = {name[ends[0]]}"
    else:
        ranges = zip(starts, ends, strict=True)
        spans = [name[a] if a == b else f"{name[a]} to {name[b]}" for a, b in ranges]
        yield f"for lr0 = {' and '.join(spans)}"
