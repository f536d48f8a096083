"""The curve of a sweep and its axis, on irregular grids."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from swept import made_problem

from lrbench.reports.blocks import Drawing, Line
from lrbench.reports.curve import axis, axis_column, columns_of, curve
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Status
from lrbench.study import analyse

INF = math.inf
GRID = [0.03, 0.1, 0.2, 1.0, 7.0, 20.0, 90.0]


def drawn(problem: ProblemResult, width: int = 80, bars: bool = False) -> list[str]:
    """The legend, and then the rows of the drawing."""
    found: list[str] = []
    for block in curve(problem, analyse(problem), View(width=width, bars=bars)):
        if isinstance(block, Drawing):
            found += block.lines()
        elif isinstance(block, Line) and any(block.pieces):
            found.append(", ".join(block.pieces))
    return found


def marks(problem: ProblemResult, grid: Sequence[float] = GRID) -> list[str]:
    """What is drawn at each lr0 of the first solver."""
    row = drawn(problem)[1].split()[1]
    columns = columns_of(grid, grid, len(row))
    assert sorted({k for column in columns for k in column}) == list(range(len(grid)))
    return [row[next(j for j, of in enumerate(columns) if of == [k])] for k in range(len(grid))]


def test_heights_are_ninths_of_the_logarithm() -> None:
    passes = [2.0, 3.8, 6.2, 28.0, 154.0, 1000.0, 2000.0]
    # One more for each of the 8 thresholds between the ninths that the passes are below.
    thresholds = [2.0 * 1000.0 ** (k / 9) for k in range(1, 9)]
    expected = [str(1 + sum(p < threshold for threshold in thresholds)) for p in passes]
    problem = made_problem(GRID, {"a": [passes]})
    assert marks(problem) == expected
    assert drawn(problem)[0] == (
        "passes to the target over lr0: 9 = 2 (fewest), 1 = 2000 (most) on a log scale"
    )
    bars = drawn(problem, bars=True)
    assert bars[0].startswith("passes to the target over lr0: █ = 2 (fewest), ▁ = 2000")
    eighths = [1 + sum(p < 2.0 * 1000.0 ** (k / 8) for k in range(1, 8)) for p in passes]
    assert "".join(dict.fromkeys(bars[1].split()[1])) == "".join(
        dict.fromkeys("▁▂▃▄▅▆▇█"[k - 1] for k in eighths)
    )


def test_a_start_at_the_target_has_no_logarithm() -> None:
    passes = [0.0, 1.0, 8.0, INF, 8.0, 0.0, 3.0]
    assert "".join(marks(made_problem(GRID, {"a": [passes]}))) == "911.191"


def test_a_grid_may_be_wider_than_float64() -> None:
    assert marks(made_problem([1e-200, 1.0, 1e200], {"a": [[9.0, 3.0, 9.0]]}), [1e-200, 1.0, 1e200])


def test_equal_passes_have_one_height() -> None:
    legend, row, *_ = drawn(made_problem(GRID, {"a": [[7.0] * 7]}))
    assert legend == "passes to the target over lr0: 9 = 7"
    assert set(row.split()[1]) == {"9"}


@pytest.mark.parametrize(
    ("statuses", "mark"),
    [
        ("stalled stalled stalled diverged", "."),
        ("stalled stalled diverged diverged", "!"),  # half of those that did not come there
        ("reached stalled stalled diverged", "."),
        ("reached stalled failed diverged", "!"),
        ("reached reached failed diverged", "9"),
        ("failed interrupted failed failed", "?"),
        ("stalled failed failed failed", "."),
    ],
)
def test_the_mark_of_what_did_not_come_there(statuses: str, mark: str) -> None:
    costs = [[5.0, 5.0 if status == "reached" else INF] for status in statuses.split()]
    problem = made_problem([1.0, 7.0], {"a": costs})
    runs = list(problem.runs)
    for seed, status in enumerate(statuses.split()):
        if status != "reached":
            runs[2 * seed + 1] = replace(runs[2 * seed + 1], status=Status(status))
    legend, row, *_ = drawn(replace(problem, runs=runs))
    assert row.split() == ["a", "999" + mark * 3]
    words = {".": "not reached", "!": "diverged", "?": "unknown: no run finished"}
    assert {of for of, word in words.items() if word in legend} == words.keys() & {mark}


def test_of_several_lr0_in_a_column_the_worst_is_drawn() -> None:
    grid = [10.0 ** (k / 60) for k in range(160)]
    costs = [INF if k == 40 else 2.0 if k % 2 else 90.0 for k in range(160)]
    legend, row, *_ = drawn(made_problem(grid, {"a": [costs]}))
    text = row.split()[1]
    assert len(text) == 80 - len("a  ")
    assert (text.count("."), text.count("1")) == (1, len(text) - 1)
    assert "not reached" in legend


@pytest.mark.parametrize(
    ("n_lr0", "width", "n_columns"),
    [(7, 80, 21), (7, 23, 14), (7, 24, 21), (7, 16, 7), (7, 10, 7), (40, 30, 27), (40, 43, 40)],
)
def test_an_lr0_has_up_to_three_columns(n_lr0: int, width: int, n_columns: int) -> None:
    grid = [2.0**k for k in range(n_lr0)]
    problem = made_problem(grid, {"a": [[1.0 + k for k in range(n_lr0)]]})
    assert len(drawn(problem, width)[1].split()[1]) == n_columns


@pytest.mark.parametrize(("length", "n_lr0", "beside"), [(54, 40, 1), (55, 40, 0), (55, 23, 1)])
def test_a_name_stands_above_a_curve_without_room(length: int, n_lr0: int, beside: int) -> None:
    name, grid = "a" * length, [2.0**k for k in range(n_lr0)]
    problem = made_problem(grid, {name: [[1.0] * n_lr0], "b": [[1.0] * n_lr0]})
    _, row, other, *_ = drawn(problem)
    if beside:
        curve_text = "9" * min(n_lr0, 80 - length - 2)
        assert row == name + "  " + curve_text
        assert other == "b" + " " * (length + 1) + curve_text
    else:
        assert (row, other) == (name, "9" * 80)


def test_there_is_no_curve_of_one_lr0_or_without_arrival() -> None:
    assert drawn(made_problem([1.0], {"a": [[3.0]]})) == []
    assert drawn(made_problem([1.0, 3.0], {"a": [[INF, INF]]})) == []
    assert drawn(made_problem([1.0, 3.0], {"a": [[3.0, INF]]})) != []


@pytest.mark.parametrize(
    ("decades", "n_columns", "stride"),
    [
        (8, 90, 1),
        (8, 33, 2),
        (58, 118, 3),
        (60, 100, 4),
        (48, 60, 5),
        (60, 60, 10),
        (60, 30, 20),
        (200, 60, 50),
        (600, 60, 100),
        (600, 40, 200),
    ],
)
def test_the_axis_has_the_densest_labels_that_do_not_touch(
    decades: int, n_columns: int, stride: int
) -> None:
    lo, hi = -decades // 2, decades // 2
    grid = [10.0**k for k in range(lo, hi + 1)]
    ticks, labels = axis(grid, n_columns)
    exponents = [k for k in range(lo, hi + 1) if k % stride == 0]
    assert [round(math.log10(float(label))) for label in labels.split()] == exponents
    # A tick is in the middle of its step: of n columns over n_lr0 steps.
    columns = [math.ceil((k - lo + 0.5) / (decades + 1) * n_columns - 1e-6) - 1 for k in exponents]
    assert [k for k, mark in enumerate(ticks) if mark == "|"] == columns
    assert max(len(ticks), len(labels)) <= n_columns


def test_a_label_is_centred_below_its_tick_within_the_axis() -> None:
    grid = [10.0**k for k in range(-5, 6)]
    ticks, labels = axis(grid, 99)
    starts = [k for k, c in enumerate(labels) if c != " " and labels[k - 1 : k] in ("", " ")]
    for tick, start, label in zip(
        [k for k, mark in enumerate(ticks) if mark == "|"], starts, labels.split(), strict=True
    ):
        assert start == tick - (len(label) - 1) // 2


def test_an_axis_without_a_decade_shows_its_ends() -> None:
    assert axis([1.0, 10.0, 100.0], 6) == ["|   |", "1  100"]  # 10 would touch 100
    assert axis([2.345, 2.346], 5) == [" |", "2.35"]
    assert axis([2.345, 2.346], 3) == ["|", "2.35"]
    assert axis([2.0, 4.0, 9.0], 18) == ["  |           |", "  2           9"]
    assert axis([0.2, 4.0], 10) == ["  |    |", " 0.2   4"]


@pytest.mark.parametrize("n_columns", [5, 23, 64])
def test_a_column_without_an_lr0_shows_the_nearest(n_columns: int) -> None:
    grid = [1e-3, 2e-3, 5e-2, 4.0, 9.0, 3e3]
    logs = [math.log10(v) for v in grid]
    half = (logs[-1] - logs[0]) / (len(grid) - 1) / 2
    lo, width = logs[0] - half, (logs[-1] - logs[0] + 2 * half) / n_columns
    for j, shown in enumerate(columns_of(grid, grid, n_columns)):
        own = [k for k, v in enumerate(logs) if lo + j * width < v <= lo + (j + 1) * width]
        centre = lo + (j + 0.5) * width
        assert shown == (own or [min(range(6), key=lambda k: abs(logs[k] - centre))])


def test_values_beyond_the_grid_are_in_the_outermost_columns() -> None:
    for value, column in ((1e-9, 0), (1e9, 11), (1.0, 5)):
        assert axis_column(value, [0.1, 1.0, 10.0], 12) == column
    assert [axis_column(v, [1.0, 10.0], 2) for v in (1.0, 10.0)] == [0, 1]
    pairs = itertools.pairwise(axis_column(v, GRID, 37) for v in GRID)
    assert all(a < b for a, b in pairs)
