"""What a sweep says of a solver, against slow code that reads the definitions word for word."""

from __future__ import annotations

import itertools
import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

import hypothesis.strategies as st
import jsonschema
import numpy as np
import pytest
from hypothesis import given
from made_header import with_header
from swept import TARGET, made_problem

import lrbench
from lrbench.config.learning_rates import learning_rates
from lrbench.config.solver_spec import SolverSpec
from lrbench.errors import UsageError
from lrbench.results import SCHEMA, Result, Run, Sensitivity, Status
from lrbench.study import analyse, width_bounds
from lrbench.study.usable import width_in_decades, width_interval, widths

INF = math.inf

COSTS = st.sampled_from([1.0, 2.0, 2.5, 7.0, 40.0, INF])
DECIMAL = st.lists(st.integers(-40, 40), min_size=1, max_size=9, unique=True).map(sorted)


@st.composite
def matrices(draw: st.DrawFn) -> tuple[list[float], list[list[float]]]:
    """Draw an irregular grid and the passes of up to 5 seeds."""
    grid = [10.0 ** (k / 10) for k in draw(DECIMAL)]
    rows = st.lists(COSTS, min_size=len(grid), max_size=len(grid))
    return grid, draw(st.lists(rows, min_size=1, max_size=5))


def swept(grid: Sequence[float], rows: Sequence[Sequence[float]]) -> Sensitivity:
    return analyse(made_problem(grid, {"a": rows})).solvers[0]


def every_run(good: Sequence[bool]) -> list[tuple[int, int]]:
    """Return every run of neighbours that cannot be made longer, by trying them all."""
    n = len(good)
    return [
        (i, j)
        for i, j in itertools.combinations_with_replacement(range(n), 2)
        if all(good[i : j + 1]) and (i == 0 or not good[i - 1]) and (j == n - 1 or not good[j + 1])
    ]


@given(matrices())
def test_usable_range_is_that_of_brute_force(drawn: tuple[list[float], list[list[float]]]) -> None:
    grid, rows = drawn
    found = swept(grid, rows)
    median = [statistics.median(column) for column in zip(*rows, strict=True)]
    assert list(found.passes) == median
    assert list(found.reached) == [sum(map(math.isfinite, c)) for c in zip(*rows, strict=True)]
    ranges = every_run([m < INF for m in median])
    if not ranges:
        assert (found.usable, found.usable_decades, found.best_lr0) == (None, 0.0, None)
        assert found.best_passes == INF
        assert (found.at_edge, list(found.factors)) == ((False, False), [])
        return
    assert found.usable is not None
    i, j = (grid.index(end) for end in found.usable)
    assert (i, j) in ranges
    width = math.log10(grid[j] / grid[i])
    assert found.usable_decades == pytest.approx(width, abs=1e-9)
    assert found.at_edge == (i == 0, j == len(grid) - 1)
    for a, b in ranges:
        other = math.log10(grid[b] / grid[a])
        assert other < width + 1e-9
        if (a, b) != (i, j) and other > width - 1e-9:
            mine, theirs = min(median[i : j + 1]), min(median[a : b + 1])
            assert mine < theirs or (mine == theirs and i < a)


@given(matrices())
def test_best_lr0_is_in_the_middle_of_those_that_tie(
    drawn: tuple[list[float], list[list[float]]],
) -> None:
    grid, rows = drawn
    found = swept(grid, rows)
    median = [statistics.median(column) for column in zip(*rows, strict=True)]
    if found.best_lr0 is None or found.usable is None:
        assert min(median) == INF
        return
    at = grid.index(found.best_lr0)
    assert found.best_passes == median[at] == min(median)
    lo, hi = found.usable
    ties = every_run([m == min(median) for m in median])
    inside = [(a, b) for a, b in ties if lo <= grid[a] <= hi]
    mine = next((a, b) for a, b in ties if a <= at <= b)
    if inside:
        assert mine in inside
    for a, b in inside or ties:
        assert grid[b] / grid[a] <= grid[mine[1]] / grid[mine[0]] * (1 + 1e-9)
    middle = math.sqrt(grid[mine[0]] * grid[mine[1]])
    off = abs(math.log(found.best_lr0 / middle))
    assert all(off <= abs(math.log(grid[k] / middle)) + 1e-9 for k in range(mine[0], mine[1] + 1))


