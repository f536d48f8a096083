"""A result as JSON, in the published format, and the checks of `lrbench check` as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from lrbench.config.plain import plain
from lrbench.reports.view import View
from lrbench.results import Result

if TYPE_CHECKING:
    from lrbench.gate.comparison import Comparison
    from lrbench.gate.finding import CheckOutcome

CHECK_FORMAT = "lrbench-check"
CHECK_VERSION = 1
COMPARISON_FORMAT = "lrbench-comparison"
COMPARISON_VERSION = 1


def write(result: Result, out: TextIO, view: View) -> None:
    """Write the result as one JSON object at full precision, with the traces of the view."""
    out.writelines(result.with_traces(view.traces).json_pieces())
    out.write("\n")


def check_as_json(outcomes: Sequence[CheckOutcome]) -> dict[str, Any]:
    """Return the outcomes of the checks in the types of JSON."""
    return {
        "format": CHECK_FORMAT,
        "version": CHECK_VERSION,
        # all() of nothing is true, but what was not judged does not pass.
        "passed": bool(outcomes) and all(outcome.passed for outcome in outcomes),
        "checks": [
            {
                "name": o.name,
                "about": o.about,
                "verdict": str(o.verdict),
                "passed": o.passed,
                "error": o.error or None,
                "hint": o.hint or None,
                "findings": plain(o.findings),
                "notes": list(o.notes),
                "command": o.command or None,
            }
            for o in outcomes
        ],
    }


def comparison_as_json(base: str, comparisons: Sequence[tuple[str, Comparison]]) -> dict[str, Any]:
    """Return comparisons with one base in the types of JSON."""
    return {
        "format": COMPARISON_FORMAT,
        "version": COMPARISON_VERSION,
        "base": base,
        "comparisons": [{"result": name, **plain(comparison)} for name, comparison in comparisons],
    }
