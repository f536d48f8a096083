"""Tables as text: those that the package tabulate draws."""

from __future__ import annotations

import pytest
import tabulate
from hypothesis import given
from hypothesis import strategies as st

from lrbench.reports.blocks import Grid, TableCell
from lrbench.reports.tabulated import TableForm, tabulated

tabulate.MIN_PADDING = 0  # else it widens every heading that is wider than its cells

WORDS = st.text("aB1.-e%|", max_size=9)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    n_columns = draw(st.integers(1, 5))
    heads = draw(st.lists(WORDS.filter(bool), min_size=n_columns, max_size=n_columns))
    texts = WORDS | st.lists(WORDS.filter(bool), min_size=2, max_size=3).map("\n".join)
    cells = st.lists(texts.map(TableCell), min_size=n_columns, max_size=n_columns)
    # With cells of several lines the other program leaves out an empty first row.
    cells = cells.filter(lambda row: any(cell.text for cell in row))
    left = draw(st.frozensets(st.integers(0, n_columns - 1)))
    return Grid(heads, draw(st.lists(cells, min_size=1, max_size=6)), left)


@pytest.mark.parametrize("form", ["simple", "pipe"])
@given(grid=grids())
def test_it_is_the_table_of_another_program(form: TableForm, grid: Grid) -> None:
    text = tabulate.tabulate(
        [[cell.text for cell in row] for row in grid.rows],
        headers=list(grid.columns),
        tablefmt=form,
        colalign=["left" if k in grid.left else "right" for k in range(len(grid.columns))],
        disable_numparse=True,
    )
    # Of a last row without a letter the other program leaves out the end of the line.
    drawn = "\n".join(line.rstrip() for line in text.splitlines())
    assert tabulated(grid, form).rstrip("\n") == drawn.rstrip("\n")


def test_headings_of_parts_stand_before_their_rows() -> None:
    rows = [[TableCell("alpha"), TableCell("1.5")], [TableCell("be"), TableCell("22")]]
    grid = Grid(("name", "n"), rows, frozenset({0}), parts={1: "second"})
    assert tabulated(grid, "simple").splitlines() == [
        "name     n",
        "-----  ---",
        "alpha  1.5",
        "second",
        "be      22",
    ]
    assert tabulated(grid, "pipe").splitlines()[3:] == [
        "| second | |",
        "| be    |  22 |",
    ]


def test_the_text_of_every_cell_is_cleaned() -> None:
    grid = Grid(("a|b",), [[TableCell("c|d")]], parts={0: "e|f"})
    text = tabulated(grid, "pipe", lambda cell: cell.replace("|", "/"))
    assert text.splitlines() == ["| a/b |", "|----:|", "| e/f |", "| c/d |"]
