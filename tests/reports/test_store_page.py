"""The page of what is stored, from entries made by hand."""

from __future__ import annotations

from typing import Any

from lrbench.reports.blocks import Grid, Line
from lrbench.reports.store_page import HEADINGS, store_page


def entry(problem: str, **changes: Any) -> dict[str, Any]:
    return {
        "problem": problem,
        "batch_size": None,
        "target": None,
        "over": "lr0",
        "values": (0.03, 700.0),
        "solver": "sgd",
        "seeds": 2,
        "iterations": 50,
        "cells": 18,
        "current": True,
        "lr0": (0.03, 700.0),
        "arrival": None,
        "at": (),
    } | changes


def test_a_table_for_each_problem_and_setting() -> None:
    entries = [
        entry("p"),
        entry(
            "p", solver="adam", values=(5.0, 5.0), seeds=3, iterations=70, cells=4, current=False
        ),
        entry("p", batch_size=16, target=0.0123),
        entry("q", target=4.0, arrival="confirmed", at=(10, 300)),
    ]
    titles, tables = [], []
    for block in store_page(entries):
        if isinstance(block, Line):
            titles.append((", ".join(block.pieces), block.style))
        if isinstance(block, Grid):
            assert block.columns == HEADINGS
            assert [HEADINGS[k] for k in sorted(block.left)] == ["solver", "lr0", "code"]
            tables.append([[cell.text for cell in row] for row in block.rows])
            styles = [row[-1].style for row in block.rows]
            assert styles == ["" if row[-1].text == "current" else "dim" for row in block.rows]
    assert titles == [
        ("p, full batches", "title"),
        ("", ""),
        ("p, batches of 16, target F - f* <= 0.0123", "title"),
        ("", ""),
        ("q, full batches, target F - f* <= 4.00, arrival confirmed, also at T = 10, 300", "title"),
    ]
    row = ["0.03 to 700", "2", "50", "18", "current"]
    adam = ["adam", "5", "3", "70", "4", "stale"]
    assert tables == [[["gd", *row], adam], [["sgd", *row]], [["gd", *row]]]


def test_solvers_have_the_names_of_pages() -> None:
    entries = [
        entry("p", solver="wngrad[order=current]"),
        entry("q", solver="wngrad[order=current]"),
        entry("q", solver="wngrad[order=lagged]"),
        entry("q", solver="gone[of=before]"),
    ]
    tables = [block for block in store_page(entries) if isinstance(block, Grid)]
    names = [[row[0].text for row in table.rows] for table in tables]
    both = ["wngrad[order=current]", "wngrad[order=lagged]", "gone[of=before]"]
    assert names == [["wngrad"], both]


def test_an_empty_store_says_so() -> None:
    (only,) = store_page([])
    assert isinstance(only, Line)
    assert (only.pieces, only.style) == (("no finished cell",), "warn")


def test_lanes_over_another_parameter_have_the_lr0_that_is_held_or_follows() -> None:
    entries = [
        entry("p", over="c", values=(0.1, 7.0), lr0=(3.0, 3.0)),
        entry("p", over="eta", values=(2.0, 6.0), lr0=(1.0, 3.0)),
        entry("p", over="r_eps", values=(1e-6, 1e-6), lr0=None),
    ]
    _, grid = store_page(entries)
    assert isinstance(grid, Grid)
    assert grid.columns[1] == "over"
    spans = [row[1].text for row in grid.rows]
    assert spans == ["c 0.1 to 7, lr0 3", "eta 2 to 6, lr0 1 to 3", "r_eps 1e-6"]
