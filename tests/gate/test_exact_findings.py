"""Findings to their last digit and word, on runs of which every number is another."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from gate_runs import T, cut_at, made_problem, made_run, made_verdict
from swept import made_problem as swept_problem

from lrbench.config.solver_spec import SolverSpec
from lrbench.gate import Finding, parse_expectation
from lrbench.gate.judge import judge_expectation
from lrbench.gate.measure import Measurement, measure_quantity
from lrbench.results import ProblemResult, Run, Status
from lrbench.study import analyse

COLUMNS = (
    *("suboptimality", "suboptimality_average", "suboptimality_best", "grad_norm_sq"),
    *("test_loss", "test_accuracy", "seconds"),
)


def irregular_run(seed: int, **changes: Any) -> Run:
    """A run of which no two numbers are the same; all of them fall."""
    rng = np.random.default_rng(seed)
    columns = {name: np.sort(rng.uniform(0.1, 0.9, len(T)))[::-1] for name in COLUMNS}
    return made_run(columns=columns, seed=seed, **changes)


RUNS = [irregular_run(seed) for seed in (3, 4, 8)]


def all_findings(text: str, problem: ProblemResult) -> list[Finding]:
    return judge_expectation(parse_expectation(text), problem)


def one(text: str, problem: ProblemResult) -> Finding:
    (finding,) = all_findings(text, problem)
    return finding


def measured(text: str, *runs: Run, **constants: Any) -> Measurement:
    return measure_quantity(parse_expectation(text), made_problem(*runs, **constants), runs)


@pytest.mark.parametrize(
    ("quantity", "column"),
    [
        ("suboptimality", "suboptimality"),
        ("suboptimality[of=answer]", "suboptimality"),
        ("suboptimality[of=last]", "suboptimality"),
        ("suboptimality[of=average]", "suboptimality_average"),
        ("suboptimality[of=best]", "suboptimality_best"),
        ("grad_norm_sq", "grad_norm_sq"),
        ("test_loss", "test_loss"),
        ("test_accuracy", "test_accuracy"),
        ("seconds", "seconds"),
    ],
)
def test_a_number_is_that_of_the_last_checkpoint_or_of_the_one_asked_for(
    quantity: str, column: str
) -> None:
    end = np.mean([run.trace[column][-1] for run in RUNS])
    finding = one(f"{quantity} <= 1", made_problem(*RUNS))
    assert (finding.measured, finding.wanted) == (f"{end:.6g}", "<= 1")
    assert finding.reason == ""
    if column == "seconds":
        return
    for row, t in enumerate(T):
        name, _, option = quantity.partition("[")
        at = f"{name}[at={t}{', ' + option[:-1] if option else ''}] <= 1"
        expected = float(np.mean([run.trace[column][row] for run in RUNS]))
        assert measured(at, *RUNS) == Measurement(expected, expected, expected)


def test_the_checkpoints_beside_one_that_is_not_there() -> None:
    cut = cut_at(RUNS[0], 20, Status.COMPLETED)
    for at, beside in ((12, "10 and 20"), (30, "20"), (20, None)):
        reason = measured(f"grad_norm_sq[at={at}] <= 1", cut).reason
        assert reason == ((beside and f"T = {at} is no checkpoint; beside it: {beside}") or "")
    reached = replace(cut, status=Status.REACHED_TARGET)
    for at, row in ((20, 7), (10, 6), (21, 7), (100, 7)):
        value = measured(f"grad_norm_sq[at={at}] <= 1", reached).value
        assert value == reached.trace["grad_norm_sq"][row]


def test_the_error_of_f_star_only_raises_a_gap() -> None:
    gap = float(np.mean([run.trace["suboptimality"][-1] for run in RUNS]))
    found = measured("suboptimality <= 1", *RUNS, f_star_error=0.03)
    assert found == Measurement(gap, gap, gap + 0.03, "f* is known to 3e-02 only")
    assert measured("suboptimality <= 1", *RUNS, f_star_error=1e-30) == Measurement(gap, gap, gap)
    squared = measured("grad_norm_sq <= 1", *RUNS, f_star_error=0.03)
    assert squared.low == squared.high


def test_a_rate_is_that_of_the_last_decade() -> None:
    bends = made_run(lambda t: 3.0 / max(t, 1.0) ** 0.5 if t < 10 else 9.0 / t**1.25)
    finding = one("rate >= 1", made_problem(bends))
    assert (finding.measured, finding.reason) == ("1.25", "fitted over T = 10 to 100")
    short = cut_at(bends, 3, Status.COMPLETED)
    assert measured("rate >= 1", short).reason == "too few checkpoints to fit a rate"
    twice = replace(bends, trace={k: np.repeat(v, 2) for k, v in bends.trace.items()})
    assert measured("rate >= 1", twice).reason == "the checkpoints are not in order"
    ordered = measured("rate >= 1", bends, irregular_run(1))
    assert (ordered.value is None) == (ordered.low is None) == (ordered.high is None) is False


def test_a_rate_down_to_the_floor_is_at_least_the_fall_over_the_time_it_took() -> None:
    run = made_run(lambda t: 0.6 if t <= 3 else 0.5 if t <= 5 else 1e-9)
    late = replace(run, trace={k: v[3:] for k, v in run.trace.items()})  # from T = 3 on
    found = measured("rate >= 1", late, f_star_error=1e-3)  # the floor is at 0.01
    expected = math.log(0.6 / 1e-2) / math.log(7 / 3)
    assert found.value == found.low == pytest.approx(expected, rel=1e-9)
    assert (found.high, found.reason) == (math.inf, "at the floor from T = 7 on")
    low = replace(late, trace=late.trace | {"suboptimality": np.full(9, 1e-3)})
    at_once = measured("rate >= 1", low, f_star_error=1e-3)
    assert at_once.reason == "at the floor from T = 3 on: f* is known to 1e-02 only"


def test_a_target_that_is_not_reached_is_named() -> None:
    finding = one("passes_to_target <= 9", made_problem(*RUNS, delta0=3.0))
    assert (finding.verdict, finding.measured) == ("FAIL", "inf")
    assert finding.reason == "F - f* <= 0.03 not reached"


def test_quantities_of_a_sweep_say_where() -> None:
    costs = {"wngrad": [[math.inf, 9.0, 4.0, math.inf]], "sgd": [[7.0, 3.0, 8.0, math.inf]]}
    problem = swept_problem([0.1, 1.0, 20.0, 300.0], costs)
    problem = replace(problem, sweep=analyse(problem))
    found = all_findings("usable_decades >= 1", problem)
    assert [(f.subject, str(f.verdict), f.measured, f.reason) for f in found] == [
        ("wngrad", "PASS", "1.30103", "from lr0 = 1 to 20"),
        ("sgd", "PASS", "2.30103", ""),
    ]
    runs = [run for run in problem.runs if run.solver.name == "sgd"]
    edge = measure_quantity(parse_expectation("usable_decades >= 1"), problem, runs)
    assert (edge.value, edge.low, edge.high) == (2.301029996, 2.301029996, math.inf)
    assert edge.reason == "from lr0 = 0.1 to 20, at the edge of the grid"
    best = all_findings("best_passes <= 3", problem)
    assert [(f.measured, f.reason) for f in best] == [("4", "at lr0 = 20"), ("3", "at lr0 = 1")]
    lost = replace(problem, sweep=analyse(replace(problem, runs=problem.runs[1:])))
    assert all_findings("best_passes <= 3", lost)[0].reason == "at lr0 = 20"


def test_a_status_names_the_first_seed_that_is_wrong() -> None:
    ends = (
        replace(RUNS[0], status=Status.STALLED, status_at=11),
        replace(RUNS[1], status=Status.DIVERGED, status_at=22),
        replace(RUNS[2], status=Status.FAILED, status_at=33, error="boom"),
    )
    finding = one("status = stalled", made_problem(*ends))
    assert (finding.measured, finding.wanted) == ("diverged, failed, stalled", "= stalled")
    assert finding.reason == "seed 4: diverged at T = 22"
    assert one("status != failed", made_problem(*ends)).reason == "seed 8: failed at T = 33 (boom)"
    assert one("status = completed", made_problem(*RUNS)).reason == ""


def test_a_lane_is_chosen_by_its_solver_and_its_lr0_up_to_the_last_digits() -> None:
    spec = SolverSpec("adam", {"beta1": 0.5}, ("beta1",))
    problem = made_problem(made_run(lr0=0.25, solver=spec), made_run(lr0=0.25))
    for name in ("adam", "adam[beta1=0.5]"):
        found = judge_expectation(
            replace(parse_expectation("rate >= 0.9"), options={"solver": name}), problem
        )
        assert [f.subject for f in found] == ["adam[beta1=0.5], lr0 = 0.25"]
    for factor, n_findings in ((1 + 4e-10, 2), (1 - 4e-10, 2), (1 + 4e-9, 1)):
        found = all_findings(f"rate[lr0={0.25 * factor!r}] >= 0.9", problem)
        assert len(found) == n_findings
    missing = one("rate[solver=sgd, lr0=3] >= 0.9", problem)
    assert missing.reason == "there is no run with solver = sgd, lr0 = 3"


def test_runs_that_are_incomplete_are_counted() -> None:
    cut = cut_at(irregular_run(5), 50, Status.INTERRUPTED)
    problem = made_problem(*RUNS, cut, verdicts=[made_verdict()])
    assert one("bound = pass", problem).reason == "1 of 4 runs interrupted"
    assert one("rate >= 1", problem).reason == "1 of 4 runs were interrupted"


def test_the_numbers_of_a_bound_are_those_of_the_last_checkpoint() -> None:
    numbers: dict[str, Any] = {
        "iteration": [1, 10, 70, 100],
        "bound": [7.5, 3.25, 2.125, 1.75],
        "metric": [6.5, 2.75, 1.625, 0.375],
    }
    problem = made_problem(made_run(), verdicts=[made_verdict(**numbers)])
    finding = one("bound = pass", problem)
    assert (finding.measured, finding.wanted) == ("0.375", "<= 1.75")
    assert finding.subject == "wngrad, lr0 = 0.1, C1"
    for failed_at, row in ((1, 0), (10, 1), (70, 2), (100, 3), (15, 3)):
        wrong = made_verdict(bound_verdict="fail", failed_at=failed_at, reason="so", **numbers)
        finding = one("bound = pass", made_problem(made_run(), verdicts=[wrong]))
        assert finding.measured == f"{numbers['metric'][row]:.4g}"
        assert finding.wanted == f"<= {numbers['bound'][row]:.4g}"
        assert finding.reason == f"violated at T = {failed_at}: so"
    diverged = made_verdict(bound_verdict="fail", reason="diverged", **numbers)
    finding = one("bound = pass", made_problem(made_run(), verdicts=[diverged]))
    assert finding.reason == "diverged"
    vacuous = made_verdict(bound_verdict="vacuous", **numbers)
    finding = one("bound = pass", made_problem(made_run(), verdicts=[vacuous]))
    assert finding.reason == "weak: it promises no more than doing nothing"
    order = made_verdict(
        order={"kind": "power", "value": -0.625}, order_verdict="inconclusive", order_reason="why"
    )
    finding = one("order = pass", made_problem(made_run(), verdicts=[order]))
    assert (finding.measured, finding.wanted, finding.reason) == ("-", "<= -0.625", "why")


def test_at_most_four_reasons_are_listed() -> None:
    def reason(n_theorems: int, text: str = "bound = pass") -> str:
        verdicts = [
            made_verdict(theorem=f"C{k}", applies=False, reason=f"no {k}")
            for k in range(1, n_theorems + 1)
        ]
        return one(text, made_problem(made_run(), verdicts=verdicts)).reason

    four = "no theorem applies: C1: no 1; C2: no 2; C3: no 3; C4: no 4"
    assert reason(4) == four
    assert reason(5) == reason(6) == f"{four}; ..."
    assert reason(5, "bound[theorem=C2] = pass") == "C2 does not apply: no 2"
    assert reason(1, "bound[theorem=C2] = pass") == "C2 does not apply"


def test_a_certificate_counts_if_one_of_its_bounds_is_a_number() -> None:
    silent = made_verdict(theorem="C2", bound=[math.nan] * 3, bound_verdict="none")
    partly = made_verdict(theorem="C3", bound=[math.nan, 2.0, math.nan])
    problem = made_problem(made_run(), verdicts=[made_verdict(), silent, partly])
    subjects = [finding.subject for finding in all_findings("bound = pass", problem)]
    assert subjects == ["wngrad, lr0 = 0.1, C1", "wngrad, lr0 = 0.1, C3"]
    assert one("bound[theorem=C2] = pass", problem).verdict == "INCONCLUSIVE"


def test_what_is_lost_is_the_worst_of_its_kind() -> None:
    lost = replace(RUNS[1], status=Status.DIVERGED, status_at=7)
    for text, worst in (("test_accuracy >= 0", -math.inf), ("test_loss <= 9", math.inf)):
        found = measured(text, RUNS[0], lost)
        assert found == Measurement(worst, worst, worst, "diverged at T = 7")
    assert measured("rate >= 0", RUNS[0], lost).value == -math.inf


def test_one_run_without_a_checkpoint_is_enough_to_know_nothing() -> None:
    empty = replace(RUNS[1], trace={name: column[:0] for name, column in RUNS[1].trace.items()})
    for text in ("rate >= 0", "suboptimality <= 9", "seconds <= 9"):
        assert measured(text, RUNS[0], empty) == Measurement(
            None, None, None, "a run has no checkpoint"
        )
