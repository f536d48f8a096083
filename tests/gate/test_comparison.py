"""Results compared lane by lane: ratios, and paired tests against those of SciPy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.stats
from gate_runs import cut_at, made_problem, made_run

from lrbench.errors import UsageError
from lrbench.gate.compare_results import Rules, compare
from lrbench.gate.comparison import Change, Comparison, LaneComparison
from lrbench.gate.paired_test import paired_test
from lrbench.objective.about import AboutBackend
from lrbench.results import Result, Run, Status

FACTORS = (
    (1.31, 1.12, 1.37, 1.18, 1.23),
    (0.93, 1.04, 1.01, 0.88, 1.11),
    (0.5, 0.41, 0.47, 0.6, 0.38),
)
"""Lane -> the ratio of each seed."""

LR0 = (0.013, 0.7, 21.0)
ENVIRONMENT = {"numpy": "1.26.0", "threads": 1}


def result(runs: Sequence[Run], environment: Any = None, **header: Any) -> Result:
    return Result(
        (), ENVIRONMENT if environment is None else environment, [made_problem(*runs, **header)]
    )


def curve(size: float, t: float) -> float:
    return size / (1.0 + t)


def lane(k: int, factors: Sequence[float], **changes: Any) -> list[Run]:
    """The runs of a lane, of which each seed has its own curve."""
    options: dict[str, Any] = {"setting": "stochastic", "batch_size": 3, "sampling": "replacement"}
    return [
        made_run(
            partial(curve, f * (2.0 + s + k)),
            lr0=LR0[k],
            seed=s,
            **options | changes,
        )
        for s, f in enumerate(factors)
    ]


def lanes_of(comparison: Comparison) -> tuple[LaneComparison, ...]:
    (problem,) = comparison.problems
    return problem.lanes


def compared(base: Sequence[Run], other: Sequence[Run], **rules: Any) -> tuple[LaneComparison, ...]:
    return lanes_of(compare(result(base), result(other), Rules(**rules), ("a", "b")))


def ones(n: int = 5) -> Sequence[float]:
    return (1.0,) * n


def test_ratios_and_tests_are_those_of_scipy() -> None:
    base = [run for k in range(3) for run in lane(k, ones())]
    other = [run for k in range(3) for run in lane(k, FACTORS[k])]
    rows = compared(base, other)
    logs = [np.log(factors) for factors in FACTORS]
    tests = [scipy.stats.ttest_rel(log, np.zeros(5)) for log in logs]
    order = np.argsort([test.pvalue for test in tests])
    running, adjusted = 0.0, {}
    for rank, k in enumerate(order):
        running = max(running, min(1.0, tests[k].pvalue * (3 - rank)))
        adjusted[k] = running
    for k, row in enumerate(rows):
        assert row.value == LR0[k]
        assert row.seeds == (0, 1, 2, 3, 4)
        assert row.iteration == 100
        assert row.base == pytest.approx(np.mean([(2.0 + s + k) / 101.0 for s in range(5)]))
        assert row.ratio == pytest.approx(float(np.exp(logs[k].mean())))
        assert row.p == pytest.approx(tests[k].pvalue)
        assert row.p_adjusted == pytest.approx(adjusted[k])
        ends = tests[k].confidence_interval(0.95)
        assert row.ratio_interval == pytest.approx((math.exp(ends.low), math.exp(ends.high)))
    assert [row.change for row in rows] == [Change.WORSE, Change.UNCLEAR, Change.BETTER]
    assert rows[1].reason == "the difference may be chance"


def test_the_level_is_that_of_all_tests_together() -> None:
    """One p of 0.03 is a change; among ten others it is not."""
    rng = np.random.default_rng(4)
    shifted = np.exp(0.1 + 0.1 * rng.standard_normal(5)).tolist()
    alone = compared(lane(0, ones()), lane(0, shifted))[0]
    assert alone.p is not None
    level = 2.0 * alone.p
    assert compared(lane(0, ones()), lane(0, shifted), level=level)[0].change is Change.WORSE
    base = [r for k in range(3) for r in lane(k, ones())]
    others = [*lane(0, shifted), *lane(1, FACTORS[1]), *lane(2, FACTORS[1][::-1])]
    assert compared(base, others, level=level)[0].change is Change.UNCLEAR


MIXED = ([-1.0, 0.0, 2.5, 4.0], [0.5, 0.7, 2.4, 9.0])


@pytest.mark.parametrize(
    ("a", "b", "p"),
    [
        (list(range(1, 7)), [math.inf] * 6, scipy.stats.binomtest(0, 6).pvalue),
        ([1, math.inf, 3, 4], [2, math.inf, 1, math.inf], scipy.stats.binomtest(1, 3).pvalue),
        (*MIXED, scipy.stats.ttest_rel(*MIXED).pvalue),
    ],
)
def test_infinite_and_negative_numbers_are_tested_too(
    a: list[float], b: list[float], p: float
) -> None:
    assert paired_test(a, b).p == pytest.approx(p)
    assert paired_test(b, a).p == pytest.approx(p)


@pytest.mark.parametrize(
    ("factor", "change"),
    [(1.0, "same"), (1.0 + 1e-9, "same"), (1.01, "worse"), (0.99, "better")],
)
def test_full_batches_are_compared_without_a_test(factor: float, change: str) -> None:
    full = {"setting": "batch", "sampling": None, "batch_size": 8}
    row = compared(lane(1, [1.0], **full), lane(1, [factor], **full))[0]
    assert (row.change, row.p) == (change, None)
    assert row.ratio == pytest.approx(factor)


def test_one_seed_of_minibatches_is_unclear() -> None:
    row = compared(lane(0, [1.0]), lane(0, [3.0]))[0]
    assert row.change is Change.UNCLEAR
    assert row.reason == "one seed: no difference can be tested"


def test_only_common_seeds_are_compared() -> None:
    row = compared(lane(0, ones(5))[:4], lane(0, FACTORS[0])[1:])[0]
    assert row.seeds == (1, 2, 3)
    assert row.ratio == pytest.approx(float(np.exp(np.log(FACTORS[0][1:4]).mean())))


def test_runs_of_other_lengths_are_compared_at_their_last_common_checkpoint() -> None:
    base = lane(0, ones())
    other = [cut_at(run, 30, Status.COMPLETED) for run in lane(0, FACTORS[0])]
    row = compared(base, other)[0]
    assert (row.iteration, row.ends) == (30, (100, 30))
    assert row.ratio == pytest.approx(float(np.exp(np.log(FACTORS[0]).mean())))


@pytest.mark.parametrize(
    ("status", "change"),
    [(Status.DIVERGED, Change.WORSE), (Status.FAILED, Change.NOT_COMPARABLE)],
)
def test_a_lost_run_is_worse_and_a_failed_one_is_not_known(status: Status, change: Change) -> None:
    lost = [cut_at(run, 20, status) for run in lane(0, ones(7))]
    row = compared(lane(0, ones(7)), lost)[0]
    assert row.change is change
    assert row.p == (pytest.approx(2 * 0.5**7) if change is Change.WORSE else None)
    assert compared(lost, lost)[0].change is (Change.SAME if row.p else Change.NOT_COMPARABLE)


@pytest.mark.parametrize(("factor", "change"), [(1.5, "worse"), (0.6, "better")])
def test_a_run_that_diverged_on_each_side_hides_no_direction(factor: float, change: str) -> None:
    """Most seeds are worse, and both means are infinite."""
    runs = [lane(0, [k * f for k in ones(14)]) for f in (1.0, factor)]
    for side, seed in enumerate((3, 7)):
        runs[side][seed] = cut_at(runs[side][seed], 20, Status.DIVERGED)
    base, other = runs
    row = compared(base, other)[0]
    assert (row.base, row.other) == (math.inf, math.inf)
    n_greater = 13 if factor > 1.0 else 1
    assert row.p == pytest.approx(scipy.stats.binomtest(n_greater, 14).pvalue)
    assert row.change == change
    opposite = {"worse": "better", "better": "worse"}[change]
    assert compared(other, base)[0].change == opposite


def test_the_direction_is_that_of_the_test_and_not_of_medians() -> None:
    """The mean of the logarithms falls, and the median of the numbers rises."""
    factors = (1.02, 1.02, 1.03, 0.001, 0.0012, 0.0011, 1.02)
    a = [2.0, 3.0, 4.0, 9.0, 8.0, 7.0, 5.0]
    test = paired_test(a, [x * f for x, f in zip(a, factors, strict=True)])
    assert not test.greater
    greater = scipy.stats.ttest_1samp(np.log(factors), 0.0)
    assert test.p == pytest.approx(greater.pvalue)
    assert greater.statistic < 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"batch_size": 5}, "batches of 3 with replacement and batches of 5 with replacement"),
        ({"sampling": "reshuffle"}, "batches of 3 with replacement and batches of 3 reshuffled"),
        ({"setting": "batch"}, "batches of 3 with replacement and full batches"),
    ],
)  # fmt: skip
def test_other_settings_are_not_compared(changes: dict[str, Any], reason: str) -> None:
    row = compared(lane(0, ones()), lane(0, ones(), **changes))[0]
    assert (row.change, row.reason) == (Change.NOT_COMPARABLE, reason)


def test_lanes_of_one_result_alone_are_named() -> None:
    rows = compared([*lane(0, ones()), *lane(1, ones())], [*lane(0, ones()), *lane(2, ones())])
    assert [(row.value, row.reason) for row in rows[1:]] == [
        (LR0[1], "it is in the base alone"),
        (LR0[2], "it is not in the base"),
    ]


def test_a_value_may_differ_in_its_last_digits() -> None:
    moved = [replace(run, lr0=LR0[0] * (1.0 + 3e-15), over={}) for run in lane(0, FACTORS[0])]
    (row,) = compared(lane(0, ones()), moved)
    assert row.change is Change.WORSE


def test_passes_are_those_of_the_first_checkpoint_at_the_target() -> None:
    base, other = lane(0, ones()), lane(0, FACTORS[2])
    problem = result(base, target=0.1)
    comparison = compare(problem, result(other, target=0.1), Rules("passes"), ("a", "b"))
    (row,) = lanes_of(comparison)
    costs = [
        [float(r.trace["passes"][np.argmax(r.trace["suboptimality"] <= 0.1)]) for r in runs]
        for runs in (base, other)
    ]
    assert (row.base, row.other) == (np.median(costs[0]), np.median(costs[1]))
    assert row.ratio == pytest.approx(float(np.exp(np.mean(np.log(np.divide(costs[1], costs[0]))))))
    assert comparison.problems[0].quantity == "passes to F - f* <= 0.1 (arrival: first)"


def test_a_budget_that_ended_before_says_nothing_of_passes() -> None:
    short = [cut_at(run, 10, Status.COMPLETED) for run in lane(0, ones())]
    base, other = result(lane(0, ones()), target=0.1), result(short, target=0.1)
    (row,) = lanes_of(compare(base, other, Rules("passes"), ("a", "b")))
    assert row.change is Change.NOT_COMPARABLE
    diverged = result([replace(r, status=Status.DIVERGED) for r in short], target=0.1)
    (row,) = lanes_of(compare(base, diverged, Rules("passes"), ("a", "b")))
    assert math.isinf(row.other)


def test_what_differs_of_the_environment_is_named() -> None:
    other = {"numpy": "2.1.0", "threads": 1, "cpus": 7}
    comparison = compare(
        result(lane(0, ones())), result(lane(0, ones()), other), Rules(), ("a", "b")
    )
    assert comparison.environment == {"numpy": ("1.26.0", "2.1.0"), "cpus": (None, 7)}


def test_what_computed_a_network_is_of_the_environment() -> None:
    torch = AboutBackend("torch", "2.9", "float32", "cuda", 1e-6)
    base, other = result(lane(0, ones())), result(lane(0, ones()), backend=torch)
    comparison = compare(base, other, Rules(), ("a", "b"))
    assert comparison.environment == {"backend": ("NumPy", "torch 2.9 float32 on cuda")}


def test_other_problems_and_other_data_are_refused() -> None:
    base = result(lane(0, ones()))
    renamed = replace(base, problems=[replace(base.problems[0], name="else")])
    with pytest.raises(UsageError, match="have no problem in common: made, and else"):
        compare(base, renamed, Rules(), ("a", "b"))
    with pytest.raises(UsageError, match="the problem made of b is another than that of a"):
        compare(base, result(lane(0, ones()), fingerprint="other"), Rules(), ("a", "b"))
    both = replace(base, problems=[*base.problems, *renamed.problems])
    assert compare(both, base, Rules(), ("a", "b")).only_base == ("else",)
    assert compare(base, both, Rules(), ("a", "b")).only_other == ("else",)