def brute_factor(grid: list[float], median: list[float], best: int, power: int) -> float | None:
    wanted = float(grid[best] * 10.0**power)
    for k, rate in enumerate(grid):
        if math.isclose(rate, wanted, rel_tol=1e-6):
            return median[k] / median[best]
    below = [k for k, rate in enumerate(grid) if rate < wanted]
    above = [k for k, rate in enumerate(grid) if rate > wanted]
    if not below or not above:
        return None
    a, b = below[-1], above[0]
    if INF in (median[a], median[b]):
        return INF
    share = math.log(wanted / grid[a]) / math.log(grid[b] / grid[a])
    return float(median[a] * (median[b] / median[a]) ** share / median[best])


@given(matrices())
def test_factors_are_those_of_brute_force(drawn: tuple[list[float], list[list[float]]]) -> None:
    grid, rows = drawn
    found = swept(grid, rows)
    if found.best_lr0 is None:
        return
    assert [f.power for f in found.factors] == [-2, -1, 1, 2]
    for factor in found.factors:
        best = grid.index(found.best_lr0)
        wanted = brute_factor(grid, list(found.passes), best, factor.power)
        assert factor.on_grid == (wanted is not None)
        assert factor.factor == (None if wanted is None else pytest.approx(wanted, rel=1e-6))


def test_a_sweep_by_hand() -> None:
    found = swept(
        [1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0, 1e3],
        [[INF, 90.0, 10.0, 4.0, 4.0, 4.0, INF]],
    )
    assert found.usable == (0.01, 100.0)
    assert found.usable_decades == pytest.approx(4.0)
    assert (found.best_lr0, found.best_passes) == (10.0, 4.0)
    assert [f.factor for f in found.factors] == [2.5, 1.0, 1.0, INF]
    assert found.at_edge == (False, False)
    assert found.usable_interval is None
    assert found.statuses["stalled"] == 2
    assert found.statuses["reached_target"] == 5
    assert found.final_lr_L == 0.5


def test_a_factor_between_two_points() -> None:
    found = swept([0.5, 1.0, 4.0, 16.0], [[8.0, 2.0, 18.0, 18.0]])
    # 10 lies between 4 and 16, where the passes are equal; 0.1 and 100 lie off the grid.
    assert [f.factor for f in found.factors] == [None, None, 9.0, None]
    found = swept([1.0, 100.0 / 1.0, 1e4], [[1.0, 16.0, INF]])
    assert [f.factor for f in found.factors] == [None, None, pytest.approx(4.0), 16.0]


def test_a_target_that_the_start_meets_costs_nothing() -> None:
    found = swept([0.1, 1.0, 10.0], [[0.0, 0.0, 0.0]])
    assert (found.best_lr0, found.best_passes) == (1.0, 0.0)
    assert [f.factor for f in found.factors] == [None, 1.0, 1.0, None]


def test_runs_that_are_missing_are_counted_and_unknown() -> None:
    problem = made_problem([0.1, 1.0, 10.0], {"a": [[1.0, 2.0, 3.0]], "b": [[1.0, 1.0, INF]]})
    runs = list(problem.runs)
    runs[0] = replace(runs[0], status=Status.INTERRUPTED, status_at=0, trace={})
    runs[2] = replace(runs[2], status=Status.FAILED, error="ValueError: no")
    runs[3] = replace(runs[3], status=Status.INTERRUPTED)  # it had come to the target before
    del runs[4]
    sweep = analyse(replace(problem, runs=runs))
    assert [s.missing for s in sweep.solvers] == [2, 0]
    assert sweep.solvers[0].passes == (INF, 2.0, INF)
    assert sweep.solvers[0].finished == (0, 1, 0)
    assert sweep.solvers[0].unknown == (0.1, 10.0)
    assert [f.factor for f in sweep.solvers[0].factors] == [None, None, None, None]
    assert sweep.solvers[0].usable == (1.0, 1.0)
    assert sweep.solvers[0].usable_decades == 0.0
    # The grid is that of the runs: without the run of b at lr0 = 1 its grid is 0.1 and 10.
    assert sweep.solvers[1].lr0 == (0.1, 10.0)
    assert sweep.solvers[1].finished == (1, 1)
    assert sweep.missing == 2


