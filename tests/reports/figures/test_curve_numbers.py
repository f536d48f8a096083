"""The numbers of figures, against the JSON of results and against arithmetic by hand."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from typing import Any

import pytest
from drawn_results import (
    as_json,
    batch_run,
    batch_sweep,
    made_result,
    made_run,
    made_verdict,
    minibatch_run,
    minibatch_sweep,
    several_problems,
    two_axes,
)

from lrbench.reports.figures.comparison import profile_figure, sensitivity_maps
from lrbench.reports.figures.curves import (
    Convergence,
    DrawnIterate,
    chosen_lanes,
    convergence,
    rates,
)
from lrbench.reports.figures.seeds import Spread, band, spread
from lrbench.reports.figures.sensitivity import sensitivity
from lrbench.results import ProblemResult, Result, Status
from lrbench.results.performance import TAU

inf, nan = math.inf, math.nan

RESULTS = {"batch": batch_run, "minibatches": minibatch_sweep, "whole budget": batch_sweep}


def problem_of(result: Result) -> ProblemResult:
    return result.problems[0]


def all_lanes(
    problem: ProblemResult, abscissa: str = "iterations", iterate: DrawnIterate = "last"
) -> Convergence:
    return convergence(problem, abscissa, [*problem.groups], iterate)


def lanes_in(values: Any) -> dict[tuple[str, float], list[Any]]:
    """Return (name of the solver, lr0) -> its runs in JSON, one a seed."""
    lanes: dict[tuple[str, float], list[Any]] = defaultdict(list)
    for run in values["runs"]:
        lanes[run["solver"]["name"], run["lr0"]].append(run)
    return lanes


def level_at(run: Any, t: int, column: str) -> float | None:
    """Return F - f* at T, or what counts for it beyond the end of a run; None if not known."""
    if t in run["trace"]["iteration"]:
        level = run["trace"][column][run["trace"]["iteration"].index(t)]
        return None if level is None else float(level)
    if t < run["trace"]["iteration"][-1]:
        return None
    if run["status"] == "diverged":
        return inf
    return run["trace"][column][-1] if run["status"] == "reached_target" else None


@pytest.mark.parametrize("iterate", ["last", "average"])
@pytest.mark.parametrize("name", RESULTS)
def test_curves_are_medians_of_the_json_with_the_least_and_the_largest_seed(
    name: str, iterate: DrawnIterate
) -> None:
    column = {"last": "suboptimality", "average": "suboptimality_average"}[iterate]
    result = RESULTS[name]()
    (values,) = as_json(result)["problems"]
    lanes = lanes_in(values)
    n_points = 0
    figure = all_lanes(problem_of(result), iterate=iterate)
    assert len(figure.curves) == len(lanes)
    for curve in figure.curves:
        runs = lanes[curve.lane[0].partition("[")[0], curve.lane[1] or nan]
        assert curve.n_seeds == len(runs)
        for k, t in enumerate(curve.band.iteration):
            levels = [level for run in runs if (level := level_at(run, t, column)) is not None]
            n_points += 1
            low, median, high = (
                (min(levels), statistics.median(levels), max(levels)) if levels else (nan,) * 3
            )
            assert curve.band.low[k] == pytest.approx(low, nan_ok=True)
            assert curve.band.median[k] == pytest.approx(median, nan_ok=True)
            assert curve.band.high[k] == pytest.approx(high, nan_ok=True)
    assert n_points > {"last": 150, "average": 100}[iterate]


def test_of_minibatches_some_levels_differ_and_some_are_infinite() -> None:
    """The test above is not one of equal or finite numbers only."""
    curves = all_lanes(problem_of(minibatch_sweep())).curves
    assert any(c.band.low[k] < c.band.high[k] for c in curves for k in range(len(c.band.x)))
    assert any(math.isinf(level) for c in curves for level in c.band.high)
    statuses = {run.status for run in problem_of(minibatch_sweep()).runs}
    assert {Status.DIVERGED, Status.REACHED_TARGET, Status.COMPLETED} <= statuses


def test_rows_beyond_the_budget_of_a_sweep_are_left_out() -> None:
    problem = problem_of(minibatch_sweep())
    assert problem.sweep is not None
    budget = problem.sweep.iterations
    assert budget is not None
    assert max(run.trace["iteration"][-1] for run in problem.runs) > budget
    ends = [c.band.iteration[-1] for c in all_lanes(problem).curves]
    assert max(ends) == budget


@pytest.mark.parametrize("name", ["batch", "whole budget"])
def test_bounds_are_the_least_of_the_json_on_the_last_iterate(name: str) -> None:
    result = RESULTS[name]()
    (values,) = as_json(result)["problems"]
    start = values["constants"]["delta0"]
    n_bounds = 0
    for curve in all_lanes(problem_of(result)).curves:
        for kind, bound in (("a-priori", curve.promised), ("certificate", curve.certificate)):
            least: dict[int, float] = {}
            for v in values["verdicts"]:
                lane = v["solver"]["name"], v["lr0"]
                about = v["applies"] and v["kind"] == kind and v["iterate"] == "last"
                if lane != (curve.lane[0].partition("[")[0], curve.lane[1]) or not about:
                    continue
                if v["measure"] == "suboptimality":
                    for t, b in zip(v["iteration"], v["bound"], strict=True):
                        least[t] = min(least.get(t, inf), inf if b is None else b)
            informative = {t: b for t, b in least.items() if b < start}
            assert (bound is None) == (not informative)
            if bound is not None:
                pairs = zip(curve.band.iteration, bound.values, strict=True)
                assert {t: b for t, b in pairs if not math.isnan(b)} == pytest.approx(informative)
                n_bounds += len(informative)
    assert n_bounds > 50


def test_of_several_bounds_the_least_is_named_and_others_do_not_count() -> None:
    runs = [made_run({0: 1.0, 1: 0.9, 2: 0.5, 5: 0.1})]
    verdicts = [
        made_verdict("A", {1: 0.95, 2: 0.8, 5: 0.7}),
        made_verdict("B", {1: 2.0, 2: 0.9, 5: 0.2}),
        made_verdict("of the average", {1: 0.01, 2: 0.01, 5: 0.01}, iterate="average"),
        made_verdict("of the gradient", {2: 0.02}, measure="grad_norm_sq"),
        made_verdict("elsewhere", {2: 0.03}, applies=False),
        made_verdict("of another lr0", {2: 0.04}, lr0=2.0),
        made_verdict("C", {1: nan, 2: 1.0, 5: 0.15}, kind="certificate"),
        made_verdict("on an estimate", {5: 0.05}, kind="heuristic"),
    ]
    problem = problem_of(made_result(runs, verdicts, delta0=1.0))
    (curve,) = all_lanes(problem).curves
    assert curve.promised is not None
    assert curve.promised.values == pytest.approx((nan, 0.95, 0.8, 0.2), nan_ok=True)
    assert curve.promised.theorems == ("", "A", "A", "B")
    assert curve.certificate is not None
    assert curve.certificate.values == pytest.approx((nan, nan, nan, 0.15), nan_ok=True)
    assert curve.certificate.theorems == ("", "", "", "C")


def test_bounds_on_the_average_alone_are_drawn_beside_the_average() -> None:
    levels = {0: 1.0, 1: 0.9, 2: 0.5, 5: 0.1}
    runs = [made_run(levels, suboptimality_average=[1.0, 0.85, nan, 0.3])]
    of_average = made_verdict("A", {1: 0.95, 5: 0.7}, iterate="average")
    problem = problem_of(made_result(runs, [of_average], delta0=1.0))
    figure = convergence(problem)
    (curve,) = figure.curves
    assert figure.of_iterate == " of the average iterate"
    assert (curve.band.iteration, curve.band.median) == ((0, 1, 5), (1.0, 0.85, 0.3))
    assert curve.promised is not None
    assert curve.promised.values == pytest.approx((nan, 0.95, 0.7), nan_ok=True)
    assert all_lanes(problem).curves[0].promised is None
    of_both = [of_average, made_verdict("L", {5: 0.8})]
    figure = convergence(problem_of(made_result(runs, of_both, delta0=1.0)))
    assert figure.of_iterate == ""
    weak = [made_verdict("A", {1: 1.5, 5: 1.2}, iterate="average")]
    assert convergence(problem_of(made_result(runs, weak, delta0=1.0))).of_iterate == ""


def test_of_minibatches_the_average_has_the_bounds() -> None:
    figure = convergence(problem_of(minibatch_run()))
    assert figure.iterate == "average"
    assert all(c.certificate for c in figure.curves)


def test_a_bound_of_the_answer_belongs_to_the_answer() -> None:
    runs = [made_run({0: 1.0, 1: 0.9}, suboptimality_output=[1.0, 0.3])]
    verdicts = [
        made_verdict("last", {1: 0.8}),
        made_verdict("answer", {1: 0.7}, iterate="output"),
    ]
    (curve,) = all_lanes(problem_of(made_result(runs, verdicts))).curves
    assert curve.band.median == (1.0, 0.3)
    assert curve.promised is not None
    assert curve.promised.theorems == ("", "answer")


def test_where_f_star_is_not_known_f_is_drawn_without_bounds() -> None:
    runs = [made_run({0: nan, 4: nan}, objective=[3.0, 2.5])]
    result = made_result(runs, [made_verdict("A", {4: 0.1})], f_star=nan, delta0=nan)
    figure = all_lanes(problem_of(result))
    assert (figure.level, figure.start) == ("F", 3.0)
    assert math.isnan(figure.floor)
    (curve,) = figure.curves
    assert curve.band.median == (3.0, 2.5)
    assert curve.promised is None


SEEDS = [
    made_run({0: 8.0, 1: 4.0, 3: 0.5}, 0, Status.REACHED_TARGET),
    made_run({0: 8.0, 1: 9.0, 2: 30.0}, 1, Status.DIVERGED),
    made_run({0: 8.0, 1: 6.0, 3: 2.0, 7: 1.0}, 2),
    made_run({0: 8.0, 1: 7.0}, 3, Status.INTERRUPTED),
]


def test_beyond_its_end_each_seed_counts_as_its_status_says() -> None:
    curve = band(SEEDS, "suboptimality")
    assert curve.iteration == (0, 1, 2, 3, 7)
    # At 2 the first and the third have no row; at 7 the first keeps 0.5, the second is infinite.
    assert curve.median == (8.0, 6.5, 30.0, 2.0, 1.0)
    assert curve.low == (8.0, 4.0, 30.0, 0.5, 0.5)
    assert curve.high == (8.0, 9.0, 30.0, inf, inf)
    assert band(SEEDS, "suboptimality", until=2).iteration == (0, 1, 2)
    assert band(SEEDS, "no such column").x == ()


def test_the_abscissa_is_the_median_of_the_seeds_that_have_a_row_and_never_falls() -> None:
    # The passes of the seeds are 3, 5, 7 and 9 a step: at 2 the second alone has a row.
    assert band(SEEDS, "suboptimality", "passes").x == (0.0, 6.0, 10.0, 15.0, 49.0)
    assert band(SEEDS, "suboptimality", "seconds").x == pytest.approx((0, 0.025, 0.04, 0.06, 0.21))
    slow, fast = made_run({0: 1.0, 5: 1.0}, 3), made_run({0: 1.0, 5: 1.0, 6: 1.0}, 0)
    assert band([slow, fast], "suboptimality", "passes").x == (0.0, 30.0, 30.0)


def test_spread_of_numbers_that_are_not_known_or_infinite() -> None:
    nothing = Spread((nan,), (nan,), (nan,))
    assert repr(spread([[nan], [nan]])) == repr(nothing)
    assert spread([[nan], [3.0]]) == Spread((3.0,), (3.0,), (3.0,))
    assert spread([[1.0], [inf]]) == Spread((inf,), (1.0,), (inf,))
    assert spread([[inf], [inf]]) == Spread((inf,), (inf,), (inf,))
    assert spread([[1e308], [1.6e308]]) == Spread((1.3e308,), (1e308,), (1.6e308,))


def test_rates_are_those_of_the_trace() -> None:
    (values,) = as_json(batch_run())["problems"]
    lanes = lanes_in(values)
    figure = rates(problem_of(batch_run()))
    assert values["constants"]["L"] == figure.L
    assert {c.solver.partition("[")[0]: c.b is not None for c in figure.curves} == {
        "wngrad": True,
        "adagrad-norm": True,
        "gd": False,
    }
    for curve in figure.curves:
        (run,) = lanes[curve.lane[0].partition("[")[0], curve.lane[1] or nan]
        lr = [nan if lr is None else lr for lr in run["trace"]["lr"]]
        assert curve.band.median == pytest.approx(lr, nan_ok=True)
        if curve.b is not None:
            assert curve.b.median == pytest.approx(run["trace"]["b"])


def test_a_solver_that_tells_no_rate_has_no_curve() -> None:
    runs = [made_run({0: 1.0, 1: 0.5}), made_run({0: 1.0, 1: 0.5}, solver="b", lr=[nan, 0.25])]
    (curve,) = rates(problem_of(made_result(runs))).curves
    assert (curve.solver, curve.band.median[1], curve.b) == ("b", 0.25, None)


def test_of_many_lanes_the_best_of_each_solver_is_drawn() -> None:
    problem = problem_of(batch_sweep())
    assert problem.sweep is not None
    best = [(str(s.solver), s.best_value) for s in problem.sweep.solvers]
    assert chosen_lanes(problem) == best
    assert chosen_lanes(problem_of(batch_run())) == [*problem_of(batch_run()).groups]
    ends = {2.0: 0.5, 3.0: 0.2, 4.0: 0.9}
    runs = [
        made_run({0: 1.0, 1: end}, lr0=lr0, solver=s) for s in "abc" for lr0, end in ends.items()
    ]
    assert chosen_lanes(problem_of(made_result(runs))) == [("a", 3.0), ("b", 3.0), ("c", 3.0)]


@pytest.mark.parametrize("name", ["minibatches", "whole budget"])
def test_sensitivity_is_that_of_the_json(name: str) -> None:
    result = RESULTS[name]()
    (values,) = as_json(result)["problems"]
    sweep, lanes = values["sweep"], lanes_in(values)
    figure = sensitivity(problem_of(result))
    assert figure.target == sweep["target"]
    assert figure.start == values["constants"]["delta0"]
    assert figure.step == pytest.approx(1.0 / values["constants"]["L"])
    found = set()
    for curve, s in zip(figure.curves, sweep["solvers"], strict=True):
        assert list(curve.values) == s["lr0"]
        assert curve.usable == (None if s["usable"] is None else tuple(s["usable"]))
        assert curve.best_value == s["best_lr0"]
        for k, value in enumerate(curve.values):
            runs = lanes[s["solver"]["name"], value]
            arrived = s["passes"][k] is not None
            assert curve.passes[k] == (s["passes"][k] if arrived else inf)
            diverged = sum(run["status"] == "diverged" for run in runs)
            if arrived:
                expected = "arrived"
            else:
                most = diverged and 2 * diverged >= len(runs) - s["reached"][k]
                expected = "diverged" if most else "missed"
            assert curve.outcome[k] == expected
            found.add(expected)
            levels = [final(run, sweep["iterations"]) for run in runs]
            assert curve.gap.median[k] == pytest.approx(statistics.median(levels))
            assert (curve.gap.low[k], curve.gap.high[k]) == (min(levels), max(levels))
    assert found == {"arrived", "diverged", "missed"}
    assert figure.ended_early == (name == "minibatches")


def final(run: Any, budget: int) -> float:
    """Return F - f* after the budget, or on arrival; inf for a run that diverged."""
    trace = run["trace"]
    if run["status"] == "diverged":
        return inf
    at = budget if budget in trace["iteration"] else run["status_at"]
    return float(trace["suboptimality"][trace["iteration"].index(at)])


def test_the_map_has_the_passes_of_each_pair() -> None:
    (values,) = as_json(two_axes())["problems"]
    (figure,) = sensitivity_maps(problem_of(two_axes()))
    assert (figure.solver, figure.parameter, figure.second) == ("adagrad-norm", "lr0", "eta")
    assert figure.seconds == (0.03, 0.4, 5.0)
    for s in values["sweep"]["solvers"]:
        j = figure.seconds.index(s["second_axis"]["eta"])
        for value, passes in zip(s["over"]["values"], s["passes"], strict=True):
            i = figure.values.index(value)
            assert figure.passes[i][j] == (inf if passes is None else passes)
            assert (figure.outcome[i][j] == "arrived") == (passes is not None)
    assert len({p for row in figure.passes for p in row}) > 4
    assert sensitivity_maps(problem_of(batch_sweep())) == []


def test_profiles_have_the_shares_of_the_json_at_their_points() -> None:
    result = several_problems()
    saved = as_json(result)["profiles"]
    figure = profile_figure(result.problems)
    assert figure.n_problems == 3
    names = {"gd": "sgd", "wngrad": "wngrad[order=current]"}
    points = {"tuned": TAU, "untuned": TAU, "data": saved["passes"]}
    shares = {
        **{k: saved[k]["shares"] for k in ("tuned", "untuned")},
        "data": saved["tuned"]["data"],
    }
    for kind, at in points.items():
        curves = getattr(figure, kind)
        assert {names[c.solver.partition("[")[0]] for c in curves} == set(shares[kind])
        for c in curves:
            expected = shares[kind][names[c.solver.partition("[")[0]]]
            for x, share in zip(at, expected, strict=True):
                steps = [s for p, s in zip(c.x, c.share, strict=True) if p <= x]
                assert (steps[-1] if steps else 0.0) == pytest.approx(share)
    (one,) = profile_figure(result.problems, {"sgd"}).tuned
    assert one.solver == "gd"


def test_the_constant_step_is_gd_in_full_batches_alone() -> None:
    assert {c.solver for c in all_lanes(problem_of(batch_run())).curves} >= {"gd"}
    assert {c.solver for c in sensitivity(problem_of(minibatch_sweep())).curves} >= {"sgd"}
