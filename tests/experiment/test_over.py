"""Lanes that vary another parameter than lr0: their numbers, and what keeps and shows them."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.datasets import load_diabetes

import lrbench
from lrbench.config.axes import parse_axes
from lrbench.errors import UsageError
from lrbench.experiment.store import opened, result_of
from lrbench.gate.expectation import parse_expectation
from lrbench.gate.judge import judge_expectation
from lrbench.plan.auto_grid import FIRST, MOST_DECADES, PER_DECADE, next_exponents
from lrbench.plan.plan import Plan
from lrbench.results import Result, Run
from lrbench.results.result import SCHEMA
from lrbench.solvers import SOLVERS
from lrbench.solvers.base import Solver

ETAS = (0.03, 1.0, 7.0, 450.0)
STEPS = 40


def runs_of(result: Result) -> dict[tuple[str, float | None, int], Run]:
    return {(*run.lane, run.seed): run for problem in result.problems for run in problem.runs}


def without_clock(run: Run) -> dict[str, list[float]]:
    return {name: np.nan_to_num(v).tolist() for name, v in run.trace.items() if name != "seconds"}


def f_by_hand(eta: float, b_0: float, X: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return F = |Xw - y|^2 / 2n after `STEPS` steps of AdaGrad-Norm from 0."""
    n, b_squared, w = len(y), b_0 * b_0, np.zeros(X.shape[1])
    for _ in range(STEPS):
        g = X.T @ (X @ w - y) / n
        b_squared += float(g @ g)
        w = w - eta / math.sqrt(b_squared) * g
    return float(np.sum((X @ w - y) ** 2)) / (2 * n)


@pytest.mark.parametrize("lr0", [0.2, 5.0])
def test_over_eta_holds_b_0(lr0: float) -> None:
    features, y = load_diabetes(return_X_y=True)
    X = np.column_stack([features, np.ones(len(y))])
    result = lrbench.run(
        "least-squares", solvers="adagrad-norm", over={"eta": ETAS}, lr0=lr0, iterations=STEPS
    )
    for run in result.problems[0].runs:
        by_hand = f_by_hand(run.value or 0.0, 1 / lr0, X, y)
        assert run.trace["objective"][-1] == pytest.approx(by_hand, rel=1e-12)
        assert run.lr0 == pytest.approx((run.value or 0.0) * lr0, rel=1e-15)


def test_the_range_over_eta_ends_where_that_at_a_held_lr0_does_not() -> None:
    """With b_0 = eta / lr0 a huge eta is gradient descent at lr0, whatever eta is."""
    held = lrbench.sweep(
        "least-squares", solvers="adagrad-norm[eta=1e4|1e7|1e10]", lr0="1", jobs=1
    ).problems[0]
    gradient_descent = lrbench.sweep("least-squares", solvers="sgd", lr0="1", jobs=1).problems[0]
    assert held.sweep
    assert gradient_descent.sweep
    plain = gradient_descent.sweep.solvers[0].best_passes
    assert [s.best_passes for s in held.sweep.solvers] == [plain] * 3
    over = lrbench.sweep(
        "least-squares", solvers="adagrad-norm", over="eta=1e4,1e7,1e10", jobs=1
    ).problems[0]
    assert over.sweep
    assert over.sweep.solvers[0].reached[1:] == (0, 0)


@pytest.mark.parametrize("batch_size", [None, 7])
def test_a_lane_has_the_bits_of_a_solver_with_this_value(batch_size: int | None) -> None:
    options: dict[str, Any] = {
        "iterations": STEPS,
        "batch_size": batch_size,
        "jobs": 1,
        "target": 1e-9,
    }
    over = lrbench.sweep(
        "logreg", solvers=["adam", "heavy-ball"], over={"lr0": [0.03]}, **options
    ).problems[0]
    plain = lrbench.sweep("logreg", solvers=["adam", "heavy-ball"], lr0=0.03, **options).problems[0]
    for a, b in zip(over.runs, plain.runs, strict=True):
        assert a.solver == b.solver
        assert without_clock(a) == without_clock(b)
    betas = [0.3, 0.87]
    over = lrbench.sweep(
        "logreg", solvers="heavy-ball", over={"beta": betas}, lr0=0.03, **options
    ).problems[0]
    alone = lrbench.sweep(
        "logreg", solvers="heavy-ball[beta=0.3|0.87]", lr0=0.03, **options
    ).problems[0]
    assert [str(run.solver) for run in over.runs] == [str(run.solver) for run in alone.runs]
    for a, b in zip(over.runs, alone.runs, strict=True):
        assert without_clock(a) == without_clock(b)


