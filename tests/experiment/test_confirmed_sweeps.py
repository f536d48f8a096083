"""Sweeps whose runs have to stay at their targets: their traces, stores, files and costs."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lrbench
from lrbench.config.looks import look_grid
from lrbench.experiment.store import opened, result_of, stored_cells
from lrbench.results import ProblemResult, Result, Run, Status
from lrbench.study import analyse

LOGREG: dict[str, Any] = {"solvers": ["sgd", "adam"], "lr0": "1e-3:1e3:7", "batch_size": 8}


def swept(**options: Any) -> ProblemResult:
    return lrbench.sweep(
        **{"problems": "logreg", "jobs": 1, "passes": 3, "target": "10%", **LOGREG, **options}
    ).problems[0]


def by_cell(problem: ProblemResult) -> dict[tuple[str, float | None, int], Run]:
    return {(str(r.solver), r.lr0, r.seed): r for r in problem.runs}


def test_adam_that_passes_through_the_target_at_T_3_has_not_arrived_there() -> None:
    (problem,) = lrbench.sweep("least-squares", solvers="adam", lr0=[316.0], jobs=1).problems
    assert problem.sweep is not None
    (s,) = problem.sweep.solvers
    (run,) = problem.runs
    gap = dict(zip(run.trace["iteration"], run.trace["suboptimality"], strict=True))
    target = problem.sweep.target
    assert gap[3] <= target < gap[2]
    assert max(gap[t] for t in (4, 5, 6)) > 20 * target
    assert s.first_hit == (3.0,)
    assert s.passes[0] > 6
    (first,) = lrbench.sweep(
        "least-squares", solvers="adam", lr0=[316.0], jobs=1, arrival="first"
    ).problems
    assert first.sweep is not None
    assert (first.sweep.arrival, first.sweep.solvers[0].passes) == ("first", (3.0,))
    assert first.sweep.solvers[0].first_hit == (3.0,)


def test_nothing_of_arrival_depends_on_the_rows_of_the_trace() -> None:
    plain, fine = swept(), swept(checkpoints_per_decade=60)
    assert plain.sweep == fine.sweep
    for cell, run in by_cell(plain).items():
        other = by_cell(fine)[cell]
        assert (run.status, run.status_at) == (other.status, other.status_at)
        rows = np.isin(other.trace["iteration"], run.trace["iteration"])
        assert rows.sum() == len(run.trace["iteration"]) < len(rows)
        for name in ("iteration", "passes", "objective", "suboptimality"):
            assert run.trace[name].tobytes() == other.trace[name][rows].tobytes()


def test_rows_go_on_past_the_budget_where_an_arrival_is_confirmed() -> None:
    problem = swept(lr0="1e-3:1e3:25")
    assert problem.sweep is not None
    budget = problem.sweep.iterations
    assert budget is not None
    looks = look_grid(569, 8, budget)
    late = given_up = 0
    for run in problem.runs:
        iteration = run.trace["iteration"]
        assert np.isin([t for t in looks if t <= min(iteration[-1], budget)], iteration).all()
        if run.status is Status.REACHED_TARGET:
            assert run.status_at <= budget
            assert iteration[-1] == 2 * run.status_at
            late += iteration[-1] > budget
        elif run.status.exhausted:
            assert run.status_at == budget <= iteration[-1] < 2 * budget
            given_up += iteration[-1] > budget
        if run.status is not Status.DIVERGED:
            # Where it ended is where its status says, and not the last row.
            (row,) = np.flatnonzero(iteration == run.status_at)
            assert run.at_end("suboptimality") == run.trace["suboptimality"][row]
    assert late
    assert given_up


def test_each_target_has_the_sweep_that_it_would_have_alone() -> None:
    several = swept(target="30%,3%,0.02")
    assert several.sweeps is not None
    assert [s.target for s in several.sweeps] == pytest.approx(
        [0.3 * several.header.constants.delta0, 0.03 * several.header.constants.delta0, 0.02]
    )
    assert several.sweep == several.sweeps[0]
    assert several.header.target == min(s.target for s in several.sweeps)
    for sweep, text in zip(several.sweeps, ("30%", "3%", 0.02), strict=True):
        alone = swept(target=text)
        assert alone.sweeps is None
        assert alone.sweep is not None
        for mine, theirs in zip(sweep.solvers, alone.sweep.solvers, strict=True):
            assert (mine.passes, mine.first_hit) == (theirs.passes, theirs.first_hit)
    written = json.loads(json.dumps(Result((), {}, [several]).to_dict()))
    assert Result.from_dict(written).problems[0].sweeps == several.sweeps
    assert "sweeps" not in Result((), {}, [swept()]).to_dict()["problems"][0]


def test_runs_to_the_end_are_looked_at_to_the_end() -> None:
    problem, confirmed = swept(arrival="end"), swept()
    assert problem.sweep is not None
    assert confirmed.sweep is not None
    budget, target = problem.sweep.iterations, problem.sweep.target
    assert budget is not None
    for run in problem.runs:
        ended = run.trace["iteration"][-1]
        assert ended == budget or run.status is Status.DIVERGED
        if run.status is Status.REACHED_TARGET:
            later = run.trace["iteration"] >= run.status_at
            looks = np.isin(run.trace["iteration"], [*look_grid(569, 8, 10**4), budget])
            assert (run.trace["suboptimality"][later & looks] <= target).all()
    hits = [s.first_hit for s in problem.sweep.solvers]
    assert hits == [s.first_hit for s in confirmed.sweep.solvers]


def test_an_outside_solver_that_stops_stays_where_it_is() -> None:
    options: dict[str, Any] = {"solvers": "outside:lbfgs", "lr0": [1.0], "jobs": 1}
    (problem,) = lrbench.sweep("least-squares", **options, target=1e-7, iterations=60).problems
    (run,) = problem.runs
    assert run.status is Status.REACHED_TARGET
    assert run.trace["iteration"][-1] == 2 * run.status_at
    assert problem.sweep is not None
    at = run.trace["iteration"].tolist().index(run.status_at)
    assert problem.sweep.solvers[0].passes == (run.trace["passes"][at],)
    (long,) = lrbench.sweep("least-squares", **options, target=1e-30, iterations=5000).problems
    assert long.runs[0].status in (Status.COMPLETED, Status.STALLED, Status.REACHED_TARGET)
    assert len(set(long.runs[0].trace["passes"][-5:])) == 1


@pytest.mark.parametrize("solver", ["sgd", "sgd-sqrt", "adagrad-norm", "wngrad", "adam"])
def test_confirmation_costs_at_most_1_7_times_the_passes(solver: str) -> None:
    options: dict[str, Any] = {"solvers": solver, "lr0": "1e-3:1e4:15", "passes": 20}
    first, confirmed = (swept(**options, arrival=rule) for rule in ("first", "confirmed"))
    cost = [sum(r.trace["passes"][-1] for r in p.runs) for p in (first, confirmed)]
    assert 1.0 <= cost[1] / cost[0] <= 1.7


def test_a_stored_sweep_is_resumed_and_read_by_its_own_rule(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    targets = {"target": "10%,1%"}
    swept(store=path, **targets, lr0="1e-3:1e3:4")
    with opened(path) as connection:
        assert sum(entry.cells for entry in stored_cells(connection)) == 8
    resumed, fresh = swept(store=path, **targets), swept(**targets)
    assert resumed.sweeps == fresh.sweeps
    with opened(path) as connection:
        (shown,) = result_of(connection, path).problems
    assert shown.sweeps == fresh.sweeps
    # Cells that ended by another rule are others.
    first = swept(store=path, arrival="first")
    with opened(path) as connection:
        listed = {(entry.arrival, tuple(entry.at)) for entry in stored_cells(connection)}
    assert listed == {("confirmed", ()), ("first", ())}
    with opened(path) as connection:
        problems = result_of(connection, path).problems
    assert sorted(p.sweep.arrival for p in problems if p.sweep) == ["confirmed", "first"]
    (again,) = [p for p in problems if p.sweep and p.sweep.arrival == "first"]
    assert again.sweep == first.sweep


def test_a_result_that_does_not_name_its_rule_ended_at_first_hits() -> None:
    problem = swept(arrival="first")
    written = Result((), {}, [problem]).to_dict()
    sweep = written["problems"][0]["sweep"]
    assert sweep.pop("arrival") == "first"
    for solver in sweep["solvers"]:
        assert solver.pop("first_hit") == solver["passes"]
    (read,) = Result.from_dict(written).problems
    assert read.sweep == problem.sweep
    assert problem.sweep is not None  # runs do not say what is proved of them
    measured = [replace(s, robustness=None) for s in problem.sweep.solvers]
    assert analyse(read) == replace(problem.sweep, solvers=tuple(measured))


def test_the_budget_of_confirmed_runs_has_to_be_known() -> None:
    problem = swept(arrival="first", lr0=[1.0])
    runs = [r for r in problem.runs if r.status is Status.REACHED_TARGET]
    assert runs
    with pytest.raises(ValueError, match="the budget of the runs is not known"):
        analyse(ProblemResult("a", problem.header, runs, ()), arrival="confirmed")
    with pytest.raises(ValueError, match="the trace has no row at T = "):
        analyse(problem, arrival="confirmed")
    assert math.isfinite(analyse(problem).target)