def test_a_cell_without_a_run_is_missing() -> None:
    problem = made_problem([0.1, 1.0], {"a": [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]})
    runs = [r for r in problem.runs if r.lr0 == 0.1 or r.seed == 0]
    found = analyse(replace(problem, runs=runs)).solvers[0]
    assert (found.missing, found.n_seeds) == (2, 3)
    assert (found.reached, found.finished) == ((3, 1), (3, 1))
    assert found.passes == (1.0, 2.0)
    assert found.usable_decades == pytest.approx(1.0)
    # With both runs that are missing short of the target lr0 = 1 is not usable: 1 of 3.
    assert width_bounds(found) == pytest.approx((0.0, 1.0))


def test_one_solver_with_fewer_seeds_than_another() -> None:
    problem = made_problem([0.1, 1.0, 10.0], {"a": [[1.0, 2.0, INF]] * 5, "b": [[3.0, 4.0, INF]]})
    sweep = analyse(problem)
    found = sweep.of("b")
    assert (found.n_seeds, found.finished, found.missing) == (5, (1, 1, 1), 12)
    assert found.passes == (3.0, 4.0, INF)
    assert found.usable == (0.1, 1.0)
    assert found.usable_interval is None
    assert sweep.of("a").missing == 0
    assert width_bounds(sweep.of("a")) == pytest.approx((1.0, 1.0))
    assert width_bounds(found) == pytest.approx((0.0, 2.0))


def test_an_unknown_lr0_ends_a_usable_range_and_has_no_factor() -> None:
    grid = [0.01, 0.1, 1.0, 10.0, 100.0]
    problem = made_problem(grid, {"a": [[4.0, 4.0, 8.0, 2.0, INF]]})
    runs = [replace(r, status=Status.FAILED) if r.lr0 == 1.0 else r for r in problem.runs]
    found = analyse(replace(problem, runs=runs)).solvers[0]
    assert (found.usable, found.best_lr0, found.unknown) == ((0.01, 0.1), 10.0, (1.0,))
    assert [f.factor for f in found.factors] == [2.0, None, INF, None]
    assert [f.on_grid for f in found.factors] == [True, False, True, False]
    assert width_bounds(found) == pytest.approx((1.0, 3.0))


@given(matrices(), st.data())
def test_medians_are_over_the_runs_that_are_there(
    drawn: tuple[list[float], list[list[float]]], data: st.DataObject
) -> None:
    grid, rows = drawn
    problem = made_problem(grid, {"a": rows})
    ends = st.sampled_from([Status.INTERRUPTED, Status.FAILED, None])
    kept, runs = {lr0: list[float]() for lr0 in grid}, []
    for run, cost in zip(problem.runs, itertools.chain(*rows), strict=True):
        end = data.draw(ends)
        runs.append(run if end is None else replace(run, status=end, status_at=0, trace={}))
        if end is None:
            kept[run.lr0 or 0.0].append(cost)
    found = analyse(replace(problem, runs=runs)).solvers[0]
    assert list(found.finished) == [len(costs) for costs in kept.values()]
    assert list(found.passes) == [statistics.median(c) if c else INF for c in kept.values()]
    assert found.missing == sum(len(rows) - len(costs) for costs in kept.values())
    low, high = width_bounds(found)
    whole = swept(grid, rows).usable_decades
    assert low - 1e-9 <= whole <= high + 1e-9


@given(matrices())
def test_the_interval_is_that_of_resampled_seeds(
    drawn: tuple[list[float], list[list[float]]],
) -> None:
    grid, rows = drawn
    found = swept(grid, rows)
    if len(rows) == 1:
        assert found.usable_interval is None
        return
    assert found.usable_interval is not None
    lo, hi = found.usable_interval
    assert 0.0 <= lo <= hi <= math.log10(grid[-1] / grid[0]) + 1e-9
    possible = set()
    for seeds in itertools.combinations_with_replacement(range(len(rows)), len(rows)):
        columns = zip(*[rows[s] for s in seeds], strict=True)
        ranges = every_run([statistics.median(column) < INF for column in columns])
        spans = [math.log10(grid[b] / grid[a]) for a, b in ranges]
        possible.add(max(spans, default=0.0))
    assert min(abs(lo - p) for p in possible) < 1e-9
    assert min(abs(hi - p) for p in possible) < 1e-9
    if len({tuple(math.isfinite(cost) for cost in row) for row in rows}) == 1:
        assert lo == hi == pytest.approx(found.usable_decades, abs=1e-9)


