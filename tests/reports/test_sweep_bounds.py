"""The tables of the bounds over a scale, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from shown_results import shown
from swept import made_problem, made_run

import lrbench
from lrbench.config.solver_spec import SolverSpec
from lrbench.reports.blocks import Grid, Line
from lrbench.reports.sweep_bounds import bound_tables
from lrbench.reports.view import View
from lrbench.results import Robustness, ScaleVerdict, Sensitivity
from lrbench.study import analyse

GRID = (0.03, 0.2, 1.0, 7.0)


def sensitivity(solver: str = "a", grid: Sequence[float] = GRID, **changes: Any) -> Sensitivity:
    runs = [made_run(SolverSpec(solver), value, 0, 2.0) for value in grid]
    (s,) = analyse(replace(made_problem([1.0], {"a": [[1.0]]}), runs=runs)).solvers
    return replace(s, **changes)


def bound(*verdict: ScaleVerdict, best: float | None = 0.25, **changes: Any) -> Robustness:
    rho = () if best is None else tuple(v / best for v in GRID)
    numbers = (1.0,) * len(verdict)
    made = Robustness(
        "W9", "suboptimality", "last", 700, best, best, rho, numbers, numbers, verdict
    )
    return replace(made, **changes)


def texts(*rows: Sequence[Sensitivity], width: int = 80) -> list[tuple[str, str]]:
    found = bound_tables(rows, View(width=width))
    return [(", ".join(b.pieces), b.style) for b in found if isinstance(b, Line)]


def cells(*rows: Sequence[Sensitivity]) -> list[dict[str, list[tuple[str, str]]]]:
    grids = [b for b in bound_tables(rows, View(width=300)) if isinstance(b, Grid)]
    return [
        {
            name: [(row[k].text, row[k].style) for row in grid.rows]
            for k, name in enumerate(grid.columns)
        }
        for grid in grids
    ]


def test_every_verdict_is_counted_in_its_own_column() -> None:
    first = bound("pass", "vacuous", "fail", "fail")
    second = bound("none", "unknown", "inapplicable", "pass", best=None, theorem="W8")
    other = replace(second, measure="grad_norm_sq", iterate="min")
    (table,) = cells([sensitivity(robustness=(first, other))])
    assert table == {
        "bound": [("W9", ""), ("W8", "")],
        "on": [("F(last) - f*", ""), ("least |grad|^2", "")],
        "bound's best": [("0.25", ""), ("-", "")],
        "rho": [("0.12 to 28", ""), ("-", "")],
        "holds": [("1 of 4", "good"), ("1 of 4", "good")],
        "weak": [("1", "warn"), ("0", "")],
        "VIOLATED": [("2", "bad"), ("0", "")],
        "no verdict": [("0", ""), ("1", "")],
        "not measured": [("0", ""), ("1", "")],
        "n/a": [("0", ""), ("1", "")],
    }
    (plain,) = cells([sensitivity(robustness=(bound("pass", "pass", "pass", "pass"),))])
    assert [*plain] == ["bound", "on", "bound's best", "rho", "holds"]
    (none,) = cells(
        [sensitivity(robustness=(bound("unknown", "inapplicable", "unknown", "unknown"),))]
    )
    assert none["holds"] == [("0 of 4", "")]


def test_a_violated_bound_is_named_with_its_values_and_their_rho() -> None:
    known, unknown = (
        bound("pass", "fail", "pass", "fail"),
        bound("fail", "pass", "pass", "pass", best=None),
    )
    robustness = (known, replace(unknown, theorem="W8"))
    bad = [text for text, style in texts([sensitivity(robustness=robustness)]) if style == "bad"]
    assert bad == [
        "VIOLATED: W9 at lr0 = 0.2 (rho = 0.8), lr0 = 7 (rho = 28)",
        "VIOLATED: W8 at lr0 = 0.03",
    ]


def test_the_rows_of_two_axes_are_counted_together() -> None:
    rows = [
        sensitivity(robustness=(bound("pass", "fail", "pass", "pass"),)),
        sensitivity(robustness=(bound("pass", "vacuous", "pass", "unknown", best=4.0),)),
    ]
    rows = [
        replace(s, solver=SolverSpec("a", {"eta": eta}, ("eta",)), second_axis={"eta": eta})
        for s, eta in zip(rows, (10.0, 0.5), strict=True)
    ]
    (table,) = cells(rows)
    assert table["holds"] == [("5 of 8", "good")]
    assert table["bound's best"] == [("0.25 to 4", "")]
    assert table["rho"] == [("0.0075 to 28", "")]
    lines = texts(rows)
    assert ("a: bounds after T = 700 steps, at rho = lr0 / bound's best", "title") in lines
    assert ("VIOLATED: W9 at lr0 = 0.2 (eta = 10; rho = 0.8)", "bad") in lines


def test_what_is_not_known_is_said_of_solvers_with_theorems_alone() -> None:
    assert texts([sensitivity(robustness=None)]) == []  # no theorem is about it
    assert texts([sensitivity("adam", robustness=())]) == []
    assert texts([sensitivity("wngrad")], [sensitivity("gd")], [sensitivity("adam")])[1:] == [
        ("no bounds over lr0 of wngrad, gd, as the result lacks what they need", "")
    ]


def test_the_notes_are_of_the_verdicts_that_occur() -> None:
    verdicts: list[ScaleVerdict] = ["pass", "vacuous", "none", "inapplicable"]
    words = {
        text.partition(":")[0] for text, _ in texts([sensitivity(robustness=(bound(*verdicts),))])
    }
    assert {"bound's best", "holds", "weak", "no verdict", "n/a"} <= words
    assert "not measured" not in words


@pytest.mark.parametrize("width", [80, 120])
def test_a_page_has_them_with_details_alone_and_fits(width: int) -> None:
    result = lrbench.sweep(
        ["least-squares", "lad-worst"],
        solvers=["wngrad[order=lagged]", "sgd", "adagrad-norm"],
        over="scale=1e-3:1e3:7",
        iterations=60,
        jobs=1,
    )
    page = shown(result, "plain", View(width=width, details=True))
    assert "wngrad[order=lagged]: bounds after T = 60 steps, at rho = lr0 / bound's best" in page
    assert "adagrad-norm: bounds after T = 60 steps, at rho = eta / bound's best" in page
    assert max(map(len, page.splitlines())) <= width
    assert "bounds after" not in shown(result, "plain", View(width=width))
    with_bounds = shown(result, "plain", View(width=width, theory=True))
    assert with_bounds.count("bounds after") == page.count("bounds after") == 6
    assert "passes to the target and the end" not in with_bounds
    without = shown(result, "plain", View(width=width, details=True, theory=False))
    assert "bounds after" not in without
    for s in result.problems[0].sweep.solvers if result.problems[0].sweep else ():
        for of in s.robustness or ():
            assert f"{of.verdict.count('pass')} of 7" in page


def test_a_measure_that_a_changed_file_names_is_shown_as_it_is() -> None:
    odd = bound("pass", "pass", "pass", "pass", measure="x", iterate="y")
    (table,) = cells([sensitivity(robustness=(odd,))])
    assert table["on"] == [("y x", "")]
