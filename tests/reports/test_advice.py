"""The advice on a sweep at each of its thresholds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_header import with_header
from swept import TARGET, made_problem

import lrbench
from lrbench.reports.advice import advice_line, wider_grid
from lrbench.results import ProblemResult, Status
from lrbench.study import analyse

INF = math.inf
GRID = [0.01, 0.1, 1.0, 10.0, 100.0]


def said(problem: ProblemResult, target: float | None = None) -> list[str]:
    """The clauses of the advice."""
    line = advice_line(problem, analyse(problem, target))
    assert line.style == "title"
    return ", ".join(line.pieces).split("; ")


def one(passes: Sequence[float], grid: Sequence[float] = GRID, **of: Sequence[float]) -> list[str]:
    """The clauses where solver a has these passes on a grid, and others have theirs."""
    return said(made_problem(grid, {"a": [passes], **{name: [row] for name, row in of.items()}}))


def test_equally_wide_solvers_are_ranked_by_their_passes() -> None:
    rows = {"a": [[9.0, 4.4, 9.0, 9.0, INF]], "b": [[9.0, 4.0, 9.0, 9.0, INF]]}
    advice = analyse(made_problem(GRID, rows)).advice
    assert advice is not None
    assert advice.choice is not None
    assert str(advice.choice.solver) == "b"


def test_a_solver_that_is_a_decade_wider_is_named() -> None:
    narrow, wide = [INF, 4.0, 4.0, 4.0, INF], [9.0, 9.0, 8.0, 9.0, INF]
    assert one(narrow, b=wide) == [
        "Advice: a at lr0 = 1: about 4 passes, usable from 0.1 to 10 (2.00 decades)",
        "less sensitive: b (at least 3.00 decades, 8 passes)",
    ]
    assert len(one(narrow, b=[INF, 9.0, 8.0, 9.0, INF])) == 1
    near = [0.01, 0.1, 1.0, 10.0, 99.0]  # 2.9956 decades wider than none
    assert len(one([INF, 4.0, 4.0, 4.0, INF], near, b=[INF, 9.0, 8.0, 9.0, 9.0])) == 1


def test_a_best_lr0_outside_of_the_range_is_said_to_be_so() -> None:
    grid = [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]
    assert one([INF, 4.0, 4.8, 6.0, INF, 3.9], grid) == [
        "Advice: a at lr0 = 1: about 4.8 passes (3.9 at lr0 = 1000, outside of the usable ones),"
        " usable from 0.1 to 10 (2.00 decades)"
    ]
    # At the first and at the last of the usable ones, it is the nearer to their end.
    for row in ([INF, 4.0, 4.8, 6.0, INF], [INF, 6.0, 4.8, 4.0, INF]):
        (text,) = one(row)
        assert "about 4.8 passes" in text
        assert "nearer to the end of the usable ones" in text


@pytest.mark.parametrize(
    ("passes", "clauses"),
    [
        ([2.0, 7.0, INF, INF, INF], ["it is the lowest of the grid: go on with --lr0 auto"]),
        ([INF, INF, INF, 7.0, 2.0], ["it is the highest of the grid: go on with --lr0 auto"]),
        ([INF, 2.0, 9.0, 9.0, INF], ["the next lower lr0 (0.01) never gets there"]),
        ([INF, 9.0, 9.0, 2.0, INF], ["the next lr0 (100) never gets there"]),
        ([INF, 9.0, 2.0, 9.0, INF], []),
        ([7.0, 7.0, INF, 2.0, INF], ["the next lr0 on either side never gets there"]),
        ([INF, INF, 2.0, INF, INF], []),
    ],
)
def test_what_may_go_wrong_near_the_lr0(passes: list[float], clauses: list[str]) -> None:
    assert one(passes)[1:] == clauses


def test_a_grid_wider_than_float64_is_continued_to_the_ends_of_float64() -> None:
    # The quotient of the ends, 1e400, is no float64, and neither is 1e307 times 100.
    assert one([3.0, 7.0, 9.0], [1e-200, 1.0, 1e200])[1:2] == [
        "it is the lowest of the grid: go on with --lr0 auto"
    ]
    problem = made_problem([1e-200, 1.0, 1e307], {"a": [[INF, 7.0, 2.0]]})
    (sensitivity,) = (s for s in analyse(problem, None).solvers)
    sweep = replace(
        analyse(problem, None), solvers=[replace(sensitivity, second_axis={"radius": 2.0})]
    )
    assert wider_grid(sweep) == "--over lr0=1e-200:1e308:3"


def test_an_arrival_just_in_time() -> None:
    # The budget is 1000 steps of 10 of 1000 samples: 10 passes.
    budget = "only just within 10 passes: with more, ranges may be much wider"
    for passes, warned in ((8.0, False), (8.1, True)):
        problem = made_problem(GRID, {"a": [[INF, passes, passes, passes, INF]]})
        assert (budget in said(problem)) == warned
        batch = replace(problem, runs=[replace(run, setting="batch") for run in problem.runs])
        assert budget not in said(batch)  # of 1000 passes
    few = [replace(run, setting="batch", status_at=10) for run in problem.runs]
    assert budget in said(replace(problem, runs=few))
    single = [replace(run, setting="batch", status_at=1) for run in problem.runs]
    assert "only just within 1 pass: with more" in "; ".join(said(replace(problem, runs=single)))


def test_runs_that_are_missing_are_counted() -> None:
    for n_failed, text in ((1, "1 of its runs is missing"), (2, "2 of its runs are missing")):
        problem = made_problem(GRID, {"a": [[9.0, 9.0, 2.0, 9.0, 9.0]] * 3})
        failed = [replace(r, status=Status.INTERRUPTED, trace={}) for r in problem.runs[:n_failed]]
        assert text in said(replace(problem, runs=[*failed, *problem.runs[n_failed:]]))


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (1.0, None),
        (1.0 + 1e-9, None),
        (1.0 + 1.6e-9, "its last lr is 2.0/L"),
        (7.25, "its last lr is 14/L"),
        (4.0, "4 is 8.0/L"),
    ],
)
def test_steps_above_two_over_L(last: float, words: str | None) -> None:
    problem = made_problem([1.0, 4.0, 16.0], {"a": [[INF, 2.0, INF]], "b": [[9.0, 9.0, 9.0]]})
    runs = [
        replace(
            run,
            setting="batch",
            trace=run.trace
            | {
                "lr": np.array([9.0, 9.0, last if (str(run.solver), run.lr0) == ("a", 4.0) else 99])
            },
        )
        for run in problem.runs
    ]
    clauses = [text for text in said(replace(problem, runs=runs)) if "2/L" in text]
    end = ", above 2/L: descent is not guaranteed there"
    assert clauses == ([] if words is None else [words + end])


# --- where no lr0 came to the target ---------------------------------------------------------


def nothing(lr0: Sequence[float], levels: Sequence[float], **changes: Any) -> ProblemResult:
    """One solver whose gap at the middle checkpoint, the lowest, is this at each lr0."""
    problem = made_problem(lr0, {"a": [[INF] * len(lr0)]})
    runs = [
        replace(run, trace=run.trace | {"suboptimality": np.array([1.0, level, 0.9])})
        for run, level in zip(problem.runs, levels, strict=True)
    ]
    return replace(with_header(problem, **changes), runs=runs)


def test_the_target_may_be_at_the_error_of_the_optimum() -> None:
    problem = made_problem(GRID, {"a": [[9.0, 9.0, 2.0, 9.0, 9.0]]})
    for error, known in ((TARGET, True), (1.01 * TARGET, False)):
        text = said(with_header(problem, f_star_error=error))[0]
        assert text.startswith("Advice: a at") == known
        reason = "the target is below the error of f*, 0.0101"
        assert text.startswith("Advice: none, as " + reason) != known


@pytest.mark.parametrize(
    ("lr0", "words"),
    [
        ([1.0, 20.0], "give more iterations or passes"),  # exactly 2/L
        ([1.01, 20.0], "all 2 lr0 lie above 2/L = 1.000"),
        ([1e-9, 0.005], "give more iterations or passes"),  # exactly 0.01/L
        ([1e-9, 0.0049], "all 2 lr0 lie far below 1/L = 0.5000"),
    ],
)
def test_a_grid_on_one_side_of_L(lr0: list[float], words: str) -> None:
    text = said(nothing(lr0, [0.5, 0.4]))[0]
    assert text.startswith(
        f"Advice: none, as no lr0 came to F - f* <= 0.0100 in 10 passes: {words}"
    )


def test_of_runs_that_all_diverged_no_level_is_the_lowest() -> None:
    (problem,) = lrbench.sweep("logreg", solvers=["gd"], lr0=[1e299, 3e300], iterations=9).problems
    (text, *_) = said(problem)
    assert "every run diverged, as all 2 lr0 lie above 2/L" in text
    assert "lowest" not in text


def test_one_run_that_did_not_diverge_is_enough_for_other_advice() -> None:
    problem = nothing([0.1, 0.3], [0.5, 0.4])
    lost = [replace(run, status=Status.DIVERGED) for run in problem.runs]
    some = [lost[0], problem.runs[1]]
    assert "every run diverged" in said(replace(problem, runs=lost))[0]
    assert "every run diverged" not in said(replace(problem, runs=some))[0]


def test_the_lowest_is_named_with_its_lr0_and_its_ratio() -> None:
    problem = nothing([0.1, 0.3, 0.2], [0.5, 0.1234, 0.4])
    assert said(problem)[-1] == (
        "the lowest F - f* seen was 0.123, of a at lr0 = 0.3, 12 times the target"
    )
    runs = list(problem.runs)
    runs[1] = replace(runs[1], status=Status.FAILED)
    runs.append(replace(runs[1], seed=1, status=Status.STALLED, trace={}))
    assert ", of a at lr0 = 0.2, 40 times the target" in said(replace(problem, runs=runs))[-1]
    exact = with_header(problem, f_star_error=0.0)
    assert said(exact, target=0.0)[-1] == "the lowest F - f* seen was 0.123, of a at lr0 = 0.3"


def test_a_seed_that_came_exactly_to_the_target_is_there() -> None:
    problem = made_problem([0.1, 0.3], {"a": [[INF, INF], [INF, 3.0], [INF, INF]]})
    gaps = {"suboptimality": np.array([1.0, 0.5, TARGET])}
    runs = [
        replace(run, trace=run.trace | gaps) if (run.seed, run.lr0) == (1, 0.3) else run
        for run in problem.runs
    ]
    assert said(replace(problem, runs=runs))[-1] == (
        "less than half of the seeds came there, among them one of a at lr0 = 0.3"
    )


def test_a_run_that_is_missing_is_asked_for() -> None:
    problem = nothing([0.1, 0.3, 0.2], [0.5, 0.1234, 0.4])
    for n_failed, words in ((1, "1 run is missing"), (2, "2 runs are missing")):
        runs = [replace(run, status=Status.FAILED) for run in problem.runs[:n_failed]]
        found = said(replace(problem, runs=[*runs, *problem.runs[n_failed:]]))
        assert found == [
            "Advice: none, as no lr0 came to F - f* <= 0.0100 in 10 passes"
            f" and {words}: finish the sweep"
        ]
