"""The outcomes of checks as JUnit XML, which CI systems show as tests."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lrbench.gate.finding import CheckOutcome

NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that XML 1.0 does not allow, not even as references."""


def junit(outcomes: Sequence[CheckOutcome]) -> bytes:
    """Return a test suite with a test case for each check, and the seconds of each.

    A check that fails or is inconclusive is a failure; one that could not be run is an error.
    """
    failures = sum(not o.passed and not o.error for o in outcomes)
    errors = sum(bool(o.error) for o in outcomes)
    counts = {"tests": len(outcomes), "failures": failures, "errors": errors}
    numbers = {key: str(count) for key, count in counts.items()}
    numbers["time"] = f"{sum(o.seconds for o in outcomes):.3f}"
    suites = ET.Element("testsuites", numbers)
    suite = ET.SubElement(suites, "testsuite", {"name": "lrbench check", **numbers})
    for o in outcomes:
        labels = {"classname": "lrbench", "name": _clean(o.name), "time": f"{o.seconds:.3f}"}
        case = ET.SubElement(suite, "testcase", labels)
        if o.error:
            ET.SubElement(case, "error", {"message": _clean(o.error)}).text = _clean(o.hint)
        elif not o.passed:
            bad = [f for f in o.findings if f.verdict != "PASS"]
            first = str(bad[0]) if bad else "nothing was judged"
            attributes = {"message": _clean(first), "type": str(o.verdict)}
            lines = [o.about, *map(str, bad), *o.notes, *filter(None, [o.see_runs])]
            ET.SubElement(case, "failure", attributes).text = _clean("\n".join(lines))
    ET.indent(suites)
    text: str = ET.tostring(suites, "unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _clean(text: str) -> str:
    """Return `text` with a question mark for each character that XML cannot hold."""
    return NOT_XML.sub("?", text)
