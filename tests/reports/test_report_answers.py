"""The first screen of the HTML report, against numbers counted here from the runs."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from made_header import with_header
from swept import made_problem

import lrbench
from lrbench.problem_files import load_spec, with_overrides
from lrbench.reports.web.answers import FACTORS, Price, price
from lrbench.reports.web.run_answers import run_answers
from lrbench.reports.web.sweep_answers import sweep_answers
from lrbench.results import ProblemResult, Run
from lrbench.study import with_sweeps

GRID = [0.01, 0.1, 1.0, 10.0, 100.0]


def swept(passes: dict[str, list[list[float]]], grid: list[float] = GRID) -> ProblemResult:
    return with_sweeps(made_problem(grid, passes), (0.01,), 1000, "first", None, ())


NEVER = math.inf

CASES = {
    "both sides": ([9.0, 5.0, 4.0, 7.0, 30.0], ["2.2", "1.2", "1.8", "7.5"], "1.8 times"),
    "never above": (
        [NEVER, 5.0, 4.0, NEVER, NEVER],
        ["never", "1.2", "never", "never"],
        "too high",
    ),
    "never below": ([NEVER, NEVER, 4.0, 6.0, 90.0], ["never", "never", "1.5", "22"], "too low"),
    "alone": ([NEVER, NEVER, 4.0, NEVER, NEVER], ["never"] * 4, "10 times off never"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_price_is_that_of_the_runs_beside_the_advised_one(name: str) -> None:
    passes, prices, words = CASES[name]
    problem = swept({"sgd": [passes]})
    assert problem.sweep is not None
    which, rate, wrong, *_ = sweep_answers(problem, problem.sweep).answers
    assert (which.short, which.sentence) == ("sgd", "at the target after 4 passes")
    assert rate.short == "lr0 = 1 = 2.0/L"  # the L of these problems is 2
    assert [p.text for p in wrong.prices] == prices
    assert [p.factor for p in wrong.prices] == ["÷ 100", "÷ 10", "× 10", "× 100"]
    assert words in wrong.short


def test_off_the_grid_nothing_is_known() -> None:
    problem = swept({"sgd": [[4.0, 6.0]]}, [1.0, 5.0])
    assert problem.sweep is not None
    _, _, wrong, *_ = sweep_answers(problem, problem.sweep).answers
    assert [p.text for p in wrong.prices] == ["?"] * 4
    assert wrong.short == "not known: the grid ends before"


def test_the_safer_solver_is_named() -> None:
    problem = swept(
        {
            "sgd": [[NEVER, NEVER, 4.0, NEVER, NEVER]],
            "adagrad-norm": [[20.0, 12.0, 10.0, 12.0, 14.0]],
        }
    )
    assert problem.sweep is not None
    *_, safer = sweep_answers(problem, problem.sweep).answers
    assert safer.short == "adagrad-norm at lr0 = 1"
    assert safer.sentence == "at least 4.00 decades are usable; 10 passes, 2.5 times as many"


def test_nothing_arrives() -> None:
    problem = swept({"sgd": [[NEVER] * 5], "adam": [[NEVER] * 5]})
    assert problem.sweep is not None
    (which,) = sweep_answers(problem, problem.sweep).answers
    assert which.short == "none of 2"
    assert which.sentence.startswith("Advice: none, as no lr0 ")


@pytest.mark.parametrize(
    ("cost", "text", "style"),
    [
        (1.0, "1", "good"),
        (2.0, "2", "good"),
        (2.4, "2.4", "warn"),
        (10.0, "10", "bad"),
        (math.inf, "never", "bad"),
        (None, "?", "dim"),
    ],
)
def test_a_price_has_a_colour(cost: float | None, text: str, style: str) -> None:
    assert price(FACTORS[1], cost) == Price("× 10", text, style)  # type: ignore[arg-type]


def first_hit(run: Run, target: float) -> float:
    """Return the passes of the first row at or below the target."""
    rows = np.flatnonzero(run.trace["suboptimality"] <= target)
    return float(run.trace["passes"][rows[0]]) if len(rows) else math.inf


def test_who_came_first_and_by_what_factor() -> None:
    result = lrbench.run("logreg", solvers=["wngrad", "adagrad-norm", "sgd"], lr0=[1.5])
    problem = result.problems[0]
    target = 0.01 * problem.header.constants.delta0
    passes = {run.solver.name: first_hit(run, target) for run in problem.runs}
    first, second, _ = sorted(passes, key=lambda name: passes[name])
    came, lowest, held = run_answers(problem).answers
    assert came.short == {"sgd": "gd"}.get(first, first)
    (after, factor) = re.findall(r"after ([\d.]+) passes, ([\d.]+) times as fast", came.sentence)[0]
    assert float(after) == pytest.approx(passes[first], rel=5e-3)
    assert float(factor) == pytest.approx(passes[second] / passes[first], rel=5e-2)
    ends = {run.solver.name: run.trace["suboptimality"][-1] for run in problem.runs}
    best = min(ends, key=lambda name: ends[name])
    assert lowest.short == {"sgd": "gd"}.get(best, best)
    (share,) = re.findall(r"([\d.e-]+) % of the start", lowest.sentence)
    assert float(share) == pytest.approx(100 * ends[best] / (target / 0.01), rel=5e-2)
    n_held = sum(v.bound_verdict == "pass" for v in problem.verdicts)
    assert held.short == f"{n_held} bounds held, none violated"


@pytest.mark.parametrize(
    ("target", "column", "level", "question"),
    [
        ("loss=0.4", "objective", 0.4, "First to F ≤ 0.400?"),
        ("loss=0.28", "objective", 0.28, "First to F ≤ 0.280?"),
        ("accuracy=92%", "test_accuracy", 0.92, "First to held-out error ≤ 0.0800?"),
    ],
)
def test_who_came_first_to_a_loss_or_an_accuracy(
    target: str, column: str, level: float, question: str
) -> None:
    spec = with_overrides(load_spec("logreg"), test=0.3)
    solvers = ["gd", "heavy-ball"]
    result = lrbench.run(spec, solvers=solvers, lr0=[1.5], iterations=60, target=target)
    problem = result.problems[0]
    came, *_ = run_answers(problem).answers
    assert came.question == question
    passes = {}
    for run in problem.runs:
        values = run.trace[column]
        reached = np.flatnonzero(values <= level if column == "objective" else values >= level)
        passes[str(run.solver)] = run.trace["passes"][reached[0]] if len(reached) else math.inf
    first = min(passes, key=lambda name: passes[name])
    assert came.short == ("none" if math.isinf(passes[first]) else {"sgd": "gd"}.get(first, first))


def test_a_violated_bound_comes_first() -> None:
    problem = lrbench.run("logreg", solvers=["sgd"], lr0=[0.5], iterations=20).problems[0]
    verdicts = [
        replace(v, bound_verdict="fail") if v.theorem == "GD" else v for v in problem.verdicts
    ]
    *_, held = run_answers(replace(problem, verdicts=verdicts)).answers
    assert (held.short, held.sentence, held.style) == ("1 VIOLATED", "GD of gd", "bad")


def test_without_f_star_nobody_is_first() -> None:
    problem = lrbench.run("logreg", solvers=["sgd"], lr0=[0.5], iterations=20).problems[0]
    unknown = {"f_star": math.nan, "delta0": math.nan, "f_star_error": math.inf}
    answers = run_answers(with_header(problem, **unknown, f_star_obstacle="not convex")).answers
    assert [a.question for a in answers] == ["Lowest at the end?", "Did it do what is proved?"]
