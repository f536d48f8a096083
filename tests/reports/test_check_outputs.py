"""The page, the JSON, the JUnit XML, and what GitHub reads: whatever names and reasons say."""

from __future__ import annotations

import io
import json
import math
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrbench.errors import LrbenchError
from lrbench.gate import CheckOutcome, CheckVerdict, Finding
from lrbench.gate.finding import Trajectory
from lrbench.reports import to_plain
from lrbench.reports.check_page import check_page
from lrbench.reports.to_github import markdown, workflow_commands
from lrbench.reports.to_json import check_as_json
from lrbench.reports.to_junit import junit

TRAJECTORY = Trajectory("last", [0, 1, 10], [1.0, 0.5, 0.25], [1.0, 0.5, 0.2], 10)
EVIL = "a|b\n<i>&\x1b[31m\x00\ud800,::error:% *_`[x](y)"


def finding(verdict: str = "FAIL", **changes: Any) -> Finding:
    values = {"expectation": "rate >= 0.9", "subject": "sgd, lr0 = 1", "measured": "0.5"}
    values |= {"wanted": ">= 0.9", "reason": "fitted over T = 1 to 10"}
    return Finding(verdict=CheckVerdict(verdict), **values | changes)


def failed(name: str = "bad", *findings: Finding) -> CheckOutcome:
    return CheckOutcome(name, "logreg, sgd", findings or (finding(),))


GOOD = CheckOutcome("good", "logreg, sgd", [finding("PASS")])
OPEN = CheckOutcome("open", "logreg, sgd", [finding("INCONCLUSIVE", measured="-")])
BROKEN = CheckOutcome("broken", "logreg", (), cause=LrbenchError("no data.", "fetch them."))


def plain(*outcomes: CheckOutcome, details: bool = False) -> str:
    out = io.StringIO()
    to_plain.write_blocks(check_page(outcomes, details), out)
    return out.getvalue()


def test_the_worst_finding_is_the_verdict() -> None:
    both = CheckOutcome("x", "", [finding("PASS"), finding("INCONCLUSIVE"), finding("FAIL")])
    assert (both.verdict, both.passed) == ("FAIL", False)
    assert [o.passed for o in (GOOD, failed(), OPEN, BROKEN)] == [True, False, False, False]
    assert (CheckOutcome("x", "", ()).verdict, CheckOutcome("x", "", ()).passed) == (
        "INCONCLUSIVE",
        False,
    )
    allowed = CheckOutcome("x", "", [finding("INCONCLUSIVE")], allow_inconclusive=True)
    assert allowed.passed
    assert not CheckOutcome("x", "", [finding("FAIL")], allow_inconclusive=True).passed


def test_a_page_says_which_and_why() -> None:
    text = plain(GOOD, failed("bad", finding(trajectory=TRAJECTORY)), OPEN, BROKEN)
    for said in ("PASS good", "FAIL bad", "INCONCLUSIVE open", "ERROR broken", "no data."):
        assert said in text
    for said in ("fetch them.", "0.5  >= 0.9", "fitted over T = 1 to 10", "they part at T = 10"):
        assert said in text
    assert "10 0.25 0.2 2.0e-01" in " ".join(text.split())
    assert "1 of 4 checks passed, failed: bad, inconclusive, and so not passed: open," in text
    assert "expected" not in plain(GOOD)
    assert "expected: rate >= 0.9" in plain(GOOD, details=True)


def test_what_is_allowed_is_said() -> None:
    allowed = CheckOutcome("x", "", [finding("INCONCLUSIVE")], allow_inconclusive=True)
    assert "INCONCLUSIVE (allowed) x" in plain(allowed)


def test_many_findings_are_cut_on_the_page_only() -> None:
    many = failed("bad", *(finding(subject=f"lr0 = {k}") for k in range(30)))
    assert "and 18 more" in plain(many)
    assert len(check_as_json([many])["checks"][0]["findings"]) == 30


LONG = "prox-adagrad-norm[b0=0.00001,order=lagged,epsilon=1e-12,scale=3], lr0 = 0.000123, GD-linear"


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": LONG, "measured": "-1.23457e-300", "wanted": ">= 1.23457e+300"},
        {"measured": "completed, diverged, failed, interrupted, reached_target, stalled"},
        {"reason": "; ".join(f"C{k}: 1/lr0 = 0.01 < L = 1" for k in range(30))},
        {"expectation": "suboptimality[of=average, at=1000, solver=adagrad-norm, lr0=0.1] <= 1e-9"},
        {"measured": "", "wanted": "", "reason": "", "subject": ""},
        {"reason": "an error that ends in an ellipsis: aaa\N{HORIZONTAL ELLIPSIS}"},
    ],
)
def test_a_page_has_80_columns_of_ascii_without_trailing_blanks(changes: dict[str, str]) -> None:
    outcome = failed("bad", finding(trajectory=TRAJECTORY, **changes), finding("INCONCLUSIVE"))
    for line in plain(outcome, GOOD, OPEN, BROKEN, details=True).splitlines():
        assert len(line) <= 80
        assert line == line.rstrip()
        assert line.isascii()


