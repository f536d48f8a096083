"""Runs as text: the encoders of the standard library, which are slow, are the reference."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import lrbench
from lrbench.config.plain import plain
from lrbench.config.solver_spec import SolverSpec
from lrbench.reports import REPORTS
from lrbench.reports.view import View
from lrbench.results import COLUMNS, Result, Run, TableTrace, column_text, trace_columns
from lrbench.results.run_text import Indentation, run_texts
from lrbench.results.table import LABELS, rows


@cache
def made() -> Result:
    return lrbench.run("log-spectrum", solvers=["wngrad"], lr0=[1.0], iterations=3, passes=None)


def shown(result: Result, form: str, view: View | None = None) -> str:
    out = io.StringIO()
    REPORTS.get(form)(result, out, view or View())
    return out.getvalue()


def irregular_runs() -> Iterator[Run]:
    """Runs that share columns and solvers, whose traces are missing, empty, short and broken."""
    first, *_ = made().problems[0].runs
    rows = np.array([[0.1, np.nan, -np.inf, 1e-300], [1e308, 1e308, 1e308, 5e-324], [-0.0] * 4])
    names = ("b", 'a "],\n   [" of \u03bb', "gr\u00f6\u00dfe", "100 %s", "zeros", "b again")
    other = SolverSpec("s%d", {"eta": 1.0, "order": '"%s"'}, ("eta",))
    for solver, error in (
        (first.solver, None),
        (other, 'ValueError: "],\n   [", {\n "trace": \x00'),
    ):
        yield replace(first, solver=solver, error=error, trace={})
        for length in (0, 1, 1, 4, 3):
            trace = {name: rows[k % 3, :length] for k, name in enumerate(("iteration", *names))}
            trace["iteration"] = np.arange(0.0, 0.0 + length)
            trace["zeros"] = np.zeros(length)
            yield replace(
                first,
                solver=solver,
                error=error,
                lr0=1.0,
                trace=trace,
                over={"eta": length + 0.1, "lr0": 1.0},
            )
        yield from (replace(first, solver=solver, lr0=0.3, trace=trace) for trace in tables())


def tables() -> Iterator[TableTrace]:
    """Traces of lanes that share some numbers, with and without the columns of others in order."""
    rng = np.random.default_rng(3)
    for names in ((*COLUMNS, "b", "100 %s"), ("b", *reversed(COLUMNS), "c")):
        places = {name: k for k, name in enumerate(names)}
        table = rng.standard_normal((7, len(names), 5)) * 10.0 ** rng.integers(-9, 20, (7, 1, 5))
        table[:, places["iteration"]] = np.arange(5) ** 9
        table[:, places["passes"]], table[:, places["b"]] = np.arange(5) / 3, table[0, 2]
        table[2, places["b"], 1:3], table[3, 4] = (np.nan, -0.0), table[3, 5]
        for lane, length in enumerate((5, 5, 5, 2, 2, 0, 5)):
            yield TableTrace(places, table[lane, :, :length])


@pytest.mark.parametrize("block", [1, 30, 10_000])
@pytest.mark.parametrize(("depth", "indent"), [(0, 1), (None, None)])
def test_the_text_of_runs_with_numbers_names_and_errors_of_any_kind(
    depth: int | None, indent: int | None, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The encoder of the standard library is the reference, however many runs a block holds."""
    monkeypatch.setattr(column_text, "BLOCK", block)
    runs = list(irregular_runs())
    for run, text in zip(runs, run_texts(runs, Indentation(depth)), strict=True):
        assert text == json.dumps(plain(run), indent=indent, allow_nan=False)
    rows = np.array([[0.1, np.nan, -np.inf, 1e-300], [1e308, 1e308, 1e308, 5e-324]])
    written = plain(replace(runs[0], trace={"b": rows[0], "c": rows[1]}))["trace"]
    assert written["b"] == [0.1, None, None, 1e-300]
    assert written["c"] == rows[1].tolist()


def test_lines_of_json_are_those_of_the_standard_library() -> None:
    problem = replace(made().problems[0], runs=[*irregular_runs()])
    labels = {"problem": problem.name, "fingerprint": problem.header.fingerprint}
    lines = shown(replace(made(), problems=[problem]), "jsonl").splitlines()
    assert lines == [json.dumps(labels | plain(run)) for run in problem.runs]


@pytest.mark.parametrize("columns", [None, ("b", "zeros", "none", "lr")])
def test_csv_is_that_of_the_standard_library(columns: tuple[str, ...] | None) -> None:
    problem = replace(made().problems[0], name='with "quotes", and more', runs=[*irregular_runs()])
    result = replace(made(), problems=[problem])
    expected = io.StringIO()
    names = ("iteration", *columns, "seconds") if columns else trace_columns([problem])
    writer = csv.writer(expected, lineterminator="\n")
    writer.writerow([*LABELS, *names])
    writer.writerows(rows([problem], names))
    assert shown(result, "csv", View(columns=columns, timing=True)) == expected.getvalue()
