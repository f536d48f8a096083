"""Expectations against runs made by hand: closed forms, and what is lost, cut or not measured."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gate_runs import T, cut_at, made_problem, made_run
from hypothesis import given
from hypothesis import strategies as st

from lrbench.config.solver_spec import SolverSpec
from lrbench.engine.control import Control
from lrbench.gate import Finding, Gate, parse_expectation, result_checks
from lrbench.gate.judge import compare, judge_expectation
from lrbench.gate.measure import Measurement
from lrbench.results import ProblemResult, Result, Run, Status


def one(text: str, problem: ProblemResult) -> Finding:
    (finding,) = judge_expectation(parse_expectation(text), problem)
    return finding


def power(p: float) -> Callable[[float], float]:
    return lambda t: max(t, 1.0) ** -p


def verdict(text: str, *runs: Run, **constants: Any) -> str:
    return str(one(text, made_problem(*runs, **constants)).verdict)


@pytest.mark.parametrize("p", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("of", ["last", "average", "best"])
def test_the_rate_is_the_exponent(p: float, of: str) -> None:
    run = made_run(power(p))
    assert verdict(f"rate[of={of}] >= {p - 1e-6}", run) == "PASS"
    assert verdict(f"rate[of={of}] >= {p + 1e-6}", run) == "FAIL"
    assert float(one(f"rate[of={of}] >= 0", made_problem(run)).measured) == pytest.approx(p)


def test_a_rate_that_seeds_disagree_on_is_inconclusive() -> None:
    # mean 1, sd 0.42, t = 2.57 (5 degrees of freedom): 0.56 to 1.44
    exponents = (0.5, 0.7, 0.9, 1.1, 1.3, 1.5)
    runs = [made_run(power(p), seed=k) for k, p in enumerate(exponents)]
    assert verdict("rate >= 0.9", *runs) == "INCONCLUSIVE"
    assert verdict("rate >= 0.5", *runs) == "PASS"
    assert verdict("rate >= 1.5", *runs) == "FAIL"
    # Two seeds that differ that much prove nothing: t = 12.7.
    assert verdict("rate >= 0.5", runs[0], runs[-1]) == "INCONCLUSIVE"


def test_a_slow_run_that_ends_at_the_floor_has_the_rate_from_before() -> None:
    run = made_run(lambda t: max(t, 1.0) ** -0.5)
    problem = made_problem(run, f_star_error=0.011)  # the floor is 0.11, crossed between 70 and 100
    finding = one("rate >= 0.9", problem)
    assert finding.verdict == "FAIL"
    assert float(finding.measured) == pytest.approx(0.5)
    assert "floor" in finding.reason


def test_one_that_falls_to_the_floor_at_once_has_a_lower_bound() -> None:
    run = made_run(lambda t: 1.0 if t <= 1 else 0.0)  # from 1 to below 1e-2 by T = 2: log2(100)
    problem = made_problem(run, f_star_error=1e-3)
    assert one("rate >= 6.6", problem).verdict == "PASS"
    assert one("rate >= 6.7", problem).verdict == "INCONCLUSIVE"
    assert float(one("rate >= 0", problem).measured) == pytest.approx(math.log2(100), rel=1e-5)


@pytest.mark.parametrize("unit", [1e-17, 2.0**60])
def test_a_rate_does_not_depend_on_the_unit_of_F(unit: float) -> None:
    known = {"f_star": 2.0 * unit, "delta0": unit}
    power_law = made_run(lambda t: unit / max(t, 1.0))
    assert verdict("rate >= 0.999", power_law, **known) == "PASS"
    assert verdict("rate <= 1.001", power_law, **known) == "PASS"
    at_floor = made_run(lambda t: unit if t <= 1 else 3e-13 * unit)
    assert verdict("rate >= 40.8", at_floor, **known) == "PASS"  # log2 of 1 / (5e-13)
    assert verdict("rate >= 40.9", at_floor, **known) == "INCONCLUSIVE"


def test_one_that_begins_at_the_floor_says_nothing_of_a_rate() -> None:
    assert verdict("rate >= 0.1", made_run(), f_star_error=1.0) == "INCONCLUSIVE"


def test_seeds_at_the_floor_do_not_break_the_interval() -> None:
    runs = [made_run(), made_run(lambda t: -1e-17 if t else 1.0, seed=1)]
    finding = one("rate >= 0.9", made_problem(*runs))
    assert finding.measured == "1"
    assert finding.verdict == "INCONCLUSIVE"
    # The slope of a seed at the floor is 0, so that the interval is wide, but it is one.
    assert verdict("rate >= 7", *runs) == "FAIL"
    assert verdict("rate <= 7", *runs) == "PASS"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("suboptimality <= 0.01", "PASS"),
        ("suboptimality <= 0.0099", "FAIL"),
        ("suboptimality >= 0.01", "PASS"),
        ("suboptimality[at=10] <= 0.1", "PASS"),
        ("suboptimality[at=10] <= 0.09", "FAIL"),
        ("suboptimality[at=10, of=average] <= 0.2", "PASS"),
        ("suboptimality[at=10, of=average] <= 0.19", "FAIL"),
        ("suboptimality[of=best] <= 0.005", "PASS"),
        ("suboptimality[at=0, of=average] <= 1", "INCONCLUSIVE"),
        ("suboptimality[at=11] <= 1", "INCONCLUSIVE"),
        ("suboptimality[at=1000] <= 1", "INCONCLUSIVE"),
        ("grad_norm_sq[at=2] <= 0.25", "PASS"),
        ("grad_norm_sq <= 0.99e-4", "FAIL"),
        ("passes_to_target <= 100", "PASS"),  # 1 % of delta0 = 1
        ("passes_to_target <= 99", "FAIL"),
        ("seconds <= 10", "PASS"),
        ("seconds <= 9.9", "FAIL"),
        ("status = completed", "PASS"),
        ("status != completed", "FAIL"),
        ("test_accuracy >= 0.1", "INCONCLUSIVE"),
        ("usable_decades >= 1", "INCONCLUSIVE"),
        ("bound = pass", "INCONCLUSIVE"),
        ("rate[solver=sgd] >= 0", "INCONCLUSIVE"),
        ("rate[lr0=0.2] >= 0", "INCONCLUSIVE"),
        ("rate[solver=wngrad, lr0=0.1] >= 0.9", "PASS"),
    ],
)
def test_one_over_T(text: str, expected: str) -> None:
    finding = one(text, made_problem(made_run()))
    assert str(finding.verdict) == expected
    assert finding.reason or expected != "INCONCLUSIVE"


def test_a_checkpoint_that_is_not_there_is_told_with_its_neighbours() -> None:
    assert "10 and 20" in one("suboptimality[at=12] <= 1", made_problem(made_run())).reason


def test_the_target_of_the_run_counts() -> None:
    assert verdict("passes_to_target <= 10", made_run(), target=0.1) == "PASS"
    assert verdict("passes_to_target <= 9", made_run(), target=0.1) == "FAIL"
    assert verdict("passes_to_target <= 9", made_run(), delta0=math.nan) == "INCONCLUSIVE"


def test_the_error_of_f_star_is_what_is_not_known() -> None:
    assert verdict("suboptimality <= 0.015", made_run(), f_star_error=0.01) == "INCONCLUSIVE"
    assert verdict("suboptimality <= 0.02", made_run(), f_star_error=0.01) == "PASS"
    assert verdict("suboptimality <= 0.009", made_run(), f_star_error=0.01) == "FAIL"


def test_the_mean_over_seeds_counts() -> None:
    runs = [made_run(), made_run(lambda t: 3.0 / max(t, 1.0), seed=1)]
    assert one("suboptimality <= 1", made_problem(*runs)).measured == "0.02"


def test_after_its_target_a_run_stays_where_it_ended() -> None:
    run = cut_at(made_run(), 20, Status.REACHED_TARGET)
    assert one("suboptimality[at=100] <= 1", made_problem(run)).measured == "0.05"


@pytest.mark.parametrize("status", [Status.DIVERGED, Status.FAILED])
@pytest.mark.parametrize(
    "text",
    ["rate >= 0", "suboptimality <= 1e9", "suboptimality[at=0] <= 1e9", "passes_to_target <= 1e9"],
)
def test_what_diverged_or_failed_never_passes(status: Status, text: str) -> None:
    lost = made_run(seed=1, status=status, status_at=7, error="boom", trace={})
    assert verdict(text, made_run(), lost) == "FAIL"
    assert verdict(text, lost) == "FAIL"


def test_test_accuracy_at_a_checkpoint() -> None:
    accuracy = np.linspace(0.5, 0.9, len(T))
    run = made_run(columns={"test_loss": accuracy, "test_accuracy": accuracy})
    assert verdict("test_accuracy >= 0.9", run) == "PASS"
    assert verdict("test_accuracy[at=0] >= 0.6", run) == "FAIL"
    assert verdict("test_loss <= 0.89", run) == "FAIL"
    regression = made_run(columns={"test_loss": accuracy})
    assert "classification" in one("test_accuracy >= 0", made_problem(regression)).reason


NUMBERS = ("rate >= 0", "suboptimality <= 9", "grad_norm_sq <= 9", "passes_to_target <= 999")


@pytest.mark.parametrize("text", [*NUMBERS, "seconds <= 99"])
def test_interrupted_runs_are_not_judged(text: str) -> None:
    cut = cut_at(made_run(), 50, Status.INTERRUPTED)
    assert verdict(text, cut) == "INCONCLUSIVE"
    assert verdict(text, made_run(), cut_at(made_run(seed=1), 50, Status.INTERRUPTED)) != "PASS"


@pytest.mark.parametrize("text", [*NUMBERS, "seconds <= 99"])
def test_a_run_without_checkpoints_is_not_judged(text: str) -> None:
    empty = {name: column[:0] for name, column in made_run().trace.items()}
    assert verdict(text, made_run(trace=empty)) == "INCONCLUSIVE"
    assert verdict(text) == "INCONCLUSIVE"  # no run at all


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("rate >= 0", "suboptimality"),
        ("suboptimality <= 9", "suboptimality"),
        ("grad_norm_sq <= 9", "grad_norm_sq"),
        ("passes_to_target <= 999", "passes"),
        ("seconds <= 99", "seconds"),
    ],
)
def test_no_number_is_inconclusive(text: str, column: str) -> None:
    run = made_run(columns={column: np.full(len(T), np.nan)})
    assert verdict(text, run) == "INCONCLUSIVE"


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(-10, 10), st.sampled_from(["<=", ">="]))
def test_a_verdict_is_what_every_number_in_between_says(
    a: float, b: float, value: float, operator: str
) -> None:
    low, high = min(a, b), max(a, b)
    inside = [low, (low + high) / 2, high, *([value] if low <= value <= high else [])]
    holds = {x <= value if operator == "<=" else x >= value for x in inside}
    expected = "INCONCLUSIVE" if len(holds) == 2 else "PASS" if holds == {True} else "FAIL"
    assert compare(Measurement(a, low, high), operator, value) == expected


def test_no_number_compares() -> None:
    assert compare(Measurement(math.nan, math.nan, math.nan), "<=", 1.0) == "INCONCLUSIVE"
    assert compare(Measurement(None, None, None), ">=", 1.0) == "INCONCLUSIVE"


def test_each_solver_and_lr0_is_judged() -> None:
    other = made_run(lambda t: 1.0, lr0=7.0, solver=SolverSpec("sgd"))
    found = judge_expectation(
        parse_expectation("suboptimality <= 0.5"), made_problem(made_run(), other)
    )
    assert [(f.subject, str(f.verdict)) for f in found] == [
        ("wngrad, lr0 = 0.1", "PASS"),
        ("sgd, lr0 = 7", "FAIL"),
    ]


def test_every_problem_of_a_result_is_an_outcome() -> None:
    result = Result((), {}, [made_problem(made_run()), made_problem()])
    wanted = [parse_expectation("rate >= 0.9")]
    found = list(Gate(Control()).run(result_checks(result, wanted)))
    assert [str(o.verdict) for o in found] == ["PASS", "INCONCLUSIVE"]
    checks = result_checks(result, wanted, allow_inconclusive=True)
    allowed = list(Gate(Control()).run(checks))
    assert [o.passed for o in found] == [True, False]
    assert [o.passed for o in allowed] == [True, True]


def test_the_default_is_the_answer_of_a_solver_that_has_its_own() -> None:
    # The iterates fall like T^-1, the answers like 3 T^-2.
    answers = 3.0 / np.maximum(np.array(T, dtype=float), 1.0) ** 2
    run = made_run(columns={"suboptimality_output": answers})
    for quantity, value in (("suboptimality", 3e-4), ("suboptimality[at=10]", 0.03)):
        finding = one(f"{quantity} <= 1", made_problem(run))
        assert float(finding.measured) == pytest.approx(value)
    assert verdict("suboptimality[of=answer] <= 0.00031", run) == "PASS"
    assert verdict("suboptimality[of=last] <= 0.0099", run) == "FAIL"
    for of, rate in (("answer", 2.0), ("last", 1.0)):
        finding = one(f"rate[of={of}] >= 0", made_problem(run))
        assert float(finding.measured) == pytest.approx(rate)
    assert (
        one("rate >= 0", made_problem(run)).measured
        == one("rate[of=answer] >= 0", made_problem(run)).measured
    )
