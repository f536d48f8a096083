"""The JSON of `lrbench check`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lrbench.results import plain

if TYPE_CHECKING:
    from lrbench.gate.finding import Outcome

FORMAT = "lrbench-check"
VERSION = 1


def check_as_json(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return what came of the checks in the types of JSON."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "passed": bool(outcomes) and all(outcome.passed for outcome in outcomes),
        "checks": [
            {
                "name": o.name,
                "about": o.about,
                "verdict": str(o.verdict),
                "passed": o.passed,
                "error": o.error or None,
                "hint": o.hint or None,
                "findings": [plain(asdict(f) | {"verdict": str(f.verdict)}) for f in o.findings],
                "notes": list(o.notes),
            }
            for o in outcomes
        ],
    }
