"""The lr0 that is advised, against slow code that reads its definition word for word."""

from __future__ import annotations

import math

import hypothesis.strategies as st
import pytest
from hypothesis import given
from swept import made_problem

from lrbench.results import Sensitivity
from lrbench.study import analyse, safest

INF = math.inf
GRID = [10.0 ** (k / 4) for k in range(-8, 9)]


def swept(costs: list[float], grid: list[float] | None = None) -> Sensitivity:
    return analyse(made_problem(grid or GRID[: len(costs)], {"a": [costs]})).solvers[0]


@pytest.mark.parametrize(
    ("costs", "at"),
    [
        ([9, 9, 4.9, 4, 9, INF], 2),  # one end is that of the grid: away from the other
        ([INF, 4, 4.9, 4.9, 4.9, INF], 2),  # the middle; two tie: the lower
        ([INF, 4, 4.9, 4.8, 4.9, INF], 3),  # the middle; of two the one with fewer passes
        ([INF, 4, 5.0, 5.0, 5.0, INF], 2),  # 1.25 times the fewest, exactly, is alike
        ([4.9, 4, 9, 9, 9, INF], 0),  # the first of the grid is usable, and the furthest
        ([INF, 9, 9, 9, 4, 4.9], 5),  # and so may the last be
        ([INF, 4, 5.1, 5.1, 5.1, INF], 1),  # more than 1.25 times the fewest is no choice
        ([INF, 9, 4, INF, 9, 9, 9, INF], 2),  # outside of the usable range: the best
        ([INF, 9, 3, INF, 9, 3.1, 3.1, 9, INF], 5),  # within it another is as good
        ([4, 4, 4, 4.5], 1),  # no end but those of the grid: the best, amid those that tie
        ([4, 9, 9, 9, INF], 0),
        ([INF, 4], 1),
    ],
)
def test_by_hand(costs: list[float], at: int) -> None:
    assert safest(swept([float(c) for c in costs])) == GRID[at]


def test_a_decade_from_the_end_is_far_enough() -> None:
    # Points are a quarter of a decade apart; the range ends at the 2nd and with the grid.
    assert safest(swept([INF, 4.0, *[4.5] * 6, 4.4, *[4.5] * 8])) == GRID[8]
    assert safest(swept([INF, 4.0, *[4.5] * 6, *[4.6] * 9])) == GRID[5]


def test_nothing_is_safe_where_nothing_comes_there() -> None:
    assert safest(swept([INF, INF])) is None


@given(st.lists(st.sampled_from([4.0, 4.4, 4.8, 5.2, 9.0, INF]), min_size=1, max_size=17))
def test_against_brute_force(costs: list[float]) -> None:
    found = swept(costs)
    taken = safest(found)
    if found.usable is None:
        assert taken is None
        return
    assert taken is not None
    at = GRID.index(taken)
    assert costs[at] <= 1.25 * min(costs)
    lo, hi = (GRID.index(end) for end in found.usable)
    alike = [k for k in range(lo, hi + 1) if costs[k] <= 1.25 * min(costs)]
    if not alike:
        assert taken == found.best_lr0
        return
    assert at in alike

    def steps(k: int) -> int:
        """Return the points to where it ceases to come there, four at most."""
        low = k - lo if lo > 0 else 4
        high = hi - k if hi < len(costs) - 1 else 4
        return min(low, high, 4)

    for k in alike:
        assert steps(k) <= steps(at)
        if steps(k) == steps(at):
            assert costs[k] >= costs[at]
            if costs[k] == costs[at] and taken != found.best_lr0:
                assert k >= at
                assert GRID[k] != found.best_lr0
