"""The measures of sensitivity at cases worked out by hand, and against every draw in rationals."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from made_header import with_header
from swept import made_problem

from lrbench.results import SCHEMA, ProblemResult, Result, Status, environment
from lrbench.results.common_setting import CommonSetting, NoCommonSetting, common_settings
from lrbench.results.grid import log_weights
from lrbench.results.measures import Measures, Reason
from lrbench.study import analyse
from lrbench.study.draws import draws, expected_best, lr_sensitivity
from lrbench.study.exponent import exponent_of_gap, exponent_of_passes
from lrbench.study.price import price

ROOT = Path(__file__).parent.parent.parent
INF, NAN = math.inf, math.nan


def exact_weights(powers: list[int]) -> list[Fraction]:
    """Weights of the grid 2^power: the part of the range that is nearest to each point."""
    if len(powers) == 1:
        return [Fraction(1)]
    ends = [Fraction(powers[0]), Fraction(powers[-1])]
    middles = [ends[0], *(Fraction(a + b, 2) for a, b in itertools.pairwise(powers)), ends[1]]
    return [(b - a) / (ends[1] - ends[0]) for a, b in itertools.pairwise(middles)]


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[int], list[list[Fraction]]]:
    """Draw the powers of 2 of an irregular grid, and gaps of one to three seeds in rationals."""
    powers = sorted(draw(st.sets(st.integers(-9, 9), min_size=1, max_size=4)))
    gap = st.sampled_from([Fraction(1, 8), Fraction(1, 4), Fraction(1, 2), Fraction(7, 8)])
    row = st.lists(gap, min_size=len(powers), max_size=len(powers))
    return powers, draw(st.lists(row, min_size=1, max_size=2))


@given(cases())
def test_the_expected_best_is_the_mean_over_all_draws(
    case: tuple[list[int], list[list[Fraction]]],
) -> None:
    powers, rows = case
    delta0 = Fraction(3, 4)  # below the largest gap, which counts as this one
    weights = exact_weights(powers)
    outcomes = [
        (weight / len(rows), min(row[k], delta0))
        for k, weight in enumerate(weights)
        for row in rows
    ]
    values, gap = [2.0**power for power in powers], np.array(rows, dtype=float)
    found = expected_best(values, gap, float(delta0), (1, 2, 3))
    for k in (1, 2, 3):
        mean = sum(
            math.prod(weight for weight, _ in several) * min(level for _, level in several)
            for several in itertools.product(outcomes, repeat=k)
        )
        assert found[str(k)] == pytest.approx(float(mean), rel=1e-13)
    levels = [sum(min(row[k], delta0) for row in rows) / len(rows) for k in range(len(powers))]
    loss = sum(w * level for w, level in zip(weights, levels, strict=True)) - min(levels)
    expected = pytest.approx(float(loss / delta0), abs=1e-14)
    assert lr_sensitivity(values, gap, float(delta0)) == expected


@given(cases(), st.data())
def test_draws_are_enough_and_one_fewer_is_not(
    case: tuple[list[int], list[list[Fraction]]], data: st.DataObject
) -> None:
    powers, rows = case
    ends = st.sampled_from([3.0, INF, NAN])
    passes = np.array([[data.draw(ends) for _ in row] for row in rows])
    known = [[p for p in column if not math.isnan(p)] for column in passes.T.tolist()]
    found = draws([2.0**power for power in powers], passes)
    if not all(known):
        assert found == "missing_runs"
        return
    failure = sum(
        weight * Fraction(sum(p == INF for p in column), len(column))
        for weight, column in zip(exact_weights(powers), known, strict=True)
    )
    if failure == 1:
        assert found == INF
        return
    least = next(k for k in itertools.count(1) if failure**k <= Fraction(1, 10))
    assert (type(found), found) == (int, least)


def test_one_draw_is_enough_where_nine_of_ten_arrive() -> None:
    passes = np.array([[3.0]] * 9 + [[INF]])
    assert draws([1.0], passes) == 1
    assert draws([1.0], passes[1:]) == 2  # 8 of 9
    # The first of six values has half of a weight of 1/5.
    assert draws([10.0**k for k in range(6)], np.array([[INF, *[3.0] * 5]])) == 1


def test_a_finer_part_of_a_grid_counts_no_more_than_its_width() -> None:
    assert log_weights([1.0, 10.0, 100.0]) == pytest.approx([0.25, 0.5, 0.25])
    fine = [1.0, 2.0, 4.0, 5.0, 8.0, 10.0, 100.0]
    assert sum(log_weights(fine)[:5]) == pytest.approx((1.0 + math.log10(8)) / 4)
    assert log_weights([7.0]).tolist() == [1.0]


def gaps_of(power: float, best: int, n: int = 9, *, tops: int = 0) -> list[float]:
    """Gaps 1e-4 rho^power on a grid of powers of 2, the last `tops` of them diverged."""
    rows = [1e-4 * 2.0 ** (abs(k - best) * power) for k in range(n)]
    return rows[: n - tops] + [INF] * tops


VALUES = [2.0**k for k in range(9)]


def test_the_exponent_of_the_gap_is_that_of_a_power() -> None:
    gap = np.array([gaps_of(0.5, 2, tops=1), gaps_of(0.75, 2, tops=1), gaps_of(1.0, 2, tops=1)])
    found = exponent_of_gap(VALUES, gap, 1.0, 1e-9, proved=1.0)
    assert not isinstance(found, str)
    assert found.measured == pytest.approx(0.75)
    assert (found.of, found.proved) == ("gap", 1.0)
    # t with 2 degrees of freedom: 4.3026527; the standard error of 0.5, 0.75, 1 is 0.25/3^(1/2).
    half = 4.3026527 * 0.25 / math.sqrt(3)
    assert found.interval == pytest.approx((0.75 - half, 0.75 + half))
    one = exponent_of_gap(VALUES, gap[:1], 1.0, 1e-9)
    assert not isinstance(one, str)
    assert one.measured == pytest.approx(0.5)
    assert (one.interval, one.proved) == (None, None)


@pytest.mark.parametrize(
    ("gap", "delta0", "floor", "reason"),
    [
        (gaps_of(1.0, 0), 1.0, 0.0, "best_at_edge"),
        (gaps_of(1.0, 8), 1.0, 0.0, "best_at_edge"),
        (gaps_of(1.0, 2), 1.0, 1e-4, "best_at_floor"),
        (gaps_of(1.0, 4), 1.0, 0.0, "too_few_points"),  # 4 to 16 times the best: 3 values
        (gaps_of(1.0, 2, tops=2), 1.0, 0.0, "too_few_points"),  # two of the five diverged
        (gaps_of(1.0, 2), 1e-4 * 2**5, 0.0, "too_few_points"),  # those at delta0 do not count
    ],
)
def test_an_exponent_of_the_gap_is_withheld(
    gap: list[float], delta0: float, floor: float, reason: str
) -> None:
    assert exponent_of_gap(VALUES, np.array([gap]), delta0, floor) == reason
    assert not isinstance(exponent_of_gap(VALUES, np.array([gaps_of(1.0, 2)]), 1.0, 0.0), str)


def test_an_exponent_of_the_passes_needs_five_values_that_arrive() -> None:
    passes = np.array([[9.0, 3.0, *[1.0 * 4.0**k for k in range(7)]]])
    found = exponent_of_passes(VALUES, passes, 2, proved=2.0)
    assert not isinstance(found, str)
    assert found.measured == pytest.approx(2.0)
    assert (found.of, found.proved) == ("passes", 2.0)
    for missing in (INF, NAN):
        four = passes.copy()
        four[0, 8] = missing
        assert exponent_of_passes(VALUES, four, 2) == "too_few_points"
    assert exponent_of_passes(VALUES, passes, 0) == "best_at_edge"
    assert exponent_of_passes(VALUES, passes, None) == "none_arrives"


@pytest.mark.parametrize(
    ("passes", "best", "expected"),
    [
        ([8.0, 4.0, 2.0, 4.0, 6.0], 2, (2.0, 4.0)),
        ([8.0, 4.0, 2.0, INF, 6.0], 2, (INF, INF)),
        ([8.0, 4.0, 2.0, 4.0, INF], 2, (2.0, INF)),
        ([2.0, 4.0, 8.0, 4.0, 6.0], 0, ("off_grid", "off_grid")),
        ([2.0, INF, 8.0, 4.0, 6.0], 0, (INF, INF)),  # whatever lies off the grid
        ([2.0, 4.0, INF, 4.0, 6.0], 0, ("off_grid", INF)),
        ([8.0, 4.0, 2.0, NAN, 6.0], 2, ("missing_runs", "missing_runs")),
        ([8.0, 4.0, 2.0, 4.0, NAN], 2, (2.0, "missing_runs")),
        ([INF, 4.0, 2.0, NAN, 6.0], 2, ("missing_runs", INF)),
        ([INF, INF, INF, INF, INF], None, ("none_arrives", "none_arrives")),
        ([0.0, 0.0, 0.0, 0.0, 0.0], 2, (1.0, 1.0)),
        ([5.0, 0.0, 0.0, 0.0, 5.0], 2, (1.0, INF)),
    ],
)
def test_the_price_of_not_knowing(
    passes: list[float], best: int | None, expected: tuple[Any, Any]
) -> None:
    values = [0.01, 0.1, 1.0, 10.0, 100.0]
    assert (price(values, passes, best, 10), price(values, passes, best, 100)) == expected


def test_the_price_between_the_points_of_a_grid() -> None:
    values = [0.01, 1.0, 4.0, 100.0]
    # At 0.1 the passes are (16 * 4)^(1/2) = 8; at 10 less than at 4.
    assert price(values, [16.0, 4.0, 6.0, 4.0], 1, 10) == pytest.approx(2.0)
    assert price(values, [4.0, 4.0, 6.0, 4.0], 1, 10) == pytest.approx(1.5)


# --- from runs ---------------------------------------------------------------------------------


def measures(problem: ProblemResult, iterations: int | None = 1000) -> Measures:
    return analyse(problem, iterations=iterations).solvers[0].measures


def test_the_running_time_counts_the_passes_of_those_that_fail() -> None:
    problem = made_problem(
        [1.0, 2.0, 4.0], {"a": [[4.0, 6.0, INF], [8.0, INF, INF], [6.0, 9.0, INF]]}
    )
    assert measures(problem).expected_running_time == (6.0, 12.5, INF)  # failures spend 10 passes
    stopped = replace(problem.runs[4], status=Status.INTERRUPTED)
    runs = [*problem.runs[:4], stopped, *problem.runs[5:]]
    assert measures(replace(problem, runs=runs)).expected_running_time == (6.0, 7.5, INF)


def test_measures_at_a_fixed_T_need_every_run_to_come_there() -> None:
    problem = made_problem([1.0, 2.0], {"a": [[4.0, INF]]})
    whole = measures(problem)
    # Gaps 0.005 and 0.4 of a delta0 of 1, each with half of the weight.
    assert whole.lr_sensitivity == pytest.approx(0.2025 - 0.005)
    assert whole.expected_best == pytest.approx(
        {str(k): 0.005 + 0.395 / 2**k for k in (1, 2, 4, 8)}
    )
    assert whole.withheld == {"exponent": "best_at_edge"}
    assert whole.price == {"10": INF, "100": INF}  # whatever lies off the grid
    early = measures(problem, 2000)
    assert (early.lr_sensitivity, early.expected_best) == (None, None)
    assert early.withheld["lr_sensitivity"] == early.withheld["expected_best"] == "ended_early"
    lost = [problem.runs[0], replace(problem.runs[1], status=Status.FAILED)]
    missing = measures(replace(problem, runs=lost))
    assert missing.withheld["lr_sensitivity"] == missing.withheld["draws"] == "missing_runs"
    assert missing.draws is None
    gone = [problem.runs[0], replace(problem.runs[1], status=Status.DIVERGED, status_at=400)]
    diverged = measures(replace(problem, runs=gone))
    assert diverged.lr_sensitivity == pytest.approx(0.5 * (1.0 - 0.005))
    assert diverged.draws == 4  # 1 - 2^-4 > 0.9
    assert measures(with_header(problem, delta0=0.0)).withheld["lr_sensitivity"] == (
        "start_is_optimal"
    )


def test_a_result_of_an_earlier_version_has_no_measures() -> None:
    problem = made_problem([1.0, 2.0], {"a": [[4.0, INF]]})
    result = Result((), environment(1), [replace(problem, sweep=analyse(problem))])
    values = json.loads(result.to_json())
    (solver,) = values["problems"][0]["sweep"]["solvers"]
    for key in ("lr_sensitivity", "price", "draws", "expected_best", "exponent", "withheld"):
        del solver[key]
    del solver["expected_running_time"]
    again = Result.from_dict(values)
    sweep = again.problems[0].sweep
    assert sweep is not None
    read = sweep.solvers[0].measures
    assert (read.draws, read.lr_sensitivity, read.exponent) == (None, None, None)
    assert read.expected_best is None
    assert (dict(read.price), read.expected_running_time) == ({"10": None, "100": None}, ())
    assert set(read.withheld.values()) == {"not_saved"}
    assert Result.from_json(again.to_json()).problems[0].sweep == sweep


def test_every_reason_is_in_the_schema_and_on_its_page() -> None:
    schema = json.loads(SCHEMA.read_text())
    words = schema["$defs"]["sensitivity"]["properties"]["withheld"]["additionalProperties"]
    assert set(words["enum"]) == set(get_args(Reason))
    words = schema["$defs"]["common_settings"]["properties"]["withheld"]["additionalProperties"]
    assert set(words["enum"]) == set(get_args(NoCommonSetting))
    page = (ROOT / "docs" / "reference" / "sensitivity.md").read_text(encoding="utf-8")
    for reason in (*get_args(Reason), *get_args(NoCommonSetting)):
        assert f"`{reason}`" in page


# --- over several problems ---------------------------------------------------------------------


def problems_of(*rows: list[float], L: tuple[float, ...] = ()) -> list[ProblemResult]:
    made = [
        made_problem([1.0, 10.0, 100.0], {"a": [row]}, f"p{k}", (L or (1.0,) * len(rows))[k])
        for k, row in enumerate(rows)
    ]
    return [replace(problem, sweep=analyse(problem)) for problem in made]


def test_one_setting_for_all_by_hand() -> None:
    problems = problems_of([2.0, 4.0, INF], [INF, 9.0, 3.0], [INF, 5.0, INF], [INF, INF, INF])
    (found,) = common_settings(problems)
    # lr0 = 10 solves three of four, and loses 2, 3 and 1 against the best.
    assert found.absolute == CommonSetting(10.0, 0.75, 2.0, 3.0)
    assert found.relative == found.absolute


def test_one_setting_in_units_of_L_is_found_where_grids_differ() -> None:
    problems = problems_of([8.0, 2.0, 8.0], [2.0, 8.0, INF], L=(1.0, 10.0))
    (found,) = common_settings(problems)
    assert found.relative == CommonSetting(10.0, 1.0, 1.0, 1.0)
    assert found.absolute == CommonSetting(1.0, 1.0, 2.5, 4.0)
    # The two grids times L overlap from 10 to 100 alone, and not at all with L = 1e4.
    (apart,) = common_settings(problems_of([8.0, 2.0, 8.0], [2.0, 8.0, INF], L=(1.0, 1e4)))
    assert apart.withheld == {"in_units_of_1/L": "no_common_value"}


def test_one_setting_is_withheld() -> None:
    found = {
        "no_L": problems_of([2.0] * 3, [2.0] * 3, L=(1.0, INF)),
        "none_arrives": problems_of([INF] * 3, [INF] * 3),
        "not_run": [
            *problems_of([2.0] * 3),
            *(replace(p, sweep=analyse(p)) for p in [made_problem([1.0], {"b": [[1.0]]}, "other")]),
        ],
    }
    lost = problems_of([2.0] * 3, [2.0] * 3)
    runs = [replace(run, status=Status.FAILED, trace={}) for run in lost[1].runs]
    gone = replace(lost[1], runs=runs)
    found["missing_runs"] = [lost[0], replace(gone, sweep=analyse(gone))]
    for reason, problems in found.items():
        assert common_settings(problems)[0].withheld["in_units_of_1/L"] == reason
        assert ("absolute" in common_settings(problems)[0].withheld) == (reason != "no_L")


def test_profiles_of_what_did_not_finish_are_withheld() -> None:
    whole, other = problems_of([2.0] * 3, [4.0] * 3)
    assert "profiles" in Result((), {}, [whole, other]).to_dict()
    lost = replace(other, runs=[other.runs[0], other.runs[1], replace(other.runs[2], trace={})])
    lost = replace(lost, runs=[*lost.runs[:2], replace(lost.runs[2], status=Status.INTERRUPTED)])
    values = Result((), {}, [whole, replace(lost, sweep=analyse(lost))]).to_dict()
    assert "profiles" not in values
    assert values["profiles_withheld"] == "missing_runs"


def test_the_score_and_the_data_profile_by_hand() -> None:
    rows = [{"a": [2.0], "b": [3.0]}, {"a": [INF], "b": [8.0]}, {"a": [30.0], "b": [6.0]}]
    made = [
        made_problem([1.0], {name: [row] for name, row in costs.items()}, f"p{k}")
        for k, costs in enumerate(rows)
    ]
    result = Result((), {}, [replace(p, sweep=analyse(p)) for p in made])
    both = result.profiles
    assert both is not None
    # Ratios of a: 1, never, 5; of b: 1.5, 1, 1.
    assert both.tuned.score == pytest.approx({"a": 1 / 3, "b": (2.5 / 3 + 1 + 1) / 3})
    assert both.passes == (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
    assert both.tuned.data["a"] == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3, 1 / 3, 2 / 3])
    assert both.tuned.data["b"] == pytest.approx([0, 0, 1 / 3, 1, 1, 1])
