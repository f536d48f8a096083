"""Performance profiles, against an example worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given
from swept import made_problem

from lrbench.results import TAU, ProblemResult, profiles
from lrbench.study import analyse

INF = math.inf


def swept(lr0: list[float], **passes: list[float]) -> ProblemResult:
    problem = made_problem(lr0, {name: [row] for name, row in passes.items()})
    return replace(problem, sweep=analyse(problem))


def test_profiles_by_hand() -> None:
    problems = [
        swept([0.1, 1.0, 10.0], a=[4.0, 2.0, INF], b=[9.0, 10.0, 20.0]),
        swept([1.0, 10.0], a=[INF, INF], b=[3.0, 30.0]),
        swept([1.0, 10.0], a=[INF, INF], b=[INF, INF]),
    ]
    # Best: (a, b) = (2, 9), (none, 3), (none, none): ratios (1, 4.5), (inf, 1), unsolved.
    found = profiles(problems)
    assert TAU == (1.0, 2.0, 5.0, 10.0, 100.0)
    assert found.tuned.n_instances == 3
    assert found.tuned.unsolved == 1
    assert found.tuned.shares["a"] == pytest.approx([1 / 3] * 5)
    assert found.tuned.shares["b"] == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3, 2 / 3])
    assert found.tuned.solved == pytest.approx({"a": 1 / 3, "b": 2 / 3})
    # Untuned, over 7 instances: a 2, 1, -, -, -, -, -; b 4.5, 5, 10, 1, 10, -, -.
    assert found.untuned.n_instances == 7
    assert found.untuned.unsolved == 2
    assert found.untuned.shares["a"] == pytest.approx([1 / 7, 2 / 7, 2 / 7, 2 / 7, 2 / 7])
    assert found.untuned.shares["b"] == pytest.approx([1 / 7, 1 / 7, 3 / 7, 5 / 7, 5 / 7])


def test_a_solver_that_was_not_run_did_not_solve_it() -> None:
    found = profiles([swept([1.0], a=[1.0]), swept([1.0], b=[1.0])])
    assert found.tuned.shares["a"][0] == found.tuned.shares["b"][0] == 0.5
    assert found.tuned.unsolved == 0


def test_a_target_that_the_start_meets_is_solved_by_all_at_once() -> None:
    assert profiles([swept([1.0], a=[0.0], b=[0.0])]).tuned.shares["b"][0] == 1.0


def test_problems_without_a_sweep_are_left_out() -> None:
    bare = made_problem([1.0], {"a": [[1.0]]})
    assert profiles([bare]).tuned.n_instances == 0
    assert profiles([bare, swept([1.0], a=[1.0])]).tuned.n_instances == 1


ROW = st.lists(st.sampled_from([1.0, 3.0, 20.0, INF]), min_size=3, max_size=3)


@given(st.lists(st.tuples(ROW, ROW), min_size=1, max_size=4))
def test_profiles_rise_and_somebody_is_best(rows: list[tuple[list[float], list[float]]]) -> None:
    found = profiles([swept([0.1, 1.0, 10.0], a=a, b=b) for a, b in rows])
    for profile in (found.tuned, found.untuned):
        for name, shares in profile.shares.items():
            assert list(shares) == sorted(shares)
            solved = round(profile.solved[name] * profile.n_instances)
            assert round(shares[-1] * profile.n_instances) <= solved
            assert solved <= profile.n_instances - profile.unsolved
    firsts = sum(shares[0] for shares in found.tuned.shares.values())
    assert firsts >= 1 - found.tuned.unsolved / found.tuned.n_instances - 1e-12
    brute = sum(min(min(a), min(b)) == min(b) < INF for a, b in rows) / len(rows)
    assert found.tuned.shares["b"][0] == pytest.approx(brute)
