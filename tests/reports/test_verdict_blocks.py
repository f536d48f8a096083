"""Theorems that do not apply: each reason once, with the learning rates it is about."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from shown_results import one_lr0

from lrbench.reports.blocks import Grid, Line, TableCell
from lrbench.reports.lane_table import lane_table
from lrbench.reports.theorem_table import theorem_table
from lrbench.reports.to_plain import write_blocks
from lrbench.reports.verdict_blocks import exponent_text, factor_text, inapplicable
from lrbench.reports.view import View
from lrbench.results import Verdict
from lrbench.results.records import HypothesisResult, Law

RATES = {lr0: f"{lr0:g}" for lr0 in (0.01, 0.1, 1.0, 10.0, 100.0)}


def failing(theorem: str, lr0: float, name: str, detail: str) -> Verdict:
    base = one_lr0().problems[0].verdicts[0]
    return replace(
        base,
        theorem=theorem,
        lr0=lr0,
        applies=False,
        reason=detail,
        iteration=(),
        bound=(),
        metric=(),
        metric_interval=None,
        bound_verdict="none",
        hypotheses=[{"name": name, "holds": False, "detail": detail}],
    )


def said(verdicts: list[Verdict], texts: dict[float, str] | None = RATES) -> str:
    (line,) = inapplicable(verdicts, None if texts is None else dict(texts.items()))
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
            more: HypothesisResult = {
                "name": "s_0 >= L",
                "holds": False,
                "detail": f"{lr0} < L",
            }
            v = replace(v, hypotheses=[*v.hypotheses, more])
        found.append(v)
    assert said(found).endswith("C5 (mu = 0; s_0 >= L fails from lr0 = 10 on)")


def test_one_lr0_has_the_values() -> None:
    assert said([failing("C5", 1.0, "s_0 >= L", "1 < L")], None).endswith("C5 (1 < L)")
    both = failing("C5", 1.0, "s_0 >= L", "1 < L; mu = 0")
    convex: HypothesisResult = {"name": "strongly convex", "holds": False, "detail": "mu = 0"}
    both = replace(both, hypotheses=[*both.hypotheses, convex])
    assert said([both], None) == "no theorem applies: C5 (1 < L; mu = 0)"


def with_orders(*changes: dict[str, Any], **common: Any) -> list[str]:
    """The lines of the verdict blocks of theorems with these orders."""
    base = one_lr0().problems[0].verdicts[0]
    base = replace(base, applies=True, bound=[0.5], metric=[0.1], iteration=[1000])
    base = replace(base, bound_verdict="pass", consistency=False)
    power: Law = {"kind": "power", "value": -1.0}
    base = replace(base, order=power, order_verdict="pass", **common)
    blocks = list(theorem_table([replace(base, **c) for c in changes], 0.0, 80))
    out = io.StringIO()
    write_blocks(blocks, out)
    return out.getvalue().splitlines()


THIRDS = {"measured_order": -1.934, "order_thirds": (-0.571, -1.934, -2.35)}


def test_an_order_that_is_confirmed_needs_no_word() -> None:
    text = with_orders({"theorem": "W1", **THIRDS, "order_reason": "at least T^-0.92"})
    assert text[0].endswith("verdict  falls   proved")
    assert text[-1].startswith("W1 ")
    assert text[-1].endswith("T^-1.9  T^-1")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            "still steepening (from T^-0.57 to T^-2.4)",
            "? too early to tell: W1 (still steepening from T^-0.57 to T^-2.4)",
        ),
        ("only T^-0.3", "? too early to tell: W1 (only T^-0.3)"),
        ("reached the floor at T = 1000", "? at the floor: W1 (at T = 1000)"),
        (
            "not testable at this T (the theorem predicts a fall by e^0.78)",
            "? not testable: W1 (the theorem predicts a fall by e^0.78)",
        ),
    ],
)
def test_an_order_that_is_not_confirmed_is_marked_and_explained(reason: str, words: str) -> None:
    open_order = {"order_verdict": "inconclusive", "order_reason": reason}
    text = with_orders({"theorem": "W1", **THIRDS, **open_order}, {"theorem": "W3", **THIRDS})
    (row,) = (line for line in text if line.startswith("W1 "))
    assert row.endswith("T^-1.9  T^-1 ?")
    assert [line for line in text if line.startswith("?")] == [words]
    assert max(map(len, text)) <= 80


def test_a_linear_order_is_a_factor_of_each_step() -> None:
    linear = {"kind": "linear", "value": -8.7e-4}
    rates = {"measured_order": -3.32e-3, "order_thirds": (-1.71e-3, -1.4e-3, -1.19e-3)}
    text = with_orders({"theorem": "W4", "order": linear, **rates})
    assert text[-1].endswith(".9967^T  .99913^T")


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (-3.32e-3, ".9967"),
        (-8.7e-4, ".99913"),
        (-0.0101, ".990"),
        (-0.5, ".61"),
        (-2.0, ".14"),
        (-20.0, "2.1e-09"),
        (-1.23e-6, ".9999988"),
        (-1.23e-7, "(1 - 1.2e-07)"),
        (1.23e-7, "(1 + 1.2e-07)"),
        (3.3e-3, "1.0033"),
        (0.0, "(1 - 0.0e+00)"),
        (800.0, "(e^800)"),
    ],
)
def test_the_factor_of_a_step(rate: float, text: str) -> None:
    assert factor_text(rate) == text


@pytest.mark.parametrize(
    ("exponent", "text"),
    [
        *((-20.6, "-21"), (-10.04, "-10"), (-1.42, "-1.4"), (-1.0, "-1.0"), (-0.997, "-1.0")),
        *((-0.571, "-.57"), (-0.0349, "-.030"), (-0.004, "0"), (0.004, "0"), (0.3, ".30")),
    ],
)
def test_an_exponent_has_two_digits_and_no_zero_before_its_point(
    exponent: float, text: str
) -> None:
    assert exponent_text(exponent) == text


def test_a_bound_that_is_weak_has_its_order_beside_it() -> None:
    (row,) = with_orders({"order_verdict": "none", **THIRDS})[-1:]
    assert row.endswith("T^-1.9  T^-1")


def test_a_table_without_orders_has_no_columns_for_them() -> None:
    assert with_orders({"order": None})[0].endswith("verdict")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"order_thirds": (-0.98, -1.0, -1.02), "measured_order": -1.0}, "T^-1.0"),
        (THIRDS, "<T^-.57"),
        ({**THIRDS, "fitted_law": "linear"}, "linearly"),
        ({**THIRDS, "order_verdict": "none"}, ""),
        ({"order_thirds": None}, ""),
    ],
)
def test_the_order_of_a_lane_is_never_a_bare_number_where_it_bends(
    fields: dict[str, Any], text: str
) -> None:
    result = one_lr0()
    problem = result.problems[0]
    power = {"kind": "power", "value": -1.0}
    judged = {"order": power, "order_verdict": "pass", "measure": "suboptimality", **fields}
    verdicts = [replace(problem.verdicts[0], iterate="last", **judged)]
    problem = replace(problem, verdicts=verdicts)
    lane = [run for run in problem.runs if run.solver == verdicts[0].solver]
    cells: dict[str, TableCell] = {}
    for block in lane_table(problem, [lane], {lane[0].lr0: "1"}, View()):
        if isinstance(block, Grid):
            cells |= dict(zip(block.columns, block.rows[0], strict=True))
    assert (cells["falls"].text if "falls" in cells else "") == text
