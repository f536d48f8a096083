"""The advice of a sweep as data: at every kind, against slow code, and through a file."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any, get_args

import hypothesis.strategies as st
import jsonschema
import numpy as np
import pytest
from hypothesis import given
from made_header import with_header
from swept import TARGET, made_problem

import lrbench
from lrbench.config.solver_spec import SolverSpec
from lrbench.errors import UsageError
from lrbench.reports.advice import advice_line
from lrbench.results import (
    SCHEMA,
    Advice,
    Caution,
    Choice,
    Level,
    Obstacle,
    ObstacleKind,
    ProblemResult,
    Result,
    Status,
    environment,
)
from lrbench.study import advise, analyse, safest

INF = math.inf
GRID = [0.01, 0.1, 1.0, 10.0, 100.0]
A, B = SolverSpec("a"), SolverSpec("b")


def advised(problem: ProblemResult, target: float | None = None) -> Advice:
    advice = analyse(problem, target).advice
    assert advice is not None
    return advice


def with_last_lr(problem: ProblemResult, lr: float) -> ProblemResult:
    """The same runs with full batches, whose last step has this lr."""
    runs = [
        replace(r, setting="batch", trace=r.trace | {"lr": np.array([math.nan, 9.0, lr])})
        for r in problem.runs
    ]
    return replace(problem, runs=runs)


def cautioned() -> dict[str, ProblemResult]:
    """A problem for each caution, in which it is the only one or beside another."""
    one_missing = made_problem(GRID, {"a": [[9.0, 9.0, 2.0, 9.0, 9.0]] * 3})
    lost = replace(one_missing.runs[0], status=Status.INTERRUPTED, trace={})
    return {
        "lowest_lr0": made_problem(GRID, {"a": [[2.0, 7.0, INF, INF, INF]]}),
        "highest_lr0": made_problem(GRID, {"a": [[INF, INF, INF, 7.0, 2.0]]}),
        "lower_lr0_misses": made_problem(GRID, {"a": [[INF, 2.0, 7.0, 7.0, INF]]}),
        "higher_lr0_misses": made_problem(GRID, {"a": [[INF, 7.0, 7.0, 2.0, INF]]}),
        "long_steps": with_last_lr(made_problem(GRID, {"a": [[7.0, 7.0, 2.0, 7.0, 7.0]]}), 3.5),
        "scarce_budget": made_problem(GRID, {"a": [[INF, 8.5, 8.6, 8.5, INF]]}),
        "missing_runs": replace(one_missing, runs=[lost, *one_missing.runs[1:]]),
    }


def stopped() -> dict[str, ProblemResult]:
    """A problem for each obstacle."""
    never = made_problem(GRID, {"a": [[INF] * 5], "b": [[INF] * 5]})
    with_eta = [replace(r, solver=SolverSpec("a", {"eta": 2.0})) for r in never.runs[:5]]
    diverged = [replace(run, status=Status.DIVERGED) for run in never.runs]
    failed = [replace(run, status=Status.FAILED) for run in never.runs[:2]]
    reaches = made_problem(GRID, {"a": [[9.0, 9.0, 2.0, 9.0, 9.0]]})
    return {
        "target_below_error": with_header(reaches, f_star_error=1.5 * TARGET),
        "missing_runs": replace(never, runs=[*failed, *never.runs[2:]]),
        "lr0_too_high": made_problem([1.5, 20.0], {"a": [[INF, INF]]}),
        "lr0_too_low": with_header(made_problem([1e-5, 1e-4], {"a": [[INF, INF]]}), scale="none"),
        "all_lost": with_header(replace(never, runs=diverged), scale="none"),
        "not_reached": replace(never, runs=[*with_eta, *never.runs[5:]]),
    }


def test_every_kind_is_tried_here() -> None:
    assert cautioned().keys() == set(get_args(Caution))
    assert stopped().keys() == set(get_args(ObstacleKind))


@pytest.mark.parametrize(
    ("name", "cautions"),
    [
        ("lowest_lr0", {"lowest_lr0": 0.01}),
        ("highest_lr0", {"highest_lr0": 100.0}),
        ("lower_lr0_misses", {"lower_lr0_misses": 0.01}),
        ("higher_lr0_misses", {"higher_lr0_misses": 100.0}),
        ("long_steps", {"long_steps": 3.5}),
        ("scarce_budget", {"scarce_budget": 10.0}),
        ("missing_runs", {"missing_runs": 1}),
    ],
)
def test_the_cautions_have_their_values(name: str, cautions: dict[str, float]) -> None:
    assert advised(cautioned()[name]).cautions == cautions


@pytest.mark.parametrize(("iterations", "scarce"), [(100, False), (80, True)])
def test_the_budget_is_counted_in_passes_of_the_solver(iterations: int, scarce: bool) -> None:
    """A step of armijo takes several passes: 307 passes are 72 steps."""
    (problem,) = lrbench.sweep(
        "logreg", solvers=["armijo"], lr0=[1.0, 10.0], iterations=iterations, jobs=1
    ).problems
    run = problem.runs[1]
    assert problem.sweep is not None
    advice = problem.sweep.advice
    assert advice is not None
    assert advice.choice is not None
    assert 0.7 * iterations < run.status_at < 76 < iterations
    assert advice.choice.passes > iterations
    assert ("scarce_budget" in advice.cautions) == scarce
    if scarce:
        per_step = advice.choice.passes / run.status_at
        assert advice.cautions["scarce_budget"] == pytest.approx(per_step * iterations, rel=0.05)


NEVER = Level(A, 0.01, 0.4)


@pytest.mark.parametrize(
    ("kind", "obstacle"),
    [
        ("target_below_error", Obstacle("target_below_error", 1.5 * TARGET)),
        ("missing_runs", Obstacle("missing_runs", 2)),
        ("lr0_too_high", Obstacle("lr0_too_high", 1.0, lowest=Level(A, 1.5, 0.4))),
        ("lr0_too_low", Obstacle("lr0_too_low", 0.5, unscaled=True, lowest=Level(A, 1e-5, 0.4))),
        ("all_lost", Obstacle("all_lost", lowest=NEVER)),
        ("not_reached", Obstacle("not_reached", eta=("a",), lowest=NEVER)),
    ],
)
def test_the_obstacles_have_their_values(kind: str, obstacle: Obstacle) -> None:
    problem = stopped()[kind]
    if kind != "lr0_too_low" and kind != "all_lost":
        problem = with_header(problem, scale="maxabs")
    advice = advised(problem)
    if kind == "not_reached":
        obstacle = replace(obstacle, lowest=replace(NEVER, solver=SolverSpec("a", {"eta": 2.0})))
    assert advice.obstacle is not None
    levels = advice.obstacle.lowest_of
    if obstacle.lowest is not None:
        assert obstacle.lowest in levels
        assert {level.solver.name for level in levels} == {r.solver.name for r in problem.runs}
    assert replace(advice.obstacle, lowest_of=()) == obstacle
    assert advice.choice is advice.faster is advice.wider is None
    assert advice.cautions == {}


def test_data_that_are_badly_scaled_on_purpose_are_left_so() -> None:
    problem = with_header(stopped()["not_reached"], scale="none")
    for data, unscaled in (("made", True), ("generated:made", False)):
        obstacle = advised(with_header(problem, data=data)).obstacle
        assert obstacle is not None
        assert obstacle.unscaled == unscaled


def test_the_alternatives_are_at_their_best_lr0() -> None:
    rows = {
        "a": [[INF, 4.4, 4.0, 4.4, INF]],
        "b": [[INF, INF, 3.5, INF, INF]],
        "c": [[9.0, 9.0, 9.0, 9.0, 8.0]],
    }
    assert advised(made_problem(GRID, rows)) == Advice(
        Choice(A, 1.0, 4.0, (0.1, 10.0), 2.0, may_be_wider=False),
        faster=Choice(B, 1.0, 3.5, (1.0, 1.0), 0.0, may_be_wider=False),
        wider=Choice(SolverSpec("c"), 100.0, 8.0, (0.01, 100.0), 4.0, may_be_wider=True),
        budget_passes=10.0,
    )
    alone = advised(made_problem(GRID, {"a": rows["a"]}))
    assert alone.best is alone.faster is alone.wider is None


def test_the_best_lr0_may_lie_outside_of_the_usable_ones() -> None:
    advice = advised(made_problem([*GRID, 1e3], {"a": [[INF, 4.0, 4.8, 6.0, INF, 3.9]]}))
    assert advice.choice == Choice(A, 1.0, 4.8, (0.1, 10.0), 2.0, may_be_wider=False)
    assert advice.best == replace(advice.choice, lr0=1e3, passes=3.9)


@given(
    st.lists(
        st.lists(st.sampled_from([2.0, 2.4, 2.6, 4.0, INF]), min_size=5, max_size=5),
        min_size=1,
        max_size=3,
    )
)
def test_the_choice_is_the_widest_amid_the_fast(costs: list[list[float]]) -> None:
    """Word for word: no solver within 1.25 of the fewest passes is wider, or as wide and faster."""
    sweep = analyse(
        made_problem(GRID, {name: [row] for name, row in zip("abc", costs, strict=False)})
    )
    assert sweep.advice is not None
    choice = sweep.advice.choice
    if all(cost == INF for row in costs for cost in row):
        assert choice is None
        return
    assert choice is not None
    least = min(cost for row in costs for cost in row)
    fast = [s for s in sweep.solvers if min(s.passes) <= 1.25 * least]
    (s,) = [s for s in fast if s.solver == choice.solver]
    assert choice.lr0 == safest(s)
    assert (choice.usable, choice.usable_decades) == (s.usable, s.usable_decades)
    assert choice.passes == costs["abc".index(s.solver.name)][GRID.index(choice.lr0 or 0.0)]
    for other in fast:
        assert (s.usable_decades, -min(s.passes)) >= (other.usable_decades, -min(other.passes))


# --- saved and read --------------------------------------------------------------------------


def saved(problem: ProblemResult) -> dict[str, Any]:
    result = Result((), environment(1), [replace(problem, sweep=analyse(problem))])
    values: dict[str, Any] = json.loads(result.to_json())
    return values


EVERY = {**cautioned(), **{f"no {kind}": problem for kind, problem in stopped().items()}}


@pytest.mark.parametrize("name", EVERY)
def test_it_comes_back_from_a_file(name: str) -> None:
    problem = EVERY[name]
    values = saved(problem)
    jsonschema.validate(values, json.loads(SCHEMA.read_text()))
    sweep = Result.from_dict(values).problems[0].sweep
    assert sweep is not None
    assert sweep.advice == advised(problem)


@pytest.mark.parametrize("name", EVERY)
def test_it_is_computed_for_a_file_without_it(name: str) -> None:
    values = saved(EVERY[name])
    del values["problems"][0]["sweep"]["advice"]
    jsonschema.validate(values, json.loads(SCHEMA.read_text()))
    (problem,) = Result.from_dict(values).problems
    assert problem.sweep is not None
    assert problem.sweep.advice is None
    assert advise(problem, problem.sweep) == advised(EVERY[name])


def test_advice_that_is_saved_is_not_computed_again() -> None:
    problem = EVERY["long_steps"]
    sweep = analyse(problem)
    other = Advice(Choice(A, 10.0, 7.0, (0.01, 100.0), 4.0, may_be_wider=True))
    assert advise(problem, replace(sweep, advice=other)) is other


def test_faults_of_a_file_are_refused() -> None:
    values = saved(EVERY["long_steps"])
    advice = values["problems"][0]["sweep"]["advice"]
    advice["choice"] = None
    with pytest.raises(UsageError, match=r"sweep.advice.choice and obstacle are not one null"):
        Result.from_dict(values)
    advice["obstacle"] = {
        "kind": "rain",
        "value": None,
        "unscaled": False,
        "eta": [],
        "lowest": None,
    }
    with pytest.raises(UsageError, match=r"advice.obstacle.kind cannot be 'rain'"):
        Result.from_dict(values)


def test_advice_of_a_file_is_drawn_as_it_stands() -> None:
    """A changed file may name what its sweep does not have: it is neither refused nor fatal."""
    values = saved(EVERY["higher_lr0_misses"])
    values["problems"][0]["sweep"]["advice"]["choice"] |= {"lr0": 11.0, "usable": [0.25, 11.0]}
    (problem,) = Result.from_dict(values).problems
    assert problem.sweep is not None
    text = ", ".join(advice_line(problem, problem.sweep).pieces)
    assert text.startswith("Advice: a at lr0 = 11: about 2 passes, usable from 0.25 to 11 (")


def test_a_single_lr0_is_no_end_of_a_grid() -> None:
    assert advised(made_problem([1.0], {"a": [[2.0]]})).cautions == {}
    two = advised(made_problem([1.0, 3.0], {"a": [[2.0, 9.0]]}))
    assert two.cautions == {"lowest_lr0": 1.0}
