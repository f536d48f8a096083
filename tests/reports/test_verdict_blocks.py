"""Theorems that do not apply: each reason once, with the learning rates it is about."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from shown_results import one_lr0

from lrbench.reports.blocks import Grid, Line, TableCell
from lrbench.reports.lane_table import lane_table
from lrbench.reports.to_plain import write_blocks
from lrbench.reports.verdict_blocks import exponent_text, inapplicable, verdict_grid
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
    assert said(found).endswith("C5 (mu = 0), C5 (s_0 >= L fails from lr0 = 10 on)")


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
    power: Law = {"kind": "power", "value": -1.0}
    base = replace(base, order=power, window=(100, 1000), order_verdict="pass", **common)
    blocks = list(verdict_grid([replace(base, **c) for c in changes], 0.0, 80))
    out = io.StringIO()
    write_blocks(blocks, out)
    return out.getvalue().splitlines()


THIRDS = {"measured_order": -1.934, "order_thirds": (-0.571, -1.934, -2.35)}
WORDS = [
    ({"order_verdict": "pass", "order_reason": ""}, "pass: T^-1.9"),
    (
        {"order_reason": "at least T^-0.92, still steepening"},
        "pass: at least T^-0.92, still steepening",
    ),
    (
        {
            "order_verdict": "inconclusive",
            "order_reason": "still steepening (from T^-0.57 to T^-2.4)",
        },
        "inconclusive: still steepening",
    ),
    (
        {"order_verdict": "inconclusive", "order_reason": "reached the floor at T = 1000"},
        "reached the floor at T = 1000",
    ),
]


@pytest.mark.parametrize(("fields", "words"), WORDS)
def test_the_words_of_an_order(fields: dict[str, Any], words: str) -> None:
    text = with_orders({"theorem": "W1", **THIRDS, **fields})
    assert "orders over T = 100 to 1000, slopes by thirds of it:" in text
    assert text[-1].split("  ")[0] == "W1"
    assert text[-1].endswith(f"  T^-1    -.57 -1.9 -2.4  {words}")
    assert max(map(len, text)) <= 80


def test_a_linear_order_is_in_units_of_the_proved_rate() -> None:
    linear = {"kind": "linear", "value": -8.7e-4}
    rates = {"measured_order": -1.32e-3, "order_thirds": (-1.71e-3, -1.4e-3, -1.19e-3)}
    reason = "1.5 times the proved rate"
    text = with_orders({"theorem": "W4", "order": linear, "order_reason": reason, **rates})
    assert text[-1] == f"W4       e^(-9e-04 T)  x2.0 x1.6 x1.4  pass: {reason}"
    reason = "not testable at this T (the theorem predicts a fall by e^0.78)"
    untested = {"order": linear, "order_verdict": "inconclusive", "order_reason": reason, **rates}
    text = with_orders({"theorem": "GD-mu", **untested}, {"theorem": "W4", **untested})
    for row, theorem in zip(text[-4:-2], ("GD-mu", "W4"), strict=True):
        assert row.split() == [theorem, "e^(-9e-04", "T)", *["not", "testable", "at", "this", "T"]]
    assert text[-2:] == [
        "GD-mu: the theorem predicts a fall by e^0.78,",
        "  W4: the theorem predicts a fall by e^0.78",
    ]


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


def test_no_order_that_was_not_judged() -> None:
    text = "\n".join(with_orders({"order_verdict": "none", **THIRDS}))
    assert "order" not in text
    assert "T^-1" not in text


def test_windows_that_differ() -> None:
    text = with_orders({**THIRDS}, {**THIRDS, "window": (10, 100)}, {"order_verdict": "none"})
    assert "orders over the last decade above the floor, slopes by thirds of it:" in text
    narrow = with_orders({"window": None, "order_verdict": "inconclusive", "order_reason": "x"})
    assert narrow[-1].endswith("inconclusive: x")


def test_a_table_of_orders_that_is_too_wide_goes_on_below() -> None:
    text = with_orders({"theorem": "GD-linear", **THIRDS, "order_reason": "x" * 50})
    assert max(map(len, text)) <= 80
    assert text[-1] == f"GD-linear  pass: {'x' * 50}"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"order_thirds": (-0.98, -1.0, -1.02), "measured_order": -1.0}, "-1.00"),
        (THIRDS, "<-.57"),
        ({**THIRDS, "fitted_law": "linear"}, "linear"),
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
    assert (cells["order"].text if "order" in cells else "") == text
