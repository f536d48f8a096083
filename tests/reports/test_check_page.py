"""The page of checks: which findings are listed, in which order, and what a trajectory holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from lrbench.errors import LrbenchError
from lrbench.gate import CheckOutcome, CheckVerdict, Finding
from lrbench.gate.finding import Trajectory
from lrbench.reports.blocks import Block, Grid, Line
from lrbench.reports.check_page import check_page


def finding(subject: str, verdict: str = "FAIL", **changes: Any) -> Finding:
    values = {"expectation": "rate >= 0.9", "measured": "0.5", "wanted": ">= 0.9", "reason": ""}
    return Finding(subject=subject, verdict=CheckVerdict(verdict), **values | changes)


def page(*outcomes: CheckOutcome, details: bool = False) -> Sequence[Block]:
    return list(check_page(outcomes, details))


def lines(blocks: Sequence[Block]) -> list[tuple[str, str]]:
    return [(", ".join(b.pieces), b.style) for b in blocks if isinstance(b, Line)]


def grids(blocks: Sequence[Block]) -> list[Grid]:
    return [block for block in blocks if isinstance(block, Grid)]


def test_the_worst_findings_stand_first_and_those_that_pass_only_with_details() -> None:
    outcome = CheckOutcome(
        "x",
        "about",
        [finding(f"{v[0]}{k}", v) for k, v in enumerate(("PASS", "INCONCLUSIVE", "FAIL") * 2)],
        notes=["a note"],
    )
    (grid,) = grids(page(outcome))
    assert grid.columns == ("of", "verdict", "measured", "wanted")
    assert grid.left == {0, 1}
    assert [[(c.text, c.style) for c in row[:2]] for row in grid.rows] == [
        [("F2", ""), ("FAIL", "bad")],
        [("F5", ""), ("FAIL", "bad")],
        [("I1", ""), ("INCONCLUSIVE", "warn")],
        [("I4", ""), ("INCONCLUSIVE", "warn")],
    ]
    (grid,) = grids(page(outcome, details=True))
    assert [row[0].text for row in grid.rows] == ["F2", "F5", "I1", "I4", "P0", "P3"]
    assert grid.rows[4][1].style == "good"
    assert lines(page(outcome)) == [
        ("FAIL x: about", "bad"),
        ("expected: rate >= 0.9", ""),
        ("  a note", "dim"),
        ("", ""),
        ("0 of 1 check passed, failed: x", "bad"),
    ]


def test_a_dozen_findings_are_listed_and_the_others_counted() -> None:
    for n, more in ((12, []), (13, ["  and 1 more: --format json has all"])):
        blocks = page(CheckOutcome("x", "", [finding(f"s{k}") for k in range(n)]))
        assert sum(len(grid.rows) for grid in grids(blocks)) == 12
        assert [text for text, style in lines(blocks) if style == "dim"] == more


def test_each_expectation_has_a_table_and_its_reasons() -> None:
    found = [
        finding("a", reason="too slow\N{HORIZONTAL ELLIPSIS}"),
        finding("b"),
        finding("", "INCONCLUSIVE", expectation="E", reason="too early"),
    ]
    blocks = page(CheckOutcome("x", "", found))
    assert [[row[0].text for row in grid.rows] for grid in grids(blocks)] == [
        ["a", "b"],
        ["the problem"],
    ]
    assert lines(blocks)[1:5] == [
        ("expected: rate >= 0.9", ""),
        ("  a: too slow...", "bad"),
        ("expected: E", ""),
        ("  too early", "warn"),
    ]


@pytest.mark.parametrize(
    ("measured", "room"), [("0.5", 46), ("12345678", 46), ("123456789", 45), ("x" * 18, 36)]
)
def test_a_subject_has_the_room_that_the_numbers_leave(measured: str, room: int) -> None:
    # 80 - three gaps of 2 - INCONCLUSIVE - the wider of 8 and of the numbers, twice.
    for width, n_lines in ((room, 1), (room + 1, 2)):
        subject = "a" * (width - 4) + " bcd"
        (grid,) = grids(page(CheckOutcome("x", "", [finding(subject, measured=measured)])))
        assert len(grid.rows[0][0].text.splitlines()) == n_lines
        assert grid.rows[0][2].text == measured


def test_a_measured_text_is_wrapped_at_18_columns() -> None:
    for text, n_lines in (("a" * 14 + " bcd", 1), ("a" * 15 + " bcd", 2)):
        (grid,) = grids(page(CheckOutcome("x", "", [finding("s", measured=text)])))
        assert len(grid.rows[0][2].text.splitlines()) == n_lines


TRAJECTORY = Trajectory(
    "last", [0, 3, 20, 70], [4.0, 0.0, 0.123456789, math.nan], [4.0, 0.0, -0.25, 0.5], 20
)


def test_a_trajectory_stands_beside_its_baseline() -> None:
    blocks = page(CheckOutcome("x", "", [finding("sgd", trajectory=TRAJECTORY)]))
    assert ("  last iterate, sgd, beside the baseline; they part at T = 20:", "") in lines(blocks)
    _, grid = grids(blocks)
    assert grid.columns == ("T", "measured", "baseline", "relative difference")
    assert [[cell.text for cell in row] for row in grid.rows] == [
        ["0", "4", "4", "0.0e+00"],
        ["3", "0", "0", "0.0e+00"],
        ["20", "0.12345679", "-0.25", "1.5e+00"],  # 0.3735 / 0.25
        ["70", "-", "0.5", "-"],
    ]
    assert [{cell.style for cell in row} for row in grid.rows] == [{""}, {""}, {"bad"}, {"bad"}]


def test_a_trajectory_that_does_not_fail_is_shown_with_details_alone() -> None:
    never_parts = replace(TRAJECTORY, what="average", parts_at=None)
    outcome = CheckOutcome("x", "", [finding("sgd", "INCONCLUSIVE", trajectory=never_parts)])
    assert len(grids(page(outcome))) == 1
    _, grid = grids(page(outcome, details=True))
    assert {cell.style for row in grid.rows for cell in row} == {""}
    assert ("  average, sgd, beside the baseline:", "") in lines(page(outcome, details=True))


def test_the_summary_counts_and_names() -> None:
    passed = CheckOutcome("p", "", [finding("a", "PASS")])
    failed = CheckOutcome("f", "", [finding("a")])
    unknown = CheckOutcome("u", "", [finding("a", "INCONCLUSIVE")])
    allowed = CheckOutcome("w", "", [finding("a", "INCONCLUSIVE")], allow_inconclusive=True)
    broken = CheckOutcome("b", "", (), cause=LrbenchError("no data.", "fetch them."))
    assert lines(page(passed))[-1] == ("1 of 1 check passed", "title")
    assert lines(page(allowed, passed))[-1] == ("2 of 2 checks passed", "title")
    assert lines(page(allowed))[0] == ("INCONCLUSIVE (allowed) w", "warn")
    found = lines(page(failed, passed, unknown, broken, failed))
    assert found[-1] == (
        "1 of 5 checks passed, failed: f, f, inconclusive, and so not passed: u, error: b",
        "bad",
    )
    start = found.index(("ERROR b", "bad"))
    assert found[start + 1 : start + 3] == [("  no data.", ""), ("  fetch them.", "dim")]
