"""F - f* of every lr0 after several numbers of steps, from one sweep with --at."""

from __future__ import annotations

import json
import math
import re
import statistics
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from made_header import with_header
from shown_results import shown
from swept import made_problem

import lrbench
from lrbench.errors import UsageError
from lrbench.experiment.store import opened, result_of
from lrbench.plan.plan import Plan
from lrbench.results import SCHEMA, Result, Status, environment
from lrbench.study import analyse

GRID = [1e-3, 0.1, 1.0, 1e3, 1e8]


def levels(result: Result, solver: str) -> dict[int, list[float]]:
    sweep = result.problems[0].sweep
    assert sweep is not None
    return {after.iteration: list(after.gap) for after in sweep.of(solver).at}


@pytest.fixture(scope="module")
def deterministic() -> Result:
    return lrbench.sweep(
        "least-squares",
        solvers=["sgd", "wngrad", "schedule-free"],
        lr0=GRID,
        target=5000.0,
        at="7,150",
        jobs=1,
    )


def test_they_are_where_a_run_of_so_many_steps_ends(deterministic: Result) -> None:
    for T in (7, 150):
        alone = lrbench.run(
            "least-squares", solvers=["sgd", "wngrad", "schedule-free"], lr0=GRID, iterations=T
        )
        for run in alone.problems[0].runs:
            column = run.trace.get("suboptimality_output", run.trace["suboptimality"])
            end = math.inf if run.status is Status.DIVERGED else column[-1]
            found = levels(deterministic, str(run.solver))[T][GRID.index(run.lr0 or 0.0)]
            assert found == pytest.approx(end, rel=1e-6)
    assert math.inf in levels(deterministic, "sgd")[150]
    assert math.inf not in levels(deterministic, "wngrad[order=current]")[150]


def test_constant_steps_on_a_quadratic_are_below_their_slowest_part() -> None:
    """F - f* is a sum over eigenvalues of the Hessian, of parts times (1 - lr lambda)^(2 T)."""
    result = lrbench.sweep("log-spectrum", solvers=["gd"], lr0=["0.5/L", "1/L"], at=[40], jobs=1)
    c = result.problems[0].header.constants
    slow, fast = levels(result, "sgd")[40]
    for gap, share in ((slow, 0.5), (fast, 1.0)):
        assert 0 < gap <= c.delta0 * (1 - share * c.mu / c.L) ** 80
    assert fast < slow


def test_no_lane_ends_before_and_all_measures_exist(deterministic: Result) -> None:
    problem = deterministic.problems[0]
    sweep = problem.sweep
    assert sweep is not None
    assert sweep.iterations == 150
    assert any(math.isfinite(p) for s in sweep.solvers for p in s.passes)
    for run in problem.runs:
        assert {7, 150} <= {*run.trace["iteration"]} or run.status is Status.DIVERGED
    for s in sweep.solvers:
        assert not {"lr_sensitivity", "expected_best"} & s.measures.withheld.keys()


def test_medians_over_seeds_can_be_recomputed_from_the_json() -> None:
    result = lrbench.sweep(
        "logreg",
        solvers=["sgd", "adagrad-norm"],
        lr0=[0.01, 1.0, 1e250],
        batch_size=64,
        replicates=3,
        at=[20, 3, 20],
        jobs=1,
    )
    values = json.loads(result.to_json())
    jsonschema.validate(values, json.loads(SCHEMA.read_text()))
    (problem,) = values["problems"]
    for s in problem["sweep"]["solvers"]:
        assert [after["iteration"] for after in s["at"]] == [3, 20]
        for after in s["at"]:
            for lr0, found, known in zip(s["lr0"], after["gap"], after["known"], strict=True):
                runs = [r for r in problem["runs"] if (r["solver"], r["lr0"]) == (s["solver"], lr0)]
                gaps = [gap_of(run, after["iteration"]) for run in runs]
                median = statistics.median(gaps)
                assert known == 3
                assert found == (None if math.isinf(median) else median)
    again = Result.from_dict(values)
    assert again.problems[0].sweep == result.problems[0].sweep
    assert shown(again, "plain") == shown(result, "plain")


def gap_of(run: dict[str, Any], T: int) -> float:
    if run["status"] == "diverged" and run["status_at"] <= T:
        return math.inf
    trace = run["trace"]
    return float(trace["suboptimality"][trace["iteration"].index(T)])


