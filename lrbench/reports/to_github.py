"""The outcomes of checks for GitHub Actions: annotations, and a summary in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lrbench.reports.blocks import printable
from lrbench.reports.check_page import summary

if TYPE_CHECKING:
    from lrbench.gate.finding import CheckOutcome

ENTITIES = {sign: f"&#{ord(sign)};" for sign in r"&<>|\`*_~[]@#"}
"""The entities for characters that Markdown would take for markup."""

SUMMARY = "GITHUB_STEP_SUMMARY"
"""The environment variable that holds the path of a step's summary."""


def workflow_commands(outcomes: Sequence[CheckOutcome], file: str) -> Iterator[str]:
    """Yield a workflow command for each check that does not pass.

    Parameters
    ----------
    outcomes
        The outcomes of the checks.
    file
        The path of the configuration or result that was checked; empty if it was no file.
    """
    file_property = f"file={_property(file)}," if file else ""
    for o in outcomes:
        if o.passed:
            continue
        bad = [str(f) for f in o.findings if f.verdict != "PASS"]
        lines = [f"{o.error} {o.hint}"] if o.error else [*bad, o.see_runs]
        text = "\n".join(filter(None, lines))
        level = "warning" if not o.error and o.verdict != "FAIL" else "error"
        title = f"lrbench check {o.name}"
        yield f"::{level} {file_property}title={_property(title)}::{_data(text)}"


def markdown(outcomes: Sequence[CheckOutcome]) -> str:
    """Return the summary: a table with a row for each check."""
    lines = [f"### lrbench check: {_cell(', '.join(summary(outcomes)))}", ""]
    lines += ["| check | verdict | why |", "|---|---|---|"]
    for o in outcomes:
        bad = [str(f) for f in o.findings if f.verdict != "PASS"]
        reason = _cell(o.error) if o.error else "<br>".join(map(_cell, bad[:5]))
        verdict = "ERROR" if o.error else str(o.verdict)
        lines.append(f"| {_cell(o.name)} | {verdict} | {reason} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Return `text` on one line, with entities for characters that are markup."""
    return "".join(ENTITIES.get(sign, sign) for sign in printable(" ".join(text.split())))


def _data(text: str) -> str:
    # The percent sign first, as the other escapes contain one.
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
