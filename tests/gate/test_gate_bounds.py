"""bound = pass and order = pass, on verdicts made by hand."""

from __future__ import annotations

from typing import Any

import pytest
from gate_runs import made_problem, made_run, made_verdict

from lrbench.gate import Finding, parse_expectation
from lrbench.gate.judge import judge_expectation
from lrbench.results import ProblemResult, Status


def one(text: str, problem: ProblemResult) -> Finding:
    (finding,) = judge_expectation(parse_expectation(text), problem)
    return finding


@pytest.mark.parametrize(
    ("said", "expected", "reason"),
    [
        ({}, "PASS", ""),
        ({"bound_verdict": "fail", "failed_at": 10}, "FAIL", "T = 10"),
        ({"bound_verdict": "vacuous", "informative_from": 70}, "INCONCLUSIVE", "T = 70"),
        ({"bound_verdict": "none", "reason": "no number"}, "INCONCLUSIVE", "no number"),
        ({"applies": False, "reason": "lr0 is too high"}, "INCONCLUSIVE", "C1: lr0 is too high"),
        ({"theorem": "C2"}, "PASS", ""),
    ],
)
def test_a_bound(said: dict[str, Any], expected: str, reason: str) -> None:
    finding = one("bound = pass", made_problem(made_run(), verdicts=[made_verdict(**said)]))
    assert str(finding.verdict) == expected
    assert reason in finding.reason


def test_a_violated_bound_shows_both_numbers_where_it_is_violated() -> None:
    bad = made_verdict(bound_verdict="fail", failed_at=10, metric=[1.0, 2.5, 0.25])
    finding = one("bound = pass", made_problem(made_run(), verdicts=[bad]))
    assert (finding.measured, finding.wanted) == ("2.5", "<= 2")


def test_a_named_theorem_is_the_only_one_that_counts() -> None:
    both = [made_verdict(), made_verdict(theorem="C2", bound_verdict="fail")]
    problem = made_problem(made_run(), verdicts=both)
    assert one("bound[theorem=C1] = pass", problem).verdict == "PASS"
    assert one("bound[theorem=C2] = pass", problem).verdict == "FAIL"
    assert one("bound[theorem=C5] = pass", problem).verdict == "INCONCLUSIVE"
    assert [f.verdict for f in judge_expectation(parse_expectation("bound = pass"), problem)] == [
        "PASS",
        "FAIL",
    ]


@pytest.mark.parametrize("status", [Status.INTERRUPTED, Status.FAILED])
def test_a_bound_does_not_pass_on_the_runs_that_are_left(status: Status) -> None:
    runs = made_run(), made_run(seed=1, status=status)
    problem = made_problem(*runs, verdicts=[made_verdict(), made_verdict(bound_verdict="fail")])
    verdicts = [f.verdict for f in judge_expectation(parse_expectation("bound = pass"), problem)]
    assert verdicts == ["INCONCLUSIVE", "FAIL"]


def test_the_order_passes_or_is_inconclusive() -> None:
    order = {"kind": "power", "value": -1.0}
    good = made_verdict(order=order, order_verdict="pass", measured_order=-1.1)
    poor = made_verdict(order=order, order_verdict="inconclusive", measured_order=-0.5)
    assert one("order = pass", made_problem(made_run(), verdicts=[good])).verdict == "PASS"
    finding = one("order = pass", made_problem(made_run(), verdicts=[poor]))
    assert (finding.verdict, finding.measured, finding.wanted) == ("INCONCLUSIVE", "-0.5", "<= -1")
