"""Methods of which nothing varies, beside others, in all that is made of a sweep."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from swept import TARGET, made_problem

from lrbench.gate.expectation import parse_expectation
from lrbench.gate.judge import judge_expectation
from lrbench.reports.advice import advice_line
from lrbench.results import Advice, ProblemResult, Sensitivity, Status, Sweep
from lrbench.results.common_setting import common_settings
from lrbench.results.performance import profiles
from lrbench.study import analyse, with_sweeps

INF = math.inf
GRID = [0.1, 1.0, 10.0]
WIDE = [7.0, 6.0, 9.0]


def problem_of(*costs: float, grid: list[float] = WIDE, **more: Any) -> ProblemResult:
    """A method a over `GRID`, and one called only, with a run of these passes for each seed."""
    return made_problem(GRID, {"a": [grid] * len(costs)}, without_lr0={"only": costs}, **more)


def sweep_of(problem: ProblemResult) -> Sweep:
    return analyse(problem, TARGET)


def only(problem: ProblemResult) -> Sensitivity:
    return sweep_of(problem).of("only")


def advice_on(problem: ProblemResult) -> Advice:
    advice = sweep_of(problem).advice
    assert advice is not None
    return advice


def said(problem: ProblemResult) -> str:
    return ", ".join(advice_line(problem, sweep_of(problem)).pieces)


@pytest.mark.parametrize(
    ("costs", "passes", "reached"), [((8.0, 3.0, 5.0), 5.0, 3), ((8.0, INF, INF), INF, 1)]
)
def test_its_figures_are_those_of_its_only_run(
    costs: tuple[float, ...], passes: float, reached: int
) -> None:
    s = only(problem_of(*costs))
    assert (s.passes, s.first_hit, s.best_passes) == ((passes,), (passes,), passes)
    assert (s.reached, s.finished, s.n_seeds, s.missing) == ((reached,), (3,), 3, 0)
    assert (s.best_value, s.best_lr0, s.usable, s.usable_interval) == (None,) * 4
    assert (s.usable_decades, s.at_edge, s.factors, s.unknown) == (0.0, (False, False), (), ())
    # 0.25 is the last lr of every run, and L is 2.
    assert s.final_lr_L == (0.5 if math.isfinite(passes) else None)
    total = sum(cost if math.isfinite(cost) else 10.0 for cost in costs)
    assert [*s.measures.expected_running_time] == [pytest.approx(total / reached)]
    assert set(s.measures.withheld.values()) == {"nothing_varies"}


def test_without_a_finished_run_it_is_unknown() -> None:
    problem = problem_of(4.0)
    runs = [replace(r, status=Status.INTERRUPTED, status_at=0, trace={}) for r in problem.runs]
    s = only(replace(problem, runs=[*problem.runs[:3], *runs[3:]]))
    assert (s.finished, s.missing, s.passes) == ((0,), 1, (INF,))
    # Nothing else arrives, and this run might have.
    others = problem_of(4.0, grid=[INF] * 3).runs[:3]
    advice = advice_on(replace(problem, runs=[*others, *runs[3:]]))
    assert advice.obstacle is not None
    assert advice.obstacle.kind == "missing_runs"


def test_a_tie_is_its_own_because_no_value_can_be_wrong() -> None:
    advice = advice_on(problem_of(7.5))  # 1.25 times the fewest
    assert advice.choice is not None
    assert str(advice.choice.solver) == "only"
    assert (advice.choice.lr0, advice.choice.usable, advice.choice.over) == (None, None, {})
    assert (advice.best, advice.wider) == (None, None)
    assert advice.faster is not None
    assert str(advice.faster.solver) == "a"
    assert said(problem_of(7.5)) == (
        "Advice: only: about 7.5 passes, with no lr0 to choose; a at lr0 = 1 needs 6, but has at"
        " least 2.00 decades"
    )


def test_a_slower_one_is_less_sensitive() -> None:
    advice = advice_on(problem_of(7.6))
    assert advice.choice is not None
    assert str(advice.choice.solver) == "a"
    assert said(problem_of(7.6)).endswith("less sensitive: only (no lr0 to choose, 7.6 passes)")
    assert "less sensitive" not in said(problem_of(INF))


def test_of_two_the_faster_is_advised() -> None:
    problem = made_problem(GRID, {"a": [WIDE]}, without_lr0={"b": [5.0], "c": [4.0]})
    assert said(problem) == "Advice: c: about 4 passes, with no lr0 to choose"


def test_where_nothing_arrives_there_is_no_lr0_to_change() -> None:
    alone = made_problem(GRID, {}, without_lr0={"b": [INF], "c": [INF]})
    assert said(alone).startswith(f"Advice: none, as no run came to F - f* <= {TARGET:.2e}"[:40])
    assert "lr0" not in said(alone)
    assert "lr0" in said(problem_of(INF, grid=[INF] * 3))
    # All lr0 are above 2/L, whatever else ran.
    high = made_problem([3.0, 30.0], {"a": [[INF, INF]]}, without_lr0={"only": [INF]})
    obstacle = advice_on(high).obstacle
    assert obstacle is not None
    assert (obstacle.kind, obstacle.value) == ("lr0_too_high", 1.0)


def test_it_costs_the_same_at_every_value_of_the_others() -> None:
    problems = [
        with_sweeps(problem_of(8.0, grid=[4.0, 2.0, INF], name="p"), (TARGET,), 1000, None),
        with_sweeps(problem_of(1.0, grid=[4.0, 2.0, 9.0], name="q"), (TARGET,), 1000, None),
    ]
    both = profiles(problems)
    # Tuned: a costs 2 of 2 and 2 of 1, the other one 8 of 2 and 1 of 1.
    assert both.tuned.shares["only"] == (0.5, 0.5, 1.0, 1.0, 1.0)
    assert both.tuned.shares["a"] == (0.5, 1.0, 1.0, 1.0, 1.0)
    assert both.untuned.n_instances == 6
    assert both.untuned.shares["only"] == (0.5, 0.5, 1.0, 1.0, 1.0)
    assert both.untuned.shares["a"] == pytest.approx([1 / 6, 3 / 6, 4 / 6, 5 / 6, 5 / 6])
    settings = {str(s.solver): s for s in common_settings(problems)}
    assert settings["only"].absolute is None
    assert set(settings["only"].withheld.values()) == {"nothing_varies"}
    assert settings["a"].absolute is not None


def test_where_nothing_varies_at_all_a_problem_is_one_case() -> None:
    problem = made_problem(GRID, {}, without_lr0={"b": [4.0], "c": [8.0]})
    both = profiles([with_sweeps(problem, (TARGET,), 1000, None)])
    assert both.untuned == both.tuned
    assert both.tuned.n_instances == 1
    assert both.tuned.shares["c"] == (0.0, 1.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("text", "verdict", "measured"),
    [
        ("best_passes[solver=only] <= 4", "PASS", "4"),
        ("best_passes[solver=only] <= 3.9", "FAIL", "4"),
        ("usable_decades[solver=only] >= 1", "INCONCLUSIVE", "-"),
        ("passes_to_target[solver=only] <= 4", "PASS", "4"),
        ("passes_to_target[solver=only, lr0=1] <= 4", "INCONCLUSIVE", "-"),
    ],
)
def test_it_is_judged_by_its_only_run(text: str, verdict: str, measured: str) -> None:
    problem = with_sweeps(problem_of(4.0), (TARGET,), 1000, None)
    (finding,) = judge_expectation(parse_expectation(text), problem)
    assert (finding.verdict, finding.measured) == (verdict, measured)
    if verdict != "INCONCLUSIVE":
        assert finding.subject == "only"