def test_scale_is_the_free_scale_of_each_solver() -> None:
    names = ["wngrad", "adagrad-norm", "dog", "sgd"]
    result = lrbench.sweep("logreg", solvers=names, over="scale=0.1,1", iterations=5, jobs=1)
    sweep = result.problems[0].sweep
    assert sweep is not None
    assert sweep.parameter == "scale"
    assert [s.parameter for s in sweep.solvers] == [SOLVERS.get(name).scale for name in names]
    assert all(tuple(s.values) == (0.1, 1.0) for s in sweep.solvers)


def test_two_axes_make_a_method_of_each_value_of_the_second() -> None:
    """Over lr0 and eta it is the sweep over lr0 of solvers with these eta."""
    options: dict[str, Any] = {"iterations": 30, "jobs": 1}
    (grid,) = lrbench.sweep(
        "logreg", solvers="adagrad-norm", over=["lr0=0.1,3", "eta=0.5,2,40"], **options
    ).problems
    assert grid.sweep is not None
    labels = [f"adagrad-norm[eta={eta}]" for eta in ("0.5", "2", "40")]
    assert [str(s.solver) for s in grid.sweep.solvers] == labels
    assert all(s.over == {"parameter": "lr0", "values": (0.1, 3.0)} for s in grid.sweep.solvers)
    (rows,) = lrbench.sweep(
        "logreg", solvers="adagrad-norm[eta=0.5|2|40]", lr0=[0.1, 3], **options
    ).problems
    assert [without_clock(r) for r in rows.runs] == [without_clock(r) for r in grid.runs]
    (turned,) = lrbench.sweep(
        "logreg", solvers="adagrad-norm", over={"eta": [0.5, 2, 40], "lr0": [0.1, 3]}, **options
    ).problems
    same = {(run.over["eta"], run.over["lr0"]): without_clock(run) for run in grid.runs}
    assert len(same) == 6
    for run in turned.runs:
        assert same[run.over["eta"], run.over["lr0"]] == without_clock(run)


def test_several_lr0_beside_another_axis_hold_b_0() -> None:
    options: dict[str, Any] = {"solvers": "adagrad-norm", "over": "eta=0.5,2,40", "iterations": 30}
    (both,) = lrbench.sweep("logreg", lr0=[0.1, 3], jobs=1, **options).problems
    assert both.sweep is not None
    assert [str(s.solver) for s in both.sweep.solvers] == [
        "adagrad-norm[lr0=0.1]",
        "adagrad-norm[lr0=3]",
    ]
    for lr0 in (0.1, 3):
        (one,) = lrbench.sweep("logreg", lr0=lr0, jobs=1, **options).problems
        own = [without_clock(run) for run in both.runs if run.over["lr0"] == lr0]
        assert own == [without_clock(run) for run in one.runs]


def test_alternatives_in_brackets_make_a_row_each() -> None:
    plan = Plan(solvers=["adagrad-norm[eta=1|10|1e2:1e4:3]", "wngrad[order=lagged|current]"])
    assert [str(spec) for _, spec in plan.built] == [
        "adagrad-norm",
        *(f"adagrad-norm[eta={eta}]" for eta in ("10", "100", "1000", "10000")),
        "wngrad[order=lagged]",
        "wngrad[order=current]",
    ]