def test_the_interval_covers_95_per_cent_of_all_resamples() -> None:
    """With 3 seeds all 27 resamples can be written down, and their quantiles with them."""
    grid = [0.01, 0.1, 1.0, 10.0, 100.0]
    reached = np.array([[0, 1, 1, 1, 1], [0, 0, 1, 1, 0], [0, 0, 1, 1, 0]], dtype=bool)
    exact = []
    for seeds in itertools.product(range(3), repeat=3):
        good = [sum(reached[s, k] for s in seeds) > 1.5 for k in range(5)]
        exact.append(max(b - a for a, b in every_run(good)))
    # Seed 0 is drawn twice or more in 7 of the 27: width 3, else 1. Both are beyond 2.5 %.
    assert sorted(exact) == [1] * 20 + [3] * 7
    known = np.ones_like(reached)
    assert width_interval(grid, reached, known) == pytest.approx((1.0, 3.0))
    # One seed of six alone comes there: it must be drawn 4 times of 6, in 0.9 % of resamples.
    one_of_six = np.repeat(reached[1:2], 6, axis=0)
    one_of_six[0] = reached[0]
    assert width_interval(grid, one_of_six, np.ones_like(one_of_six)) == pytest.approx((1.0, 1.0))
    # A seed that is not known to come there counts neither way: of the other two both do.
    known[0, 4] = reached[0, 4] = False
    known[1:, 4] = reached[1:, 4] = True
    found = width_interval([1.0, 10.0], reached[:, [3, 4]], known[:, [3, 4]])
    assert found == pytest.approx((0.0, 1.0))  # seed 0 three times: 1 of 27 resamples


