"""The page of `lrbench check`: a line for each check, and the findings that do not pass."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from lrbench.reports.blocks import (
    WIDTH,
    Block,
    Drawing,
    Grid,
    Style,
    TableCell,
    line,
    printable,
    scientific,
)
from lrbench.theory.base import FULL_BATCHES
from lrbench.verdicts.method_names import names_in_texts

if TYPE_CHECKING:
    from lrbench.gate.finding import CheckOutcome, Finding, Trajectory

STYLES: dict[str, Style] = {"FAIL": "bad", "INCONCLUSIVE": "warn", "PASS": "good"}
"""Verdict -> style, in the order in which findings are listed."""

MAX_FINDINGS = 12
"""Findings of a check that the page lists; the JSON has all."""

NUMBER_WIDTH = 18
"""Columns of a measured or expected text, beyond which it is wrapped."""


def check_page(outcomes: Sequence[CheckOutcome], details: bool) -> Iterator[Block]:
    """Yield the blocks of the page.

    Parameters
    ----------
    outcomes
        The outcomes of the checks.
    details
        Whether findings that pass are listed with their trajectories, too.
    """
    for outcome in outcomes:
        yield from check_blocks(outcome, details)
    yield line("")
    yield line(*summary(outcomes), style="title" if all(o.passed for o in outcomes) else "bad")


def check_blocks(outcome: CheckOutcome, details: bool) -> Iterator[Block]:
    """Yield a line for a check, and its findings if it does not pass or with `details`."""
    word = "ERROR" if outcome.error else str(outcome.verdict)
    if outcome.passed and outcome.verdict != "PASS":
        word += " (allowed)"
    style = "bad" if outcome.error else STYLES[str(outcome.verdict)]
    texts = [outcome.about, *(f.subject for f in outcome.findings), *outcome.notes]
    named = names_in_texts(texts, FULL_BATCHES in outcome.about)
    about = f": {named(outcome.about)}" if outcome.about else ""
    yield line(f"{word} {outcome.name}{about}", style=style)
    if outcome.error:
        yield line(f"  {_plain(outcome.error)}")
        yield line(f"  {_plain(outcome.hint)}", style="dim")
    listed = [f for f in outcome.findings if details or f.verdict != "PASS"]
    listed.sort(key=lambda f: list(STYLES).index(str(f.verdict)))
    for expectation, findings in groupby(listed[:MAX_FINDINGS], lambda f: f.expectation):
        of = [replace(finding, subject=named(finding.subject)) for finding in findings]
        yield from _findings(expectation, of, details)
    if len(listed) > MAX_FINDINGS:
        yield line(f"  and {len(listed) - MAX_FINDINGS} more: --format json has all", style="dim")
    for note in outcome.notes:
        yield line(f"  {named(note)}", style="dim")
    if outcome.see_runs:  # as a drawing, which no width breaks: it is to be copied
        yield Drawing([[TableCell(f"  {outcome.see_runs}", "dim")]])


def _findings(expectation: str, findings: Sequence[Finding], details: bool) -> Iterator[Block]:
    """Yield a table of the findings on one expectation, their reasons and trajectories."""
    yield line(f"expected: {expectation}")
    numbers = [[_filled(text, NUMBER_WIDTH) for text in (f.measured, f.wanted)] for f in findings]
    widths = [max(map(_width, column)) for column in zip(*numbers, strict=True)]
    # 6: three gaps of two blanks; 8: the heading "measured", even if its texts are shorter.
    room = WIDTH - 6 - len("INCONCLUSIVE") - sum(max(width, 8) for width in widths)
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
            subject = f"{finding.subject}: " if len(findings) > 1 else ""
            yield line(f"  {subject}{_plain(finding.reason)}", style=STYLES[str(finding.verdict)])
        if finding.trajectory is not None and (details or finding.verdict == "FAIL"):
            yield from _trajectory(finding.subject, finding.trajectory)


def _plain(text: str) -> str:
    """Return the text of an error in ASCII, as all of a page is."""
    return text.replace("…", "...")


def _filled(text: str, width: int) -> str:
    # Escaped first, since an escape is longer than its character.
    return textwrap.fill(printable(text), width, break_on_hyphens=False)


def _width(text: str) -> int:
    return max(map(len, text.splitlines()), default=0)


def _trajectory(subject: str, t: Trajectory) -> Iterator[Block]:
    """Yield a table of a trajectory beside its baseline, with the checkpoint where they part."""
    measure = "last iterate" if t.what == "last" else t.what
    difference = "" if t.parts_at is None else f"; they part at T = {t.parts_at}"
    yield line(f"  {measure}, {subject}, beside the baseline{difference}:")
    rows = []
    for T, now, before in zip(t.iteration, t.measured, t.baseline, strict=True):
        size = max(abs(now), abs(before))
        change = abs(now - before) / size if size else 0.0
        style: Style = "bad" if t.parts_at is not None and t.parts_at <= T else ""
        numbers = ("-" if math.isnan(value) else f"{value:.8g}" for value in (now, before))
        rows.append([TableCell(text, style) for text in (str(T), *numbers, scientific(change, 2))])
    yield Grid(("T", "measured", "baseline", "relative difference"), rows)


def summary(outcomes: Sequence[CheckOutcome]) -> Iterator[str]:
    """Yield how many checks passed, and the names of the others, by the word above each."""
    passed = sum(o.passed for o in outcomes)
    failed = [o.name for o in outcomes if o.verdict == "FAIL" and not o.passed]
    others = [o for o in outcomes if not o.passed and o.verdict != "FAIL"]
    open_ = [o.name for o in others if o.cause is None]
    broken = [o.name for o in others if o.cause is not None]
    yield f"{passed} of {len(outcomes)} check{'s' * (len(outcomes) != 1)} passed"
    if failed:
        yield f"failed: {', '.join(failed)}"
    if open_:
        yield f"inconclusive, and so not passed: {', '.join(open_)}"
    if broken:
        yield f"error: {', '.join(broken)}"