def test_the_store_jobs_and_a_saved_file_keep_such_lanes(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    options: dict[str, Any] = {
        "solvers": ["adagrad-norm", "wngrad"],
        "over": "scale=0.1,1,10",
        "lr0": [0.5, 2],
        "batch_size": 16,
        "passes": 2,
        "replicates": 2,
    }
    serial = lrbench.sweep("logreg", jobs=1, store=path, **options)
    parallel = lrbench.sweep("logreg", jobs=2, **options)
    again = lrbench.sweep("logreg", jobs=1, store=path, **options)
    expected = {key: without_clock(run) for key, run in runs_of(serial).items()}
    assert len(expected) == 2 * (3 * 2 + 3)
    for other in (parallel, again):
        assert {key: without_clock(run) for key, run in runs_of(other).items()} == expected
    assert again.problems[0].sweep == serial.problems[0].sweep
    with opened(path) as connection:
        stored = result_of(connection, path)
    assert {key: without_clock(run) for key, run in runs_of(stored).items()} == expected
    assert stored.problems[0].sweep is not None
    assert serial.problems[0].sweep is not None
    assert stored.problems[0].sweep.solvers == serial.problems[0].sweep.solvers
    saved = json.loads(serial.to_json())
    jsonschema.validate(saved, json.loads(SCHEMA.read_text()))
    assert Result.from_dict(saved).to_dict() == saved
    lanes = [run["over"] for run in saved["problems"][0]["runs"] if run["seed"] == 0]
    assert {"eta": 10.0, "lr0": 0.5} in lanes
    assert {"lr0": 0.1} in lanes


def test_a_store_with_two_axes_of_a_solver_shows_each(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    options: dict[str, Any] = {"solvers": "adagrad-norm", "iterations": 9, "jobs": 1}
    lrbench.sweep("logreg", over="eta=0.1,1", store=path, **options)
    lrbench.sweep("logreg", lr0="0.1,1,10", store=path, **options)
    with opened(path) as connection:
        sweeps = [problem.sweep for problem in result_of(connection, path).problems]
    grids = [s.over for sweep in sweeps if sweep is not None for s in sweep.solvers]
    assert grids == [
        {"parameter": "eta", "values": (0.1, 1.0)},
        {"parameter": "lr0", "values": (0.1, 1.0, 10.0)},
    ]


def test_results_without_the_key_vary_lr0() -> None:
    result = lrbench.sweep("logreg", solvers="sgd", lr0="0.1,1", iterations=9, jobs=1).to_dict()

    def without_over(value: object) -> object:
        if isinstance(value, dict):
            kept = {k: v for k, v in value.items() if k not in ("over", "best_value")}
            return {k: without_over(v) for k, v in kept.items()}
        return [without_over(v) for v in value] if isinstance(value, list) else value

    assert Result.from_dict(without_over(result)).to_dict() == result


def floats_of(name: str) -> list[str]:
    hints = SOLVERS.get(name).__annotations__
    return [key for key, kind in hints.items() if kind == "float"]


@pytest.mark.parametrize("name", sorted(SOLVERS))
def test_every_number_of_a_solver_can_be_an_axis(name: str) -> None:
    for key in floats_of(name):
        value = getattr(SOLVERS.get(name), key)
        values = [value or 1.0, value / 2 or 0.5]
        try:
            SOLVERS.get(name)(**{key: values[1]})
        except UsageError as error:  # it belongs to another choice of the solver
            with pytest.raises(UsageError, match=re.escape(error.message)):
                Plan(solvers=name, over={key: values})
            continue
        axes = Plan(solvers=name, over={key: values}).axes[0]
        assert [lane.over[0][0] for lane in axes.lanes(1.0)] == [key, key]


@pytest.mark.parametrize("name", sorted(SOLVERS))
def test_the_free_scale_is_lr0_or_a_number_of_the_solver(name: str) -> None:
    solver: Solver = SOLVERS.get(name)()
    own = solver.scale not in ("", "lr0")
    assert not own or isinstance(getattr(solver, solver.scale), float)
    lane = Plan(solvers=name, over={"scale": 3.0}, lr0=0.25 if own else None).axes[0].lanes(1.0)[0]
    assert lane.over == (((solver.scale, 3.0),) if solver.scale else ())
    expected = 3.0 if solver.scale == "lr0" else solver.lr0_at(3.0, 0.25)
    assert lane.lr0 == (expected if solver.has_lr0 else None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"over": "eta"}, "auto is for a sweep"),
        ({"over": "eta="}, "is not NAME=VALUES"),
        ({"over": "=1,2"}, "is not NAME=VALUES"),
        ({"over": "eta=0,1"}, "is not a positive number"),
        ({"over": "eta=1:2"}, "neither a number nor LO:HI:COUNT"),
        ({"over": "eta=1_0"}, "is not a number"),
        ({"over": ["eta=1", "eta=2"]}, "twice"),
        ({"over": ["eta=1", "scale=2"]}, "twice, once as its scale"),
        ({"over": ["eta=1", "lr0=2", "b=3"]}, "3 times"),
        ({"over": 3}, "is no text"),
        ({"over": [3]}, "is no text"),
        ({"over": {"eta": []}}, "has no values"),
        ({"over": "order=1"}, "has no number"),
        ({"over": "b_0=1"}, "has no number"),
        ({"over": "eta=1/L"}, "is no learning rate"),
        ({"over": "lr0=1", "lr0": 2}, "given twice"),
        ({"over": ["eta=1,2", "lr0=1"], "lr0": [1, 2]}, "given twice"),
        ({"over": "scale=1,2", "lr0": 3, "solvers": "wngrad"}, "--lr0 has no effect"),
        ({"over": "eta=1", "solvers": "adagrad-norm[eta=2]"}, "given twice, in its brackets"),
        ({"over": "beta1=0.5,1.5", "solvers": "adam"}, "beta1 = 1.5 is not in"),
        ({"over": "eta=1", "solvers": ["adagrad-norm", "sgd"]}, "sgd has no number"),
        ({"solvers": "adagrad-norm[eta=1||2]"}, "empty value"),
        ({"solvers": "adagrad-norm[eta=1|x]"}, "cannot be 'x'"),
        ({"solvers": "adagrad-norm[eta=2:1:3]"}, "go from"),
        ({"solvers": "adagrad-norm[eta=1/L:2/L:3]"}, "units of 1/L"),
    ],
)
def test_mistakes(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as raised:
        Plan(**{"solvers": "adagrad-norm", **options})
    assert words in raised.value.message
    assert raised.value.hint.endswith(".")


@pytest.mark.parametrize("over", ["scope=all,row", ["scope=all,row"], {"scope": "all,row"}])
def test_words_cannot_vary_over_the_lanes(over: Any) -> None:
    with pytest.raises(UsageError, match="wngrad has no number of this name") as raised:
        Plan(solvers="wngrad", over=over)
    assert "-s 'wngrad[scope=all]'" in raised.value.hint


def test_a_rate_outside_of_float64_is_refused() -> None:
    with pytest.raises(UsageError, match="no learning rate in float64"):
        lrbench.run("logreg", solvers="adagrad-norm", over="eta=1e300", lr0=1e300)


def test_axes_of_a_mapping_and_of_texts_are_the_same() -> None:
    assert parse_axes({"eta": "0.1:10:3", "lr0": 2}) == parse_axes(["eta=0.1:10:3", "lr0 = 2"])


@pytest.mark.parametrize(("iterations", "least"), [(1000, 3.5), (4000, 5.0)])
def test_adagrad_norm_over_its_scale_has_an_upper_end(iterations: int, least: float) -> None:
    """More steps make the range wider; its end is that of the grid in neither case."""
    problem = lrbench.sweep(
        "least-squares", solvers="adagrad-norm", over="scale=1e-2:1e9:45", iterations=iterations
    ).problems[0]
    assert problem.sweep is not None
    (s,) = problem.sweep.solvers
    assert s.usable_decades >= least
    assert s.at_edge == (False, False)
    assert s.parameter == "eta"


def test_a_grid_that_finds_its_ends(tmp_path: Path) -> None:
    """It has the ends of a wide grid by hand, and cells of the store are not run again."""
    options: dict[str, Any] = {"solvers": ["adagrad-norm", "sgd"], "iterations": 300, "jobs": 1}
    path = tmp_path / "s.sqlite"
    auto = lrbench.sweep("logreg", over="scale", store=path, **options).problems[0].sweep
    wide = lrbench.sweep("logreg", over="eta=1e-4:1e6:41", solvers="adagrad-norm", iterations=300)
    assert auto is not None
    assert wide.problems[0].sweep is not None
    by_eta, by_lr0 = auto.solvers
    assert by_eta.usable == wide.problems[0].sweep.solvers[0].usable
    for s in auto.solvers:
        assert s.at_edge == (False, False)
        assert s.usable is not None
        inside = [math.log10(v) for v in s.values if s.usable[0] / 10 <= v <= s.usable[1] * 10]
        assert np.diff(inside) == pytest.approx(0.25)
    assert 1.0 in by_eta.values
    L = lrbench.run("logreg", solvers="sgd", iterations=1).problems[0].header.constants.L
    assert any(value * L == pytest.approx(1.0, rel=1e-14) for value in by_lr0.values)
    again = lrbench.sweep("logreg", over="scale", store=path, **options).problems[0].sweep
    assert again == auto


def test_a_grid_that_nothing_ends_stops_at_16_decades() -> None:
    problem = lrbench.sweep("logreg", solvers="sgd", lr0="auto", target=0.4, iterations=2, jobs=1)
    sweep = problem.problems[0].sweep
    assert sweep is not None
    values = sweep.solvers[0].values
    assert math.log10(values[-1] / values[0]) <= 16.0 + 1e-9


@given(arrivals=st.sets(st.integers(-40, 40)))
def test_the_ends_of_a_grid_do_not_arrive_or_it_is_16_decades_wide(arrivals: set[int]) -> None:
    done = dict.fromkeys(FIRST, math.inf)
    while True:
        costs = {k: 1.0 if k in arrivals else math.inf for k in done}
        more = next_exponents(costs, {k: abs(k - 3.0) for k in done})
        assert not done.keys() & set(more)
        if not more:
            break
        done |= dict.fromkeys(more, math.inf)
    low, high = min(done), max(done)
    assert high - low <= MOST_DECADES * PER_DECADE
    came = [k for k in done if k in arrivals]
    if high - low < (MOST_DECADES - 1) * PER_DECADE:
        assert came
        assert low not in arrivals
        assert high not in arrivals
    for k in range(min(came, default=3), max(came, default=3) + 1):
        assert k in done


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr0": "auto", "over": "eta=1,2"}, "second axis"),
        ({"over": ["scale", "lr0=1,2"]}, "second axis"),
        ({"over": "beta1=auto", "solvers": "adam"}, "beta1 = 1 is not in"),
    ],
)
def test_what_auto_cannot_be(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as raised:
        Plan(**{"solvers": "adagrad-norm", "sweep": True, **options})
    assert words in raised.value.message


@pytest.mark.parametrize("options", [{"lr0": "auto"}, {"over": "scale"}, {"lr0": ["auto"]}])
def test_auto_needs_a_target(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="auto is for a sweep"):
        Plan(solvers="adagrad-norm", **options)


def test_a_store_keeps_curves_with_other_held_rates_apart(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    options: dict[str, Any] = {"solvers": "adagrad-norm", "iterations": 9, "jobs": 1}
    lrbench.sweep("logreg", over="eta=1,10,100", store=path, **options)
    lrbench.sweep("logreg", over="eta=1,10,100,1000", lr0=100, store=path, **options)
    with opened(path) as connection:
        stored = result_of(connection, path)
    curves = [s for p in stored.problems if p.sweep for s in p.sweep.solvers]
    assert sorted((tuple(s.values), tuple(s.lr0)) for s in curves) == [
        ((1.0, 10.0, 100.0), (1.0, 10.0, 100.0)),
        ((1.0, 10.0, 100.0, 1000.0), (100.0, 1000.0, 10000.0, 100000.0)),
    ]


@pytest.mark.parametrize("rates", ["1,0.1,3", [1, 0.1, 3], np.array([1, 0.1, 3])])
def test_lanes_keep_the_order_of_the_command(rates: Any) -> None:
    (problem,) = lrbench.run("logreg", solvers="sgd", lr0=rates, iterations=2).problems
    assert [run.lr0 for run in problem.runs] == [1.0, 0.1, 3.0]
    (problem,) = lrbench.run(
        "logreg", solvers="adagrad-norm", over={"eta": rates}, iterations=2
    ).problems
    assert [run.value for run in problem.runs] == [1.0, 0.1, 3.0]


def test_the_gate_takes_the_passes_of_the_lane() -> None:
    """All lanes over c have one lr0."""
    result = lrbench.sweep(
        "logreg", solvers="wngrad", over="c=0.01,1,100", lr0=3, target="20%", iterations=500, jobs=1
    )
    sweep = result.problems[0].sweep
    assert sweep is not None
    passes = sweep.solvers[0].passes
    assert len(set(passes)) == 3
    (problem,) = result.problems
    findings = judge_expectation(parse_expectation("passes_to_target <= 1"), problem)
    assert [finding.measured for finding in findings] == [f"{p:.6g}" for p in passes]


def test_a_grid_that_finds_its_ends_does_so_for_the_largest_target() -> None:
    (problem,) = lrbench.sweep(
        "logreg", solvers="sgd", lr0="auto", target="90%,1%", iterations=300, jobs=1
    ).problems
    assert problem.sweeps is not None
    assert [s.solvers[0].at_edge for s in problem.sweeps] == [(False, False)] * 2