@pytest.mark.parametrize(
    ("n_seeds", "n_wide", "probability", "interval"),
    [
        (20, 6, 0.0171, (1.0, 1.0)),  # beyond the upper 2.5 %, but within 97.5 % of resamples
        (17, 5, 0.0356, (1.0, 3.0)),  # within 95 %, but beyond 90 %
    ],
)
def test_each_tail_of_the_interval_has_two_and_a_half_per_cent(
    n_seeds: int, n_wide: int, probability: float, interval: tuple[float, float]
) -> None:
    # The width is 3 in a resample of which more than half are of the seeds that go so far.
    p = n_wide / n_seeds
    terms = [
        math.comb(n_seeds, k) * p**k * (1 - p) ** (n_seeds - k)
        for k in range(n_seeds // 2 + 1, n_seeds + 1)
    ]
    assert sum(terms) == pytest.approx(probability, abs=1e-4)
    reached = np.ones((n_seeds, 5), dtype=bool)
    reached[n_wide:, [0, 1, 4]] = False
    reached[:, 0] = False
    grid = [0.01, 0.1, 1.0, 10.0, 100.0]
    assert width_interval(grid, reached, np.ones_like(reached)) == pytest.approx(interval)


def test_half_of_an_even_number_of_seeds_is_not_most() -> None:
    # 3 of 6 seeds that reach the target do so in 6 % of the resamples: then the width is 0.
    reached = np.ones((6, 2), dtype=bool)
    reached[0, 1] = False
    assert width_interval([1.0, 10.0], reached, np.ones_like(reached)) == pytest.approx((0.0, 1.0))
    # Two of four seeds are missing at lr0 = 1: without them half of the seeds are there.
    problem = made_problem([0.1, 1.0], {"a": [[1.0, 2.0]] * 4})
    runs = [run for run in problem.runs if run.lr0 == 0.1 or run.seed < 2]
    assert width_bounds(analyse(replace(problem, runs=runs)).solvers[0]) == (0.0, 1.0)


def with_last_lr(run: Run, lr: float) -> Run:
    return replace(run, trace=run.trace | {"lr": np.array([np.nan, 3.0 * lr, lr])})


def test_the_last_lr_is_of_the_best_lr0_alone_and_a_median_over_its_seeds() -> None:
    costs = [[9.0, 4.0, 30.0], [8.0, 2.0, INF], [7.0, 3.0, INF], [INF, 5.0, INF], [6.0, 1.0, INF]]
    problem = made_problem([0.1, 1.0, 10.0], {"a": costs}, L=8.0)
    runs = [with_last_lr(run, 0.01 * 2.0**k) for k, run in enumerate(problem.runs)]
    # The runs at lr0 = 1 are the numbers 1, 4, 7, 10 and 13.
    assert analyse(replace(problem, runs=runs)).solvers[0].final_lr_L == 8.0 * 0.01 * 2.0**7
    runs[13] = replace(runs[13], status=Status.FAILED)
    runs[10].trace["lr"][-1] = INF
    runs[1].trace["lr"][-2] = runs[7].trace["lr"][-2] = np.nan
    without_two = analyse(replace(problem, runs=runs)).solvers[0]
    assert without_two.best_lr0 == 1.0
    assert without_two.final_lr_L == 8.0 * 0.01 * 2.0**4
    runs[4] = replace(runs[4], trace=runs[4].trace | {"lr": np.array([])})
    assert analyse(replace(problem, runs=runs)).solvers[0].final_lr_L == 8.0 * 0.01 * (2 + 2**7) / 2
    assert analyse(with_header(problem, L=math.inf)).solvers[0].final_lr_L is None


def test_a_point_within_1e_9_decades_is_the_one_that_is_asked_for() -> None:
    for off, on_grid in ((0.8e-9, True), (1.5e-9, False)):
        found = swept([1.0, 10.0 ** (1.0 - off)], [[2.0, 3.0]])
        assert [f.on_grid for f in found.factors] == [False, False, on_grid, False]
        found = swept([10.0 ** (-1.0 + off), 1.0], [[3.0, 2.0]])
        assert [f.on_grid for f in found.factors] == [False, on_grid, False, False]


def test_the_default_target_is_a_share_of_the_gap_at_the_start() -> None:
    problem = made_problem([1.0], {"a": [[4.0]]})
    sweep = analyse(with_header(problem, target=None, delta0=40.0))
    assert (sweep.target, sweep.solvers[0].passes) == (0.4, (4.0,))


def test_the_budget_is_the_most_that_a_run_used() -> None:
    problem = made_problem([1.0], {"a": [[4.0], [5.0], [INF], [INF], [INF]]})
    ends = [(Status.REACHED_TARGET, 900), (Status.DIVERGED, 950), (Status.STALLED, 300)]
    ends += [(Status.COMPLETED, 700), (Status.STALLED, 500)]
    runs = [
        replace(run, status=status, status_at=at)
        for run, (status, at) in zip(problem.runs, ends, strict=True)
    ]
    assert analyse(replace(problem, runs=runs)).iterations == 700


def test_a_factor_beside_what_is_unknown_or_never_comes_there() -> None:
    # Ten times the best lr0, 1, lies between 4 and 20.
    costs = {"a": [[2.0, 18.0, 18.0]]}
    problem = made_problem([1.0, 4.0, 20.0], costs)
    assert analyse(problem).solvers[0].factors[2].factor == 9.0
    for lost in (1, 2):
        runs = list(problem.runs)
        runs[lost] = replace(runs[lost], status=Status.FAILED, trace={})
        assert analyse(replace(problem, runs=runs)).solvers[0].factors[2].factor is None
        other = 3 - lost
        runs[other] = replace(runs[other], trace=made_problem([1.0], {"a": [[INF]]}).runs[0].trace)
        assert analyse(replace(problem, runs=runs)).solvers[0].factors[2].factor == INF


def test_passes_that_are_few_or_none_between_two_points() -> None:
    # log10(9) and log10(10) lie between points: the geometric interpolation of 1/2, 0 and 18.
    assert swept([1.0, 100.0], [[0.125, 2.0]]).factors[2].factor == pytest.approx(4.0)
    assert swept([1.0, 100.0], [[0.0, 2.0]]).factors[2].factor == 1.0
    assert swept([0.01, 1.0], [[2.0, 0.5]]).factors[1].factor == pytest.approx(2.0)
    assert swept([0.01, 1.0, 7.0], [[0.5, 0.125, 9.0]]).factors[1].factor == pytest.approx(2.0)


def test_widths_of_rows() -> None:
    there = np.array([[1, 1, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0], [1, 1, 1, 1]], dtype=bool)
    assert widths([1.0, 10.0, 100.0, 1e4], there) == pytest.approx([1.0, 0.0, 0.0, 4.0])


def test_wide_means_decades_and_not_points() -> None:
    grid = [1.0, 1.1, 1.2, 2.0, 10.0, 1000.0]
    assert swept(grid, [[1.0, 1.0, 1.0, INF, 9.0, 9.0]]).usable == (10.0, 1000.0)


def test_the_target_and_the_budget_may_be_given() -> None:
    problem = made_problem([1.0, 2.0], {"a": [[4.0, INF]]})
    sweep = analyse(problem)
    assert (sweep.target, sweep.iterations) == (TARGET, 1000)
    easier = analyse(problem, target=0.5, iterations=7)
    assert (easier.target, easier.iterations) == (0.5, 7)
    assert easier.solvers[0].passes == (2.0, 5.0)
    bare = with_header(problem, target=None)
    assert analyse(bare).target == 0.01  # of F(w_0) - f* = 1
    assert analyse(replace(problem, runs=problem.runs[:1])).iterations is None


def test_without_L_there_is_no_lr_in_units_of_it() -> None:
    assert analyse(made_problem([1.0], {"a": [[4.0]]}, L=math.inf)).solvers[0].final_lr_L is None


def test_one_solver_of_a_loaded_sweep_is_asked_for() -> None:
    sweep = analyse(made_problem([1.0, 10.0], {"a": [[4.0, 5.0]], "b": [[1.0, INF]]}))
    assert sweep.of("a").usable_decades == 1.0
    assert sweep.of("b").best_passes == 1.0
    with pytest.raises(KeyError, match="there is no 'c' in this sweep: take one of a, b"):
        sweep.of("c")
    one, two = (
        replace(s, solver=SolverSpec("a", {"k": k}, ("k",))) for k, s in enumerate(sweep.solvers)
    )
    twice = replace(sweep, solvers=(one, two))
    with pytest.raises(KeyError, match=r"several solvers are 'a'.*a\[k=0\], a\[k=1\]"):
        twice.of("a")
    assert twice.of("a[k=1]") is two


def test_a_real_sweep_is_saved_and_read() -> None:
    result = lrbench.run(
        "logreg",
        solvers=["wngrad", "sgd"],
        lr0="1e-3:1e5:9",
        iterations=100,
        target=0.1,
        batch_size=64,
        replicates=3,
    )
    problem = result.problems[0]
    whole = replace(result, problems=[replace(problem, sweep=analyse(problem))])
    written = whole.to_dict()
    jsonschema.validate(written, json.loads(SCHEMA.read_text()))
    again = Result.from_json(json.dumps(written))
    assert again.problems[0].sweep == whole.problems[0].sweep
    assert again.to_dict() == written
    assert analyse(again.problems[0]) == whole.problems[0].sweep
    assert "sweep" not in result.to_dict()["problems"][0]
    sweep = again.problems[0].sweep
    assert sweep is not None
    assert sweep.of("wngrad").usable_decades > 0
    assert sweep.of("sgd").statuses["diverged"] > 0
    assert sum(sweep.of("wngrad").statuses.values()) == 27


def test_a_saved_sweep_that_does_not_say_what_is_finished_is_taken_as_whole() -> None:
    problem = made_problem([1.0, 10.0], {"a": [[4.0, INF], [5.0, INF]]})
    saved = Result((), {}, [replace(problem, sweep=analyse(problem))]).to_dict()
    found = saved["problems"][0]["sweep"]["solvers"][0]
    assert found.pop("finished") == [2, 2]
    assert Result.from_dict(saved).problems[0].sweep == analyse(problem)
    for wrong, said in (([2], "finished has 1 items, not 2"), ([2, None], "is not an integer")):
        found["finished"] = wrong
        with pytest.raises(UsageError, match=said):
            Result.from_dict(saved)


@pytest.mark.parametrize("points", [17, 33, 49])
def test_widths_are_those_that_a_person_reads_off_the_grid(points: int) -> None:
    # ten to a whole number of steps, whose logarithms round to 2.4999999999999
    grid = [rate.at(1.0) for rate in learning_rates(f"1e-4:1e4:{points}")]
    step = 8 / (points - 1)
    for a, b in itertools.combinations_with_replacement(range(points), 2):
        there = np.zeros((1, points), dtype=bool)
        there[:, a : b + 1] = True
        expected = round((b - a) * step, 9)
        assert width_in_decades(grid, (a, b)) == expected
        assert widths(grid, there).tolist() == [expected]
