"""Theorems that do not apply: each reason once, with the learning rates it is about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shown_results import one_lr0, shown

from lrbench.reports.blocks import Line
from lrbench.reports.verdict_blocks import inapplicable
from lrbench.reports.view import View
from lrbench.results import Verdict

RATES = {lr0: f"{lr0:g}" for lr0 in (0.01, 0.1, 1.0, 10.0, 100.0)}


def failing(theorem: str, lr0: float, name: str, detail: str) -> Verdict:
    base = one_lr0().problems[0].verdicts[0]
    return replace(
        base,
        theorem=theorem,
        lr0=lr0,
        applies=False,
        reason=detail,
        bound=(),
        bound_verdict="none",
        hypotheses=[{"name": name, "holds": False, "detail": detail}],
    )


def said(verdicts: list[Verdict], texts: dict[float, str] | None = RATES) -> str:
    (line,) = inapplicable(verdicts, texts)
    assert isinstance(line, Line)
    return ", ".join(line.pieces)


@pytest.mark.parametrize(
    ("rates", "where"),
    [
        ([1.0, 10.0, 100.0], "from lr0 = 1 on"),
        ([0.01, 0.1], "up to lr0 = 0.1"),
        ([0.1, 1.0, 10.0], "for lr0 = 0.1 to 10"),
        ([0.1], "at lr0 = 0.1"),
        ([0.01, 1.0, 10.0], "for lr0 = 0.01 and 1 to 10"),
    ],
)
def test_the_rates_are_a_range(rates: list[float], where: str) -> None:
    found = [
        failing(key, lr0, "s_0 >= L", f"b_1 = {lr0 / 7} < L = 20")
        for lr0 in rates
        for key in ("C5", "C6")
    ]
    what = "s_0 >= L fails" if len(rates) > 1 else f"b_1 = {rates[0] / 7} < L = 20"
    assert said(found) == f"no theorem applies: C5, C6 ({what} {where})"


def test_the_same_detail_everywhere_needs_no_range() -> None:
    found = [failing("W5", lr0, "|g_t| <= G", "no ball: --radius") for lr0 in RATES]
    assert said(found) == "no theorem applies: W5 (no ball: --radius)"


def test_details_that_differ_everywhere() -> None:
    found = [failing("C5", lr0, "s_0 >= L", f"{lr0} < L") for lr0 in RATES]
    assert said(found) == "no theorem applies: C5 (s_0 >= L fails)"


def test_two_hypotheses_have_a_range_each() -> None:
    found = []
    for lr0 in RATES:
        v = failing("C5", lr0, "strongly convex", "mu = 0")
        if lr0 > 1:
            more: dict[str, str | bool] = {
                "name": "s_0 >= L",
                "holds": False,
                "detail": f"{lr0} < L",
            }
            v = replace(v, hypotheses=[*v.hypotheses, more])
        found.append(v)
    assert said(found).endswith("C5 (mu = 0), C5 (s_0 >= L fails from lr0 = 10 on)")


def test_one_lr0_has_the_values() -> None:
    assert said([failing("C5", 1.0, "s_0 >= L", "1 < L")], None).endswith("C5 (1 < L)")


def test_an_order_without_a_number_says_why() -> None:
    problem = one_lr0().problems[0]
    verdicts = [
        replace(v, measured_order=None, order_verdict="inconclusive", order_reason="too few points")
        if v.order
        else v
        for v in problem.verdicts
    ]
    result = replace(one_lr0(), problems=[replace(problem, verdicts=verdicts)])
    text = shown(result, "plain", View())
    assert "too few points" in text
    assert "inconclusive" not in text