def test_what_is_unknown_and_what_diverged_are_told_apart_in_a_file() -> None:
    problem = made_problem([1.0, 2.0, 4.0], {"a": [[4.0, math.inf, math.inf]] * 3})
    runs = list(problem.runs)
    runs[2] = replace(runs[2], status=Status.DIVERGED, status_at=1000)
    runs[5] = replace(runs[5], status=Status.DIVERGED, status_at=400)
    for k in (1, 4, 7):
        runs[k] = replace(runs[k], status=Status.FAILED)
    swept = replace(problem, runs=runs)
    sweep = analyse(swept, at=[500, 1000, 1500])
    half, end, beyond = sweep.solvers[0].at
    assert half.known == end.known == (3, 0, 3)
    assert np.array_equal(half.gap, [0.5, math.nan, 0.5], equal_nan=True)
    assert np.array_equal(end.gap, [0.005, math.nan, math.inf], equal_nan=True)
    assert beyond.known == (0, 0, 2)
    result = Result((), environment(1), [replace(swept, sweep=sweep)])
    again = Result.from_json(result.to_json())
    assert again.problems[0].sweep == sweep
    text = shown(again, "plain")
    table = text[text.index("F - f* after T = 1000 steps, medians over seeds:") :]
    rows = [line.split() for line in table.splitlines()[3:6]]
    assert rows == [["1", "5.00e-03"], ["2", "-"], ["4", "diverged"]]
    values = json.loads(result.to_json())
    values["problems"][0]["sweep"]["solvers"][0]["at"][0]["gap"].pop()
    with pytest.raises(UsageError, match=r"at\[0\].gap has 2 items, not 3"):
        Result.from_dict(values)


def test_the_page_has_a_table_for_each_T(invoke: Any) -> None:
    args = ("sweep", "-p", "logreg", "-s", "gd", "-s", "adagrad-norm", "--lr0", "0.01,1,100,1e30")
    outcome = invoke(*args, "--at", "100,1e1")
    assert outcome.code == 0
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert re.findall(r"^F - f\* after T = (\d+) steps:$", outcome.out, re.MULTILINE) == [
        "10",
        "100",
    ]
    assert "diverged" in outcome.out
    assert "at most 100 iterations" in outcome.out


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--at", "100", "-n", "99"), "--at 100 is beyond the budget of 99 iterations."),
        (("--at", "100", "--passes", "30"), "--at 100 is beyond the budget of 30 iterations."),
        (("--at", "0"), "--at '0': '0' is not a number of iterations."),
        (("--at", "10,1.5"), "--at '10,1.5': '1.5' is not a number of iterations."),
        (("--at", "10,,20"), "--at '10,,20': '' is not a number of iterations."),
    ],
)
def test_errors(invoke: Any, options: tuple[str, ...], text: str) -> None:
    outcome = invoke("sweep", "-p", "logreg", *options)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"Error: {text}")


def test_a_budget_may_go_beyond_the_last_of_them() -> None:
    plan = Plan(sweep=True, at="100,30", iterations=500)
    budget = plan.budget(1000, 1.0)
    assert (budget.iterations, budget.target) == (500, None)
    assert {30, 100} <= set(budget.checkpoints)
    assert list(budget.checkpoints) == sorted(set(budget.checkpoints))
    assert plan.target_on(1.0) == 0.01
    # In a stochastic sweep they are rows, too, where others begin at a tenth of a pass.
    stochastic = Plan(sweep=True, at=[3, 40], batch_size=10).budget(1000, 1.0)
    assert list(stochastic.checkpoints)[:3] == [0, 3, 10]
    assert stochastic.iterations == 40


def test_a_store_keeps_them_apart_from_runs_that_end_at_the_target(tmp_path: Path) -> None:
    def sweep(**options: Any) -> Result:
        store = tmp_path / "cells.sqlite"
        return lrbench.sweep(
            "logreg", solvers=["gd"], lr0=[1.0, 2.0], store=store, jobs=1, **options
        )

    ended = sweep(iterations=400)
    first, second = sweep(at=[5, 400]), sweep(at=[5, 400])
    assert first.problems[0].sweep is not None
    assert first.problems[0].sweep == second.problems[0].sweep
    assert levels(first, "sgd")[400] == levels(second, "sgd")[400]
    with opened(tmp_path / "cells.sqlite") as connection:
        stored = result_of(connection, tmp_path / "cells.sqlite").problems
    after = [s.at for p in (*first.problems, *stored) if p.sweep for s in p.sweep.solvers]
    assert after[0] in after[1:]
    lengths = [[len(run.trace["seconds"]) for run in r.problems[0].runs] for r in (ended, first)]
    assert lengths[0] != lengths[1]
    seconds = [[run.trace["seconds"] for run in r.problems[0].runs] for r in (first, second)]
    assert all(np.array_equal(a, b) for a, b in zip(*seconds, strict=True))


def test_a_header_made_by_hand_needs_no_gap_at_the_start() -> None:
    problem = with_header(made_problem([1.0], {"a": [[math.inf]]}), delta0=0.0)
    assert analyse(problem, at=[1000]).solvers[0].at[0].gap == (0.4,)


def test_a_run_that_goes_on_says_where_it_arrived_first() -> None:
    (problem,) = lrbench.sweep(
        "log-spectrum", solvers="gd", lr0="1/L", target="10%", at=[500], jobs=1
    ).problems
    (run,) = problem.runs
    assert problem.sweep is not None
    assert run.status_at == problem.sweep.solvers[0].passes[0] < 100
    assert run.trace["iteration"][-1] >= 500
