"""Numbers, lines and tables of a page at the widths where they change."""

from __future__ import annotations

import math

import pytest

from lrbench.reports.blocks import (
    Grid,
    Line,
    TableCell,
    folded,
    folded_cells,
    gap,
    line,
    number,
    scientific,
    short_number,
    with_values,
)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (None, 3, "-"),
        (math.nan, 3, "-"),
        (0.0, 3, "0"),
        (0.01, 3, "0.0100"),
        (0.00999, 3, "9.99e-03"),
        (-5.678, 3, "-5.68"),
        (999.0, 3, "999"),
        (1000.0, 3, "1.00e+03"),
        (15.0, 2, "15"),
        (100.0, 2, "1.0e+02"),
        (1e5, 5, "1.0000e+05"),
        (math.inf, 3, "inf"),
    ],
)
def test_a_number(value: float | None, digits: int, text: str) -> None:
    assert number(value, digits) == text


def test_the_digits_that_are_usual() -> None:
    assert (number(1.23456), scientific(1.23456), short_number(1.23456)) == (
        "1.23",
        "1.23e+00",
        "1.23",
    )
    assert (scientific(None), scientific(math.nan)) == ("-", "-")
    assert (gap(None, 0.1), gap(0.1, 0.1), gap(0.099, 0.1)) == ("-", "1.00e-01", "<1e-01")
    assert gap(0.123456, 0.1, 2) == "1.2e-01"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (3160.4, 3, "3160"),
        (123456.0, 3, "123000"),
        (999999.9, 3, "1e6"),
        (1234567.0, 3, "1.23e6"),
        (0.00125, 3, "0.00125"),  # seven characters
        (-0.00125, 3, "-1.25e-3"),
        (0.000125, 3, "1.25e-4"),
        (0.00127, 2, "0.0013"),
        (0.00123456, 6, "0.00123456"),  # ten, and so four more than its digits
        (0.000123456, 6, "1.23456e-4"),
        (1234567.0, 7, "1234567"),
        (1e20, 1, "1e20"),
        (1e-9, 3, "1e-9"),
    ],
)
def test_a_short_number(value: float, digits: int, text: str) -> None:
    assert short_number(value, digits) == text


def test_a_line_is_broken_where_it_would_be_too_long() -> None:
    assert line("ab", "cd", "ef").wrapped(10) == ["ab, cd, ef"]
    assert line("ab", "cd", "ef").wrapped(9) == ["ab, cd,", "  ef"]
    assert line("ab", "cd", "ef").wrapped(6) == ["ab,", "  cd,", "  ef"]
    assert line("ab cd", "ef").wrapped(6) == ["ab cd,", "  ef"]
    assert line("").wrapped(6) == [""]
    made = line("a\x1b", style="bad", recurs=("b\x07",))
    assert made == Line(("a\\x1b",), "bad", ("b\\x07",), note=False)


def test_a_name_that_is_too_long_is_broken_behind_a_comma() -> None:
    name = "made:of[first=1,second=22,third=333]"
    assert line("on", name, "ef").wrapped(20) == [
        *("on,", "  made:of[first=1,", "  second=22,", "  third=333], ef")
    ]
    assert line("on", name, "ef").wrapped(40) == ["on,", f"  {name},", "  ef"]
    assert line("no,brackets,are,left,alone").wrapped(9) == ["no,brackets,are,left,alone"]


def test_a_table_is_continued_below_where_the_next_group_does_not_fit() -> None:
    first = ("T", ["1", "10"])
    a, b, c = ("a", ["1234", "5"]), ("bcd", ["6", "7"]), ("e", ["8", "9"])
    # Two blanks between columns: 2 + 2 + 4 + 2 + 3 = 13 and 2 more columns of 1 + 2.
    for width, headings in (
        (16, [["T", "a", "bcd", "e"]]),
        (15, [["T", "a", "bcd"], ["T", "e"]]),
        (13, [["T", "a", "bcd"], ["T", "e"]]),
        (12, [["T", "a"], ["T", "bcd", "e"]]),
        (1, [["T", "a"], ["T", "bcd"], ["T", "e"]]),
    ):
        blocks = list(folded(first, [[a], [b], [c]], width))
        grids = [block for block in blocks if isinstance(block, Grid)]
        assert [list(grid.columns) for grid in grids] == headings
        assert blocks[1::2] == [line("")] * (len(grids) - 1)
        assert all([row[0].text for row in grid.rows] == ["1", "10"] for grid in grids)
        assert [cell.text for grid in grids for cell in grid.rows[1][1:]] == ["5", "7", "9"]
    together = [block for block in folded(first, [[a, b], [c]], 12) if isinstance(block, Grid)]
    assert [list(grid.columns) for grid in together] == [["T", "a", "bcd"], ["T", "e"]]


def test_columns_of_text_are_aligned_left() -> None:
    columns = [[(name, [TableCell(name * 3)])] for name in "abc"]
    (grid,) = folded_cells(("T", [TableCell("1")]), columns, 80, frozenset({"T", "b"}))
    assert isinstance(grid, Grid)
    assert grid.left == {0, 2}


def test_a_column_stays_where_one_of_its_cells_has_a_value() -> None:
    texts = {"a": ["-", "0"], "b": ["-", "-"], "c": ["", "x"], "d": ["none", ""], "e": ["-1", "-"]}
    columns = [(name, list(map(TableCell, of))) for name, of in texts.items()]
    assert with_values(columns) == [columns[0], columns[2], columns[4]]
