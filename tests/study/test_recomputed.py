"""Every measure of sensitivity, recomputed from the JSON by code that shares none with lrbench."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import jsonschema
import numpy as np
import pytest
import recomputed
from hypothesis import given
from made_header import with_header
from swept import made_problem

import lrbench
from lrbench.results import SCHEMA, ProblemResult, Result, Run, Status, environment
from lrbench.study import analyse

INF = float("inf")
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
MEASURES = (
    "lr_sensitivity",
    "price",
    "draws",
    "expected_best",
    "exponent",
    "expected_running_time",
)


def saved(result: Result) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(result.to_json())
    VALIDATOR.validate(values)
    again = Result.from_dict(values)
    assert json.loads(again.to_json()) == values
    return values


def check(values: dict[str, Any]) -> None:
    """Compare every measure of every solver with the one that is recomputed."""
    for problem in values["problems"]:
        for s in problem["sweep"]["solvers"]:
            expected = recomputed.measures(problem, s)
            found = {name: s[name] for name in MEASURES}
            if found["exponent"] is not None:  # what is proved is no measure
                found["exponent"] = found["exponent"] | {"proved": None}
            assert_close(found, expected)
            for bound in s["robustness"] or ():
                check_bound(problem, s, bound)


def check_bound(problem: dict[str, Any], s: dict[str, Any], of: dict[str, Any]) -> None:
    """Compare a bound over the grid with the traces, where they are enough to judge it."""
    assert of["iteration"] == problem["sweep"]["iterations"]
    assert_close(of["gap"], recomputed.bounded(problem, s, of))
    if of["best_scale"] is None:
        assert (of["best_bound"], of["rho"]) == (None, [])
    else:
        assert_close(of["rho"], [v / of["best_scale"] for v in s["over"]["values"]])
        assert all(b >= of["best_bound"] for b in of["bound"] if b is not None)
    start = "delta0" if of["measure"] == "suboptimality" else "grad_norm_sq0"
    for bound, gap, verdict in zip(of["bound"], of["gap"], of["verdict"], strict=True):
        if verdict == "pass":
            assert gap <= bound * (1 + 1e-9)
            assert bound < problem["constants"][start]
        elif verdict == "vacuous":
            assert bound is None or bound >= problem["constants"][start]
        elif verdict == "inapplicable":
            assert bound is None
        elif verdict == "unknown":
            assert gap is None
        else:  # some seeds prove nothing; no bound is violated
            assert verdict == "none"
            assert s["n_seeds"] > 1


def assert_close(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            assert_close(found[key], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_close(one, other)
    elif expected is None or isinstance(expected, str):
        assert found == expected
    else:
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


GRID = st.lists(st.integers(-40, 40), min_size=1, max_size=12, unique=True).map(sorted)
COSTS = st.sampled_from([1.0, 2.0, 2.5, 7.0, 40.0, INF])
GAPS = st.sampled_from([1e-15, 1e-6, 1e-3, 0.02, 0.3, 0.5, 1.5, 40.0])
ENDS = st.sampled_from([None, None, None, None, Status.DIVERGED, Status.FAILED, Status.INTERRUPTED])


@st.composite
def problems(draw: st.DrawFn) -> ProblemResult:
    """Draw runs on an irregular grid, some of which failed, diverged or were stopped."""
    grid = [10.0 ** (k / 10) for k in draw(GRID)]
    rows = st.lists(COSTS, min_size=len(grid), max_size=len(grid))
    seeds = draw(st.lists(rows, min_size=1, max_size=4))
    problem = made_problem(grid, {"a": seeds})
    troubled = draw(st.booleans())
    runs = [ended(run, draw(GAPS), draw(ENDS) if troubled else None) for run in problem.runs]
    return with_header(replace(problem, runs=runs), f_star=0.25)


def ended(run: Run, gap: float, status: Status | None) -> Run:
    """Return a run that ended so, and whose last gap is another one unless it arrived."""
    if status is Status.INTERRUPTED:
        return replace(run, status=status, status_at=0, trace={})
    trace = dict(run.trace)
    if run.status is not Status.REACHED_TARGET:
        trace["suboptimality"] = np.array([1.0, 0.5, max(gap, 0.02)])
    else:
        trace["suboptimality"] = np.array([1.0, 0.5, min(gap, 0.01)])
    if status is not None:
        trace = {name: column[:2] for name, column in trace.items()}
        return replace(run, status=status, status_at=700, trace=trace, error="no")
    return replace(run, trace=trace)


@given(problems())
def test_made_up_runs(problem: ProblemResult) -> None:
    swept = replace(problem, sweep=analyse(problem, iterations=1000))
    check(saved(Result((), environment(1), [swept])))


def valley(best: float, power: float, grid: Sequence[float]) -> list[float]:
    return [3.0 * max(v / best, best / v) ** power for v in grid]


def test_an_exponent_of_the_passes() -> None:
    grid = [10.0 ** (k / 4) for k in range(-8, 13)]
    rows = [valley(0.1, power, grid) for power in (0.9, 1.0, 1.2)]
    problem = made_problem(grid, {"a": rows})
    values = saved(Result((), environment(1), [replace(problem, sweep=analyse(problem))]))
    check(values)
    found = values["problems"][0]["sweep"]["solvers"][0]["exponent"]
    assert found["of"] == "passes"
    assert found["measured"] == pytest.approx(3.1 / 3)
    assert found["interval"][0] < 3.1 / 3 < found["interval"][1]


@pytest.mark.parametrize("target", [None, 1e-12])
def test_real_sweeps(target: float | None) -> None:
    """With a target that is never reached all lanes run to the end; else most end before."""
    result = lrbench.sweep(
        ["logreg", "least-squares", "lad-worst"],
        solvers=["sgd", "wngrad", "schedule-free", "sgd-sqrt"],
        lr0="1e-3:1e4:12",
        iterations=90,
        target=target,
        jobs=1,
    )
    values = saved(result)
    check(values)
    withheld = {
        word for p in values["problems"] for s in p["sweep"]["solvers"] for word in s["withheld"]
    }
    assert ("lr_sensitivity" in withheld) == (target is None)
    check_comparison(values)


def test_a_sweep_over_another_parameter() -> None:
    result = lrbench.sweep(
        ["logreg", "least-squares"],
        solvers=["adagrad-norm", "prox-adagrad-norm"],
        over=["eta=0.1,1,2,5,10,100,1e3,1e4,1e5"],
        at="30,90",
        jobs=1,
    )
    values = saved(result)
    check(values)
    check_comparison(values)
    for settings in values["common_settings"]:
        assert settings["withheld"]["in_units_of_1/L"] == "no_L"
    for problem in values["problems"]:
        for s in problem["sweep"]["solvers"]:
            gap = recomputed.gaps(problem, s, 30)
            assert_close(s["at"][0]["gap"], [gap[0, v] for v in s["over"]["values"]])


def test_a_stochastic_sweep_over_seeds() -> None:
    result = lrbench.sweep(
        ["logreg", "lad-worst"],
        solvers=["sgd", "adagrad-norm"],
        lr0=[0.001, 0.01, 0.02, 0.3, 1.0, 2.0, 4.0, 100.0, 300.0],
        batch_size=16,
        passes=2,
        replicates=3,
        jobs=1,
    )
    values = saved(result)
    check(values)
    check_comparison(values)


def check_comparison(values: dict[str, Any]) -> None:
    """Compare what is said of several problems with what is recomputed."""
    sweeps = [problem["sweep"] for problem in values["problems"]]
    profiles = values["profiles"]
    for kind in ("tuned", "untuned"):
        expected = recomputed.profile(sweeps, kind == "tuned", profiles["passes"])
        assert_close({key: profiles[kind][key] for key in ("score", "data")}, expected)
    assert len(values["common_settings"]) == len(sweeps[0]["solvers"])
    for settings in values["common_settings"]:
        for key, relative in (("absolute", False), ("in_units_of_1/L", True)):
            common = recomputed.common_setting(values["problems"], settings["solver"], relative)
            assert_close(settings[key], common)


ROW = st.lists(st.sampled_from([1.0, 2.0, 3.5, 20.0, INF]), min_size=4, max_size=4)


@given(st.lists(st.tuples(ROW, ROW, GRID, st.floats(0.5, 20.0)), min_size=2, max_size=4))
def test_made_up_problems(
    rows: list[tuple[list[float], list[float], list[int], float]],
) -> None:
    made = []
    for k, (a, b, grid, L) in enumerate(rows):
        costs = {"a": [a[: len(grid)]], "b": [b[: len(grid)]]}
        problem = made_problem([10.0 ** (v / 10) for v in grid[:4]], costs, f"p{k}", L)
        made.append(replace(problem, sweep=analyse(problem)))
    check_comparison(saved(Result((), environment(1), made)))
