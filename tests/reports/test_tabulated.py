"""Tables as text: every cell is in its column, and headings of parts are between rows."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrbench.reports.blocks import Grid, TableCell
from lrbench.reports.tabulated import TableForm, tabulated

WORDS = st.text("aB1.-e%0", min_size=1, max_size=9)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    n_columns = draw(st.integers(1, 5))
    heads = draw(st.lists(WORDS, min_size=n_columns, max_size=n_columns))
    cells = st.lists(WORDS.map(TableCell), min_size=n_columns, max_size=n_columns)
    rows = draw(st.lists(cells, max_size=6))
    left = draw(st.frozensets(st.integers(0, n_columns - 1)))
    return Grid(heads, rows, left)


@given(grid=grids())
def test_every_cell_of_the_aligned_form_stands_below_its_piece_of_the_rule(grid: Grid) -> None:
    head, rule, *lines = tabulated(grid, "simple").split("\n")
    widths = [*map(len, rule.split("  "))]
    assert set(rule) <= {"-", " "}
    assert len(lines) == len(grid.rows)
    starts = [0, *accumulate(width + 2 for width in widths)]
    rows = [grid.columns, *([cell.text for cell in row] for row in grid.rows)]
    for k, (column, width) in enumerate(zip(zip(*rows, strict=True), widths, strict=True)):
        assert width == max(map(len, column))
        for text, line in zip(column, [head, *lines], strict=True):
            padded = text.ljust(width) if k in grid.left else text.rjust(width)
            assert line.ljust(len(rule))[starts[k] : starts[k + 1] - 2] == padded


@given(grid=grids())
def test_a_markdown_table_has_the_texts_and_the_alignment(grid: Grid) -> None:
    head, rule, *lines = tabulated(grid, "pipe").split("\n")
    assert len({len(line) for line in (head, rule, *lines)}) == 1
    cells = [[text.strip() for text in line[1:-1].split("|")] for line in (head, *lines)]
    assert cells == [[*grid.columns], *([cell.text for cell in row] for row in grid.rows)]
    marks = rule[1:-1].split("|")
    assert {k for k, mark in enumerate(marks) if mark.startswith(":")} == grid.left
    assert [mark.endswith(":") for mark in marks] == [k not in grid.left for k in range(len(marks))]


def test_headings_of_parts_stand_before_their_rows() -> None:
    rows = [[TableCell("alpha"), TableCell("1.50")], [TableCell("be"), TableCell("22")]]
    grid = Grid(("name", "n"), rows, frozenset({0}), parts={0: "first", 1: "second"})
    assert tabulated(grid, "simple").splitlines() == [
        "name      n",
        "-----  ----",
        "first",
        "alpha  1.50",
        "second",
        "be       22",
    ]
    assert tabulated(grid, "pipe").splitlines()[2:] == [
        "| first | |",
        "| alpha | 1.50 |",
        "| second | |",
        "| be    |   22 |",
    ]


def test_a_cell_of_several_lines_moves_the_heading_of_the_next_part() -> None:
    rows = [
        [TableCell("alpha"), TableCell("1.5\n300")],
        [TableCell("be\ngamma\nd"), TableCell("22")],
        [TableCell(""), TableCell("-")],
    ]
    grid = Grid(("name", "n"), rows, frozenset({0}), parts={1: "second", 2: "third"})
    assert tabulated(grid, "simple").splitlines() == [
        "name     n",
        "-----  ---",
        "alpha  1.5",
        "       300",
        "second",
        "be      22",
        "gamma",
        "d",
        "third",
        "         -",
    ]


@pytest.mark.parametrize(
    ("form", "drawn"),
    [
        ("simple", ["a/b", "---", "e/f", "c/d"]),
        ("pipe", ["| a/b |", "|----:|", "| e/f |", "| c/d |"]),
    ],
)
def test_the_text_of_every_cell_is_cleaned(form: TableForm, drawn: list[str]) -> None:
    grid = Grid(("a|b",), [[TableCell("c|d")]], parts={0: "e|f"})
    assert tabulated(grid, form, lambda cell: cell.replace("|", "/")).splitlines() == drawn