def test_no_control_character_reaches_a_terminal() -> None:
    out = plain(failed(EVIL, finding(subject=EVIL, measured=EVIL, reason=EVIL)))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", out)


def test_json_has_everything_and_no_nan() -> None:
    lost = Trajectory("last", [0, 1], [1.0, math.nan], [1.0, math.inf], 1)
    found = check_as_json([GOOD, failed("bad", finding(trajectory=lost)), BROKEN])
    again = json.loads(json.dumps(found, allow_nan=False))
    assert again["passed"] is False
    assert again["checks"][1]["findings"][0]["trajectory"] == {
        "what": "last",
        "iteration": [0, 1],
        "measured": [1.0, None],
        "baseline": [1.0, None],
        "parts_at": 1,
    }
    assert again["checks"][2] == {
        "name": "broken",
        "about": "logreg",
        "verdict": "INCONCLUSIVE",
        "passed": False,
        "error": "no data.",
        "hint": "fetch them.",
        "findings": [],
        "notes": [],
        "command": None,
    }
    assert check_as_json([GOOD])["passed"] is True
    assert check_as_json([])["passed"] is False


def test_junit_as_an_xml_parser_reads_it() -> None:
    root = ET.fromstring(junit([GOOD, failed(), OPEN, BROKEN]))
    suite = root[0]
    for element in (root, suite):
        assert [element.get(k) for k in ("tests", "failures", "errors")] == ["4", "2", "1"]
    assert [case.get("name") for case in suite] == ["good", "bad", "open", "broken"]
    assert [[child.tag for child in case] for case in suite] == [
        [],
        ["failure"],
        ["failure"],
        ["error"],
    ]
    failure = suite[1][0]
    assert failure.get("type") == "FAIL"
    assert "measured 0.5, wanted >= 0.9" in str(failure.get("message"))
    assert suite[3][0].get("message") == "no data."


@given(st.text(max_size=30), st.text(max_size=30))
def test_junit_is_xml_whatever_is_said(name: str, reason: str) -> None:
    root = ET.fromstring(junit([failed(name, finding(reason=reason))]))
    case = root[0][0]
    kept = [c for c in name if c.isascii() and c.isprintable()]
    assert set(kept) <= set(str(case.get("name")))


def test_an_outcome_without_findings_is_a_failure_all_the_same() -> None:
    empty = CheckOutcome("empty", "logreg", ())
    root = ET.fromstring(junit([empty]))
    assert root.get("failures") == "1"
    assert len(list(workflow_commands([empty], "f"))) == 1
    assert "0 of 1 check passed" in plain(empty)


def test_a_workflow_command_is_one_line_with_its_fields_escaped() -> None:
    assert list(workflow_commands([GOOD], "f")) == []
    (text,) = workflow_commands([failed("a,b:c\nd%", finding(reason="x\ny%"))], "c:\\f,g")
    assert text.startswith("::error file=c%3A\\f%2Cg,title=lrbench check a%2Cb%3Ac%0Ad%25::")
    assert text.endswith("x%0Ay%25")
    assert "\n" not in text
    (text,) = workflow_commands([OPEN], "")
    assert text.startswith("::warning title=lrbench check open::INCONCLUSIVE")
    (text,) = workflow_commands([BROKEN], "f")
    assert text.startswith("::error ")
    assert text.endswith("::no data. fetch them.")


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_markdown_row_has_three_cells_whatever_is_said(name: str, reason: str) -> None:
    text = markdown([failed(name, finding(reason=reason))])
    lines = text.rstrip("\n").split("\n")
    assert len(lines) == 5
    assert lines[0].startswith("### lrbench check: 0 of 1 check passed")
    assert lines[4].count("|") == 4
    assert "<" not in lines[4].replace("<br>", "")
    assert "<" not in lines[0]


def test_the_summary_tells_why() -> None:
    text = markdown([GOOD, failed(), BROKEN])
    assert "| good | PASS |  |" in text
    assert "| bad | FAIL | FAIL rate &gt;= 0.9" in text.replace("&#62;", "&gt;")
    assert "| broken | ERROR | no data. |" in text
