"""Baselines: what differs, what does not, what is not gated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from gate_runs import made_problem, made_run
from hypothesis import given
from hypothesis import strategies as st

from lrbench.gate import Finding
from lrbench.gate.baseline import Baseline, lane_of
from lrbench.gate.paired import TOLERANCE, Allowance, compare_with
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
