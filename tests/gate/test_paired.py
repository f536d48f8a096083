"""Baselines: what differs, what does not, what is not gated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from gate_runs import T, made_problem, made_run
from hypothesis import given
from hypothesis import strategies as st

from lrbench.gate import Finding
from lrbench.gate.baseline import Baseline, lane_of
from lrbench.gate.paired import TOLERANCE, Allowance, allowance, compare_with
from lrbench.results import Run, Status


def against(runs: list[Run], before: list[Run], **changes: Any) -> list[Finding]:
    left_out = changes.pop("unstable", {})
    entry = Baseline("a", "f", "p", (lane_of(before, left_out, 8),))
    return list(compare_with(replace(entry, **changes), "p", made_problem(*runs), TOLERANCE))


def only(runs: list[Run], before: list[Run], **changes: Any) -> Finding:
    (finding,) = against(runs, before, **changes)
    return finding


def changed(run: Run, column: str, row: int, factor: float) -> Run:
    values = run.trace[column].copy()
    values[row] *= factor
    return replace(run, trace=run.trace | {column: values})


def test_the_same_run_passes() -> None:
    finding = only([made_run()], [made_run()])
    assert (finding.verdict, finding.measured, finding.wanted) == ("PASS", "0.01", "0.01")


@pytest.mark.parametrize("column", ["suboptimality", "suboptimality_average"])
@pytest.mark.parametrize("row", [1, 6, 11])  # T = 1, 10, 100
def test_a_change_beyond_the_tolerance_is_seen_where_it_begins(column: str, row: int) -> None:
    name = {"suboptimality": "last", "suboptimality_average": "average"}[column]
    finding = only([changed(made_run(), column, row, 1 + 2e-6)], [made_run()])
    assert finding.verdict == "FAIL"
    assert finding.trajectory is not None
    assert finding.trajectory.what == name
    assert finding.trajectory.parts_at == {1: 1, 6: 10, 11: 100}[row]
    assert "1e-06" in finding.reason
    assert finding.measured != finding.wanted
    assert only([changed(made_run(), column, row, 1 + 5e-7)], [made_run()]).verdict == "PASS"


def test_one_more_sample_gradient_is_one_too_many() -> None:
    run = made_run()
    passes = run.trace["passes"].copy()
    passes[-1] += 1 / 8
    finding = only([replace(run, trace=run.trace | {"passes": passes})], [made_run()])
    assert (finding.verdict, finding.measured, finding.wanted) == ("FAIL", "801", "800")


def test_another_ending_fails() -> None:
    finding = only([made_run(status=Status.DIVERGED)], [made_run()])
    assert (finding.verdict, finding.measured, finding.wanted) == ("FAIL", "diverged", "completed")


def test_seeds_are_compared_one_by_one() -> None:
    a, b = made_run(), made_run(lambda t: 2 / max(t, 1), seed=1)
    assert only([a, b], [a, b]).verdict == "PASS"
    finding = only([replace(b, seed=0), replace(a, seed=1)], [a, b])  # the mean is the same
    assert finding.verdict == "FAIL"
    assert "seed 0" in finding.reason
    assert only([a], [a, b]).verdict == "FAIL"
    assert only([a, replace(b, seed=2)], [a, b]).verdict == "FAIL"


def test_lanes_that_are_missing_or_new_fail() -> None:
    finding = only([], [made_run()])
    assert (finding.verdict, finding.reason) == ("FAIL", "it was not run")
    found = against([made_run(), made_run(lr0=0.2)], [made_run()])
    assert [str(f.verdict) for f in found] == ["PASS", "FAIL"]


def test_an_lr0_in_units_of_L_may_move_in_its_last_digits() -> None:
    assert only([made_run(lr0=0.1 * (1 + 1e-12))], [made_run()]).verdict == "PASS"
    assert [str(f.verdict) for f in against([made_run(lr0=0.1001)], [made_run()])] == ["FAIL"] * 2


@pytest.mark.parametrize(
    ("key", "what"),
    [("plan", "its baseline is of: another"), ("fingerprint", "the problem or its data")],
)
def test_a_baseline_of_something_else_fails(key: str, what: str) -> None:
    finding = only([made_run()], [made_run()], **{key: "another"})
    assert finding.verdict == "FAIL"
    assert finding.reason.startswith(what)
    assert "lrbench check --update-baseline a" in finding.reason


def test_a_baseline_of_another_rule_of_arrival_says_how_it_is_kept() -> None:
    runs, plan = [made_run()], "a, sweep, 9 checkpoints a decade"
    entry = Baseline("a", "f", plan, (lane_of(runs, {}, 8),))
    confirmed = "a, sweep, arrival = confirmed, 9 checkpoints a decade"
    (finding,) = compare_with(entry, confirmed, made_problem(*runs), TOLERANCE)
    assert finding.reason.startswith("runs arrive by the rule confirmed, and in its baseline by")
    assert 'by first; write arrival = "first" in the check to keep it, or' in finding.reason
    entry = replace(entry, plan=confirmed)
    (finding,) = compare_with(entry, plan, made_problem(*runs), TOLERANCE)
    assert 'write arrival = "confirmed"' in finding.reason
    (finding,) = compare_with(entry, "b, sweep", made_problem(*runs), TOLERANCE)
    assert finding.reason.startswith("its baseline is of: a, sweep, arrival = confirmed")


def test_unstable_lanes_are_not_gated() -> None:
    stable, wild = made_run(), made_run(lambda t: 1e9, lr0=50.0)
    lanes = lane_of([stable], {}, 8), lane_of([made_run(lr0=50.0)], {0: "above 1/L"}, 8)
    entry = Baseline("a", "f", "p", lanes)
    found = list(compare_with(entry, "p", made_problem(stable, wild), TOLERANCE))
    assert [(f.subject, str(f.verdict)) for f in found] == [("wngrad, lr0 = 0.1", "PASS")]


def test_a_baseline_that_gates_nothing_does_not_pass() -> None:
    finding = only([made_run()], [made_run()], unstable={0: "above 1/L"})
    assert finding.verdict == "INCONCLUSIVE"
    assert "nothing is gated" in finding.reason


def test_an_unstable_seed_leaves_the_others_gated() -> None:
    a, b = made_run(), made_run(seed=1)
    wild = replace(b, trace=b.trace | {"suboptimality": b.trace["suboptimality"] * 2})
    finding = only([a, wild], [a, b], unstable={1: "above 1/L"})
    assert finding.verdict == "PASS"
    assert "1 unstable seed" in finding.reason


def test_other_checkpoints_fail() -> None:
    sparse = {k: v[[0, 1, 2, 6, 11]] for k, v in made_run().trace.items()}
    finding = only([made_run(trace=sparse)], [made_run()])
    assert (finding.verdict, finding.reason) == ("FAIL", "other checkpoints")


def test_a_run_without_a_trace_fails() -> None:
    assert only([made_run(trace={}, status=Status.FAILED)], [made_run()]).verdict == "FAIL"


def irregular_run(seed: int, **changes: Any) -> Run:
    """A run of which no two numbers are the same."""
    rng = np.random.default_rng(seed)
    columns = {
        name: np.sort(rng.uniform(0.1, 0.9, len(T)))[::-1]
        for name in ("suboptimality", "suboptimality_average")
    }
    return made_run(columns=columns, seed=seed, **changes)


def test_a_baseline_gates_if_one_of_its_lanes_does() -> None:
    lanes = (
        lane_of([made_run()], {0: "above 1/L"}, 8),
        lane_of([made_run(lr0=0.2)], {}, 8),
    )
    problem = made_problem(made_run(), made_run(lr0=0.2))
    found = list(compare_with(Baseline("a", "f", "p", lanes), "p", problem, TOLERANCE))
    assert [(f.subject, str(f.verdict)) for f in found] == [("wngrad, lr0 = 0.2", "PASS")]


def ends_of(runs: list[Run]) -> str:
    return f"{np.mean([run.trace['suboptimality'][-1] for run in runs]):.8g}"


def test_both_numbers_of_a_difference_are_those_of_its_checkpoint() -> None:
    run = irregular_run(3)
    for row, t in ((1, 1), (2, 2), (4, 5), (7, 20), (11, 100)):
        for factor in (3.0, 0.25):
            finding = only([changed(run, "suboptimality", row, factor)], [run])
            before = run.trace["suboptimality"][row]
            assert (finding.measured, finding.wanted) == (f"{factor * before:.8g}", f"{before:.8g}")
            relative = max(factor - 1, 1 - factor) / max(factor, 1.0)
            assert finding.reason == (
                f"last parts at T = {t}, by {relative:.1e} relative (allowed 1e-06)"
            )
    # T = 3, 7, 30 and 70 are no checkpoints of a baseline.
    assert only([changed(run, "suboptimality", 3, 3.0)], [run]).verdict == "PASS"


def test_the_column_that_differs_first_is_named() -> None:
    run = irregular_run(3)
    both = changed(changed(run, "suboptimality", 7, 2.0), "suboptimality_average", 4, 1.5)
    assert only([both], [run]).reason.startswith("average parts at T = 5,")
    both = changed(changed(run, "suboptimality", 4, 1.5), "suboptimality_average", 7, 2.0)
    assert only([both], [run]).reason.startswith("last parts at T = 5,")
    lost = changed(run, "suboptimality", 4, np.nan)
    assert only([lost], [run]).reason == "last parts at T = 5, by inf relative (allowed 1e-06)"


def test_an_end_of_one_seed_differs_later_than_a_mean() -> None:
    a, b = irregular_run(3), irregular_run(4)
    # The mean of the two ends stays what it was.
    moved = [changed(a, "suboptimality", 11, 1.0), changed(b, "suboptimality", 11, 1.0)]
    for run, by in zip(moved, (0.01, -0.01), strict=True):
        run.trace["suboptimality"][11] += by
    finding = only(moved, [a, b])
    assert finding.reason.startswith("last of seed 3 at its end, by ")
    end = a.trace["suboptimality"][11]
    assert (finding.measured, finding.wanted) == (f"{end + 0.01:.8g}", f"{end:.8g}")
    assert finding.trajectory is not None
    assert finding.trajectory.parts_at is None
    moved[0] = changed(moved[0], "suboptimality_average", 10, 2.0)  # T = 70 is no checkpoint
    assert only(moved, [a, b]).reason.startswith("last of seed 3")
    moved[0] = changed(moved[0], "suboptimality_average", 9, 2.0)  # T = 50
    assert only(moved, [a, b]).reason.startswith("average parts at T = 50")


def test_seeds_and_lanes_that_differ_are_named() -> None:
    runs = [irregular_run(seed) for seed in (3, 4, 8)]
    ended = [*runs[:2], replace(runs[2], status=Status.STALLED)]
    finding = only(ended, runs)
    assert (finding.measured, finding.wanted) == ("stalled", "completed")
    assert finding.reason == "the status of seed 8"
    dearer = changed(runs[1], "passes", -1, 1.25)
    finding = only([runs[0], dearer, runs[2]], runs)
    assert (finding.measured, finding.wanted) == ("1000", "800")
    assert finding.reason == "sample gradients of seed 4"
    finding = only(runs[:2], runs)
    assert (finding.reason, finding.wanted) == ("a seed was not run", "the same")
    # The order of the runs does not matter.
    assert only(runs[::-1], runs).verdict == "PASS"
    finding = only(runs, runs)
    assert (finding.measured, finding.wanted, finding.reason) == (
        ends_of(runs),
        ends_of(runs),
        "the same",
    )
    few = only(runs, runs, unstable={4: "so"})
    assert few.measured == ends_of([runs[0], runs[2]])
    assert few.reason == "the same; 1 unstable seed is not gated"
    fewer = only(runs, runs, unstable={4: "so", 8: "so"})
    assert fewer.reason == "the same; 2 unstable seeds are not gated"
    short = {name: column[:10] for name, column in runs[0].trace.items()}
    finding = only([replace(runs[0], trace=short | {"passes": np.full(10, 100.0)})], [runs[0]])
    assert (finding.measured, finding.wanted, finding.reason) == ("7", "8", "other checkpoints")
    lost = replace(runs[0], trace={}, status=Status.FAILED)
    finding = only([lost], [runs[0]])
    assert (finding.measured, finding.wanted, finding.reason) == ("failed", "completed", "no trace")


def test_the_lr0_of_a_lane_may_move_by_1e_9() -> None:
    run = irregular_run(3)
    for factor, n_findings in ((1 + 8e-10, 1), (1 - 8e-10, 1), (1 + 1.5e-9, 2)):
        assert len(against([replace(run, lr0=0.1 * factor)], [run])) == n_findings


def test_what_is_allowed_beside_the_tolerance_is_what_both_gaps_are_known_to() -> None:
    for f_star, delta0, error in ((-7.0, 3.0, 0.25), (5.0, 2.0, 0.0), (0.0, 11.0, 1e-14)):
        problem = made_problem(f_star=f_star, delta0=delta0, f_star_error=error)
        size = abs(f_star) + abs(f_star + delta0)
        eps = float(np.finfo(np.float64).eps)
        allowed = allowance(problem, 1e-3)
        assert allowed.tolerance == 1e-3
        assert allowed.rounding == pytest.approx(64 * eps * size + 2 * error, rel=1e-12, abs=0)
    assert allowance(made_problem()).tolerance == TOLERANCE


def test_two_gaps_within_the_error_of_f_star_are_the_same() -> None:
    run = irregular_run(3)
    entry = Baseline("a", "f", "p", (lane_of([run], {}, 8),))
    for by, verdict in ((1.9e-3, "PASS"), (2.1e-3, "FAIL"), (-1.9e-3, "PASS"), (-2.1e-3, "FAIL")):
        moved = replace(run, trace=run.trace | {"suboptimality": run.trace["suboptimality"] + by})
        problem = made_problem(moved, f_star_error=1e-3)
        (finding,) = compare_with(entry, "p", problem, 1e-7)
        assert finding.verdict == verdict


def test_infinite_numbers_are_apart_unless_they_are_the_same() -> None:
    inf = float("inf")
    allowed = Allowance(0.5, 1.0)
    assert not allowed.apart(inf, inf)
    assert allowed.apart(inf, -inf)
    assert allowed.apart(inf, 1.0)
    assert allowed.apart(1.0, -inf)
    assert not allowed.apart(3.0, 0.5)  # 2.5 apart, which is allowed
    assert allowed.apart(3.0, 0.5 - 1e-9)


NUMBER = st.floats(-1e6, 1e6) | st.just(float("nan"))


@given(NUMBER, NUMBER, st.floats(1e-7, 0.5), st.floats(0, 1e-6))
def test_apart_is_symmetric_and_allows_what_it_says(
    a: float, b: float, tolerance: float, rounding: float
) -> None:
    allowed = Allowance(tolerance, rounding)
    assert allowed.apart(a, b) == allowed.apart(b, a)
    assert not allowed.apart(a, a)
    if np.isnan(a) or np.isnan(b):
        assert allowed.apart(a, b) == (np.isnan(a) != np.isnan(b))
    else:
        assert allowed.apart(a, b) == (abs(a - b) > tolerance * max(abs(a), abs(b)) + rounding)


def test_a_lane_without_lr0_is_paired_by_its_solver() -> None:
    run = made_run(lr0=None, over={})
    passed = only([run], [run])
    assert (passed.verdict, passed.subject) == ("PASS", "wngrad")
    failed = only([changed(run, "suboptimality", 6, 1.1)], [run])
    assert (failed.verdict, failed.subject) == ("FAIL", "wngrad")
    # A baseline from when it had an lr0 is that of another lane.
    subjects = [(f.subject, f.reason) for f in against([run], [made_run(lr0=0.1)])]
    assert subjects == [
        ("wngrad", "it is not in the baseline"),
        ("wngrad, lr0 = 0.1", "it was not run"),
    ]
