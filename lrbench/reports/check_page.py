"""The page of `lrbench check`: a line a check, and why for each that does not pass."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from lrbench.reports.blocks import WIDTH, Block, Grid, Style, TableCell, line, printable, scientific

if TYPE_CHECKING:
    from lrbench.gate.finding import Finding, Outcome, Trajectory

STYLES: dict[str, Style] = {"FAIL": "bad", "INCONCLUSIVE": "warn", "PASS": "good"}

SHOWN = 12
"""Findings of a check that are shown; the JSON has all."""


def check_page(outcomes: Sequence[Outcome], details: bool) -> Iterator[Block]:
    """Yield the blocks of the page.

    Parameters
    ----------
    outcomes
        What came of each check.
    details
        Whether findings that pass and their trajectories are shown, too.
    """
    for outcome in outcomes:
        yield from check_blocks(outcome, details)
    yield line("")
    yield line(*summary(outcomes), style="title" if all(o.passed for o in outcomes) else "bad")


def check_blocks(outcome: Outcome, details: bool) -> Iterator[Block]:
    """Yield a line for a check, and its findings where they matter."""
    word = "ERROR" if outcome.error else str(outcome.verdict)
    if outcome.passed and outcome.verdict != "PASS":
        word += " (allowed)"
    style = "bad" if outcome.error else STYLES[str(outcome.verdict)]
    about = f": {outcome.about}" if outcome.about else ""
    yield line(f"{word} {outcome.name}{about}", style=style)
    if outcome.error:
        yield line(f"  {_plain(outcome.error)}")
        yield line(f"  {_plain(outcome.hint)}", style="dim")
    shown = [f for f in outcome.findings if details or f.verdict != "PASS"]
    shown.sort(key=lambda f: list(STYLES).index(str(f.verdict)))
    for expectation, findings in groupby(shown[:SHOWN], lambda f: f.expectation):
        yield from _findings(expectation, list(findings), details)
    if len(shown) > SHOWN:
        yield line(f"  and {len(shown) - SHOWN} more: --format json has all", style="dim")
    for note in outcome.notes:
        yield line(f"  {note}", style="dim")


def _findings(expectation: str, findings: Sequence[Finding], details: bool) -> Iterator[Block]:
    """Yield what came of one expectation."""
    yield line(f"expected: {expectation}")
    numbers = [[_filled(text, 18) for text in (f.measured, f.wanted)] for f in findings]
    taken = [max(map(_width, column)) for column in zip(*numbers, strict=True)]
    room = WIDTH - 6 - len("INCONCLUSIVE") - sum(max(width, 8) for width in taken)
    rows = [
        [
            TableCell(_filled(finding.subject or "the problem", room)),
            TableCell(str(finding.verdict), STYLES[str(finding.verdict)]),
            *map(TableCell, texts),
        ]
        for finding, texts in zip(findings, numbers, strict=True)
    ]
    yield Grid(("of", "verdict", "measured", "wanted"), rows, frozenset({0, 1}))
    for finding in findings:
        if finding.reason:
            of = f"{finding.subject}: " if len(findings) > 1 else ""
            yield line(f"  {of}{_plain(finding.reason)}", style=STYLES[str(finding.verdict)])
        if finding.trajectory is not None and (details or finding.verdict == "FAIL"):
            yield from _trajectory(finding.subject, finding.trajectory)


def _plain(text: str) -> str:
    """Return the text of an error, which is for stderr, for a page."""
    return text.replace("…", "...")


def _filled(text: str, width: int) -> str:
    return textwrap.fill(printable(text), width, break_on_hyphens=False)


def _width(text: str) -> int:
    return max(map(len, text.splitlines()), default=0)


def _trajectory(subject: str, t: Trajectory) -> Iterator[Block]:
    """Yield what was measured beside the baseline, and where they part."""
    what = {"last": "last iterate"}.get(t.what, t.what)
    apart = "" if t.parts_at is None else f"; they part at T = {t.parts_at}"
    yield line(f"  {what}, {subject}, beside the baseline{apart}:")
    rows = []
    for T, now, before in zip(t.iteration, t.measured, t.baseline, strict=True):
        size = max(abs(now), abs(before))
        change = abs(now - before) / size if size else 0.0
        style: Style = "bad" if t.parts_at is not None and t.parts_at <= T else ""
        cells = (str(T), _digits(now), _digits(before), scientific(change, 2))
        rows.append([TableCell(text, style) for text in cells])
    yield Grid(("T", "measured", "baseline", "relative difference"), rows)


def _digits(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.8g}"


def summary(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield how many checks passed, failed and could not be judged."""
    passed = sum(o.passed for o in outcomes)
    failed = [o.name for o in outcomes if o.verdict == "FAIL" and not o.passed]
    unknown = [o.name for o in outcomes if not o.passed and o.verdict != "FAIL"]
    yield f"{passed} of {len(outcomes)} check{'s' * (len(outcomes) != 1)} passed"
    if failed:
        yield f"failed: {', '.join(failed)}"
    if unknown:
        yield f"not judged, and so not passed: {', '.join(unknown)}"
