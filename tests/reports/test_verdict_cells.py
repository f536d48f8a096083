"""Every cell of the tables of verdicts, from verdicts made by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_header import made_header
from swept import made_problem, made_run

from lrbench.config.solver_spec import SolverSpec
from lrbench.reports.blocks import Grid, Line
from lrbench.reports.lane_table import lane_table
from lrbench.reports.theorem_table import theorem_table
from lrbench.reports.verdict_blocks import main_bound, main_certificate, violations
from lrbench.reports.view import View
from lrbench.results import ProblemResult, Run, Status, Verdict

SGD = SolverSpec("sgd")
ERROR = 1e-4
"""The error of f*."""
POWER = {"kind": "power", "value": -1.0}


def verdict(theorem: str, **changes: Any) -> Verdict:
    """An a-priori bound on the last iterate that holds."""
    base = Verdict(SGD, 0.3, theorem, "a-priori", "s", "suboptimality", "last", False, True, "")
    values: dict[str, Any] = {
        "iteration": [3, 20, 50],
        "bound": [0.75, 0.6, 0.5],
        "metric": [0.25, 0.2, 0.125],
        "bound_verdict": "pass",
    }
    return replace(base, **values | changes)


def certificate(theorem: str, end: float, **changes: Any) -> Verdict:
    """A certificate with this bound at the end, and lower ones before."""
    return verdict(theorem, **{"kind": "certificate", "bound": [end / 8, end / 9, end]} | changes)


def test_the_main_certificate_is_the_lowest_at_the_end_on_the_answer_or_the_last() -> None:
    average = certificate("A", 0.1, iterate="average")
    others = [
        verdict("B", bound=[0.01, 0.02, 0.03]),
        certificate("C6'", 0.01),  # of the run rather than of the method
        certificate("G", 0.01, measure="grad_norm_sq"),
        certificate("I", math.inf),
        certificate("N", 0.01, applies=False),
        certificate("E", 0.01, bound=None),
    ]
    lasts = [
        certificate("C", 0.9),
        certificate("D", 0.3, bound=[7.0, 8.0, 0.3]),
        certificate("F", 0.6),
    ]
    assert main_certificate([average, *others, *lasts]) is lasts[1]
    answers = [certificate("O", 5.0, iterate="output"), certificate("P", 2.0, iterate="output")]
    assert main_certificate([average, *others, *lasts, *answers]) is answers[1]
    assert main_certificate([replace(answers[0], bound=[math.nan] * 3), *lasts]) is lasts[1]
    assert main_certificate([*others, average]) is average
    assert main_certificate(others) is None


def test_the_main_bound_is_the_lowest_at_the_end_of_any_kind() -> None:
    bounds = [
        certificate("A", 0.4, iterate="average"),
        verdict("B", bound=[9.0, 8.0, 0.2]),
        verdict("C", bound=[0.1, 0.05, 0.3]),
        verdict("G", measure="grad_norm_sq", bound=[0.1, 0.1, 0.1]),
        verdict("N", applies=False, bound=[0.1, 0.1, 0.1]),
    ]
    assert main_bound(bounds) is bounds[1]
    assert main_bound(bounds[3:]) is None


LAST = "F(last) - f*"


@pytest.mark.parametrize(
    ("changes", "cells", "style"),
    [
        ({}, [LAST, "1.25e-01", "5.00e-01", "25 %", "holds"], "good"),
        ({"consistency": True}, [LAST, "1.25e-01", "5.00e-01", "25 %", "holds *"], "good"),
        ({"metric": [0.1, 0.2, 9e-5]}, [LAST, "<1e-04", "5.00e-01", "<1 %", "holds"], "good"),
        (
            {"metric": [0.1, 0.2, 9e-5], "bound": [0.7, 0.6, 2e-4]},
            [LAST, "<1e-04", "2.00e-04", "50 %", "holds"],
            "good",
        ),
        (
            {"measure": "grad_norm_sq", "iterate": "min", "metric": [0.1, 0.2, 9e-5]},
            ["least |grad|^2", "9.00e-05", "5.00e-01", "<1 %", "holds"],
            "good",
        ),
        (
            {"iterate": "tail"},
            ["tail suboptimality", "1.25e-01", "5.00e-01", "25 %", "holds"],
            "good",
        ),
        ({"metric": None}, [LAST, "-", "5.00e-01", "-", "holds"], "good"),
        (
            {"metric_interval": [(0.0, 1.0), (0.0, 2.0), (0.1, 0.14)]},
            [LAST, "1.2e-01+-2e-02", "5.00e-01", "25 %", "holds"],
            "good",
        ),
        (
            {"metric": [0.1, 0.2, 9e-5], "metric_interval": [(0.0, 1.0), (0.0, 2.0), (0.1, 0.14)]},
            [LAST, "<1e-04", "5.00e-01", "<1 %", "holds"],
            "good",
        ),
        (
            {"metric": [0.1, 0.2, 1e-4], "metric_interval": [(0.0, 1.0), (0.0, 2.0), (0.0, 3e-4)]},
            [LAST, "1.0e-04+-1e-04", "5.00e-01", "<1 %", "holds"],
            "good",
        ),
        (
            {
                "measure": "grad_norm_sq",
                "metric": [0.1, 0.2, 9e-3],
                "metric_interval": [(0.0, 1.0), (0.0, 2.0), (7e-3, 11e-3)],
            },
            ["|grad|^2", "9.0e-03+-2e-03", "5.00e-01", "2 %", "holds"],
            "good",
        ),
        (
            {"bound_verdict": "fail", "failed_at": 31, "bound": None},
            [LAST, "1.25e-01", "-", "-", "VIOLATED"],
            "bad",
        ),
        (
            {"bound_verdict": "fail", "failed_at": 31, "bound": [1.0, 0.2, 0.0625]},
            [LAST, "1.25e-01", "6.25e-02", "200 %", "VIOLATED"],
            "bad",
        ),
        (
            {"bound_verdict": "fail", "failed_at": 31, "bound": [1.0, 0.2, 5e-324]},
            [LAST, "1.25e-01", "4.94e-324", "inf %", "VIOLATED"],
            "bad",
        ),
        ({"bound_verdict": "vacuous"}, [LAST, "1.25e-01", "5.00e-01", "-", "weak"], "warn"),
        ({"bound_verdict": "none"}, [LAST, "1.25e-01", "5.00e-01", "-", "no verdict"], ""),
    ],
)
def test_a_row_of_the_bounds(changes: dict[str, Any], cells: list[str], style: str) -> None:
    grid, *_ = theorem_table([verdict("W3", **changes)], ERROR, 80)
    assert isinstance(grid, Grid)
    assert grid.columns == ("bound", "on", "measured", "at most", "used", "verdict")
    assert grid.left == {0, 1, 5}
    ((theorem, *others),) = grid.rows
    assert theorem.text == "W3"
    assert [cell.text for cell in others] == cells
    assert [cell.style for cell in others] == ["", "", "", "", style]


def notes(*verdicts: Verdict) -> list[str]:
    """The lines below the table."""
    return [b.text for b in theorem_table(verdicts, ERROR, 80) if isinstance(b, Line)]


def test_each_word_that_needs_it_is_explained_once() -> None:
    weak = {"bound_verdict": "vacuous"}
    assert notes(
        verdict("A", **weak),
        verdict("B", **weak, informative_from=999_999),
        verdict("C", **weak, informative_from=1_000_000),
        verdict("D", **weak),
    ) == [
        "weak: promises no more than doing nothing, A, D at every T, B until T = 999999,"
        " C until T = 1.0e+06"
    ]
    one_seed = {"bound_verdict": "none", "reason": "one seed: needs -r 2 or more"}
    assert notes(verdict("A", **one_seed), verdict("B"), verdict("C", **one_seed)) == [
        "no verdict: A, C (one seed: needs -r 2 or more)"
    ]
    assert notes(verdict("A", consistency=True), verdict("B")) == [
        "* true of any run, whatever F is: A"
    ]
    assert notes(verdict("A", consistency=True, **weak)) == [
        "weak: promises no more than doing nothing, A at every T"
    ]


def test_theorems_known_before_the_run_come_first() -> None:
    grid, *_ = theorem_table(
        [certificate("C", 0.3), verdict("H", kind="heuristic"), verdict("A"), verdict("B")],
        ERROR,
        80,
    )
    assert isinstance(grid, Grid)
    assert [row[0].text for row in grid.rows] == ["A", "B", "C", "H"]
    assert grid.parts == {
        0: "known before the run",
        2: "computed from the run",
        3: "heuristic, as L is only estimated",
    }


def test_only_bounds_that_are_numbers_at_the_end_or_violated_are_in_the_table() -> None:
    lost = {"bound": [0.5, 0.4, math.inf]}
    verdicts = [
        verdict("A", **lost),
        verdict("B", **lost, bound_verdict="fail"),
        verdict("C", applies=False),
        verdict("D"),
    ]
    (grid,) = theorem_table(verdicts, ERROR, 80)
    assert isinstance(grid, Grid)
    assert [row[0].text for row in grid.rows] == ["B", "D"]
    assert list(theorem_table([verdicts[0], verdicts[2]], ERROR, 80)) == []


def test_each_violation_is_named_once_with_its_theorems() -> None:
    def fails(theorem: str, reason: str, lr0: float = 0.3) -> Verdict:
        return verdict(theorem, bound_verdict="fail", reason=reason, lr0=lr0)

    verdicts = [
        fails("R", "no regret"),
        fails("A", "no average"),
        fails("B", "no average"),
        replace(fails("B", "no average", lr0=7.0), failed_at=31),
        replace(fails("C", ""), failed_at=4, over={}, lr0=None),
        verdict("E", reason="no average"),
    ]
    lines = list(violations(verdicts))
    assert [(b.pieces, b.style) for b in lines if isinstance(b, Line)] == [
        (("VIOLATED: R of sgd at lr0 = 0.3: no regret",), "bad"),
        (("VIOLATED: A, B of sgd at lr0 = 0.3, 7, from T = 31 on: no average",), "bad"),
        (("VIOLATED: C of sgd, from T = 4 on",), "bad"),
    ]
    many = [fails("R", "x", lr0=float(k)) for k in range(1, 8)]
    (said,) = (b.text for b in violations(many) if isinstance(b, Line))
    assert said == "VIOLATED: R of sgd at lr0 = 1, 2, 3, 4, 5, ...: x"


# --- the table of the lanes of one solver ----------------------------------------------------


def lane(lr0: float, ends: Sequence[tuple[float, float, float]], **changes: Any) -> list[Run]:
    """The seeds of a lane, which end at these gaps of last and average iterate, and at this lr."""
    runs = []
    for seed, (last, average, lr) in enumerate(ends):
        trace = {
            "iteration": np.array([0.0, 3.0, 50.0]),
            "suboptimality": np.array([1.0, 0.5, last]),
            "suboptimality_average": np.array([1.0, 0.6, average]),
            "lr": np.array([np.nan, 0.9, lr]),
        }
        runs.append(replace(made_run(SGD, lr0, seed, 7.0), trace=trace, **changes))
    return runs


def table(
    lanes: Sequence[Sequence[Run]], *verdicts: Verdict, L: float = 2.0
) -> list[dict[str, tuple[str, str]]]:
    """Return the rows of the table, each as heading -> (text, style)."""
    problem = made_problem([0.3], {"sgd": [[7.0]]}, L=L)
    problem = ProblemResult(
        "p",
        made_header(problem.header, f_star_error=ERROR),
        [run for runs in lanes for run in runs],
        verdicts,
    )
    texts = {runs[0].lr0: f"{runs[0].lr0:g}" for runs in lanes}
    (grid,) = lane_table(problem, lanes, texts, View(width=200))
    assert isinstance(grid, Grid)
    cells = [[(cell.text, cell.style) for cell in row] for row in grid.rows]
    return [dict(zip(grid.columns, row, strict=True)) for row in cells]


def test_a_row_of_a_lane_is_of_its_own_runs_and_verdicts() -> None:
    lanes = [
        lane(0.3, [(0.25, 0.75, 0.5), (0.125, 0.5, 0.25)], status=Status.COMPLETED),
        lane(7.0, [(2e-5, 4e-5, 1.5)], status=Status.DIVERGED, status_at=50),
    ]
    rows = table(
        lanes,
        verdict("W3", bound=[0.5, 0.4, 0.03]),
        certificate("C6", 0.8),
        verdict("W9", lr0=7.0, bound=[0.1, 0.3, 0.004], bound_verdict="vacuous"),
        verdict("W3", lr0=7.0, bound=[0.1, 0.3, 0.04]),
    )
    assert rows == [
        {
            "lr0": ("0.3", ""),
            "last": ("1.9e-01", ""),
            "average": ("6.2e-01", ""),
            "bound": ("C6", ""),
            "on": (LAST, ""),
            "at most": ("8.0e-01", ""),
            "used": ("16 %", ""),
            "verdict": ("holds", "good"),
        },
        {
            "lr0": ("7", ""),
            "last": ("-", ""),
            "average": ("-", ""),
            "bound": ("W9", ""),
            "on": (LAST, ""),
            "at most": ("4.0e-03", ""),
            "used": ("-", ""),
            "verdict": ("weak", "warn"),
        },
    ]


def test_what_a_lane_lacks_is_a_dash() -> None:
    """And where no lane of a table has a bound, it has no columns for bounds."""
    runs = lane(0.3, [(0.25, 0.75, 0.5)])
    bare = replace(runs[0], trace={"iteration": runs[0].trace["iteration"]})
    (row,) = table([[bare]])
    assert row["last"][0] == "-"
    assert "average" not in row  # no row of the table has one
    assert not {"bound", "on", "at most", "used", "verdict"} & row.keys()


@pytest.mark.parametrize(
    ("gap", "text"),
    [(9.9e98, "9.9e+98"), (1e99, "1e+99"), (-2.6e101, "<1e-04"), (1e-4, "1.0e-04")],
)
def test_a_gap_has_seven_characters(gap: float, text: str) -> None:
    assert table([lane(0.3, [(gap, 0.5, 0.5)])])[0]["last"][0] == text


def test_an_average_has_its_interval_where_it_is_of_the_same_checkpoint() -> None:
    lanes = [lane(0.3, [(0.25, 0.75, 0.5), (0.125, 0.5, 0.25)])]
    of_average = {"iterate": "average", "metric": [0.5, 0.25, 0.625]}
    interval = {"metric_interval": [(0.0, 9.0), (0.0, 5.0), (0.4, 0.85)]}

    def average(**changes: Any) -> str:
        return table(lanes, verdict("A", **changes))[0]["average"][0]

    assert average(**of_average, **interval) == "6.2e-01+-2e-01"
    assert average(**of_average) == "6.2e-01"
    assert average(**of_average, **interval, iteration=[3, 50, 40]) == "6.2e-01"
    assert average(**interval) == "6.2e-01"
    assert average(**of_average, **interval, measure="grad_norm_sq") == "6.2e-01"


BENDS = {"order": POWER, "order_verdict": "pass", "measured_order": -1.934}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"order_thirds": (-1.9, -2.1, -1.8)}, "T^-1.9"),
        ({"order_thirds": (-0.5, -0.5, -1.0)}, "T^-1.9"),  # by no more than a half
        ({"order_thirds": (-0.5, -0.5, -1.25)}, "<T^-.50"),
        ({"order_thirds": (-1.75, -2.5, -1.75)}, "<T^-1.8"),
        ({"order_thirds": (0.0, -0.5, -1.25)}, "rises"),
        ({"order_thirds": (0.25, 0.0, 0.5), "measured_order": 0.25}, "T^.25"),
        ({"order_thirds": (-1.9, -2.1, -1.8), "fitted_law": "linear"}, "linearly"),
        (
            {
                "order_thirds": (-1.9e-3, -2.1e-3, -1.8e-3),
                "measured_order": -1.934e-3,
                "order": {"kind": "linear", "value": -1e-3},
                "fitted_law": "linear",
            },
            ".9981^T",
        ),
        ({"order_thirds": (-1.9, -2.1, -1.8), "order_reason": "not testable at this T (x)"}, ""),
        ({"order_thirds": (-1.9, -2.1, -1.8), "measure": "grad_norm_sq"}, ""),
        ({"order_thirds": (-1.9, -2.1, -1.8), "measured_order": None}, ""),
        ({"order_thirds": (-1.9, -2.1, -1.8), "order": None}, ".14^T"),
    ],
)
def test_the_order_of_a_lane(changes: dict[str, Any], text: str) -> None:
    (row,) = table([lane(0.3, [(0.25, 0.75, 0.5)])], verdict("W1", **BENDS | changes))
    assert row.get("falls", ("", ""))[0] == text


def test_orders_have_a_column_where_any_lane_has_one() -> None:
    lanes = [lane(lr0, [(0.25, 0.75, 0.5)]) for lr0 in (0.3, 7.0)]
    steady = BENDS | {"order_thirds": (-1.9, -2.1, -1.8)}
    rows = table(lanes, verdict("W1", **steady), verdict("W1", lr0=7.0))
    assert [row["falls"][0] for row in rows] == ["T^-1.9", ""]
    assert "falls" not in table(lanes, verdict("W1"))[0]


def test_the_order_is_that_of_the_last_iterate_if_it_has_one() -> None:
    steady = {**BENDS, "order_thirds": (-1.0, -1.0, -1.0)}
    average = verdict("A", **steady | {"iterate": "average", "measured_order": -1.25})
    best = verdict("B", **steady | {"iterate": "best", "measured_order": -1.5})
    last = verdict("C", **steady | {"measured_order": -1.75})
    lanes = [lane(0.3, [(0.25, 0.75, 0.5)])]
    assert table(lanes, average, best, last)[0]["falls"][0] == "T^-1.8"
    assert table(lanes, average, best)[0]["falls"][0] == "T^-1.2"
