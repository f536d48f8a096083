"""What a page says of a problem, from headers made by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
from made_header import made_header
from swept import made_problem

from lrbench.objective.about import AboutTest
from lrbench.reports.problem_lines import problem_lines
from lrbench.results import PenaltyValues


def said(constants: dict[str, Any] | None = None, **header: Any) -> list[str]:
    """The lines below the title, where these parts of the header are other ones."""
    problem = made_problem([1.0], {"a": [[1.0]]})
    changed = made_header(problem.header, **(constants or {}), **header)
    title, *lines = problem_lines(problem.name, changed)
    assert title.pieces == (f"made: {header['title']}" if "title" in header else "made",)
    return [", ".join(found.pieces) for found in lines]


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ({}, "made, not scaled, n = 1000, d = 3"),
        ({"title": "a title"}, "made, not scaled, n = 1000, d = 3"),
        ({"scale": "maxabs"}, "made, maxabs, n = 1000, d = 3"),
        ({"intercept": True}, "made, not scaled, n = 1000, d = 3 (with intercept)"),
        ({"nnz": 1500}, "made, not scaled, n = 1000, d = 3"),  # half of 3000 is not sparse
        ({"nnz": 1499}, "made, not scaled, n = 1000, d = 3, 50 % non-zeros"),
        ({"nnz": 371}, "made, not scaled, n = 1000, d = 3, 12.4 % non-zeros"),
        (
            {"labels": {"+1": "good", "-1": "bad"}},
            "made, not scaled, n = 1000, d = 3, +1 = good, -1 = bad",
        ),
    ],
)
def test_the_data(header: dict[str, Any], text: str) -> None:
    assert said(**header)[0] == text


@pytest.mark.parametrize(
    ("test", "text"),
    [
        (AboutTest("a9a.t", 5, None, None, 0), "test: 5 samples of a9a.t"),
        (AboutTest("a9a.t", 1, None, None, 0), "test: 1 sample of a9a.t"),
        (
            AboutTest("a9a.t", 5, 0.123456, 4, 2),
            "test: 12.35 % (5 samples, seed 4), 2 features left out",
        ),
        (
            AboutTest("a9a.t", 5, 0.25, 4, 1),
            "test: 25 % (5 samples, seed 4), 1 feature left out",
        ),
    ],
)
def test_the_samples_held_out(test: AboutTest, text: str) -> None:
    assert said(test=test)[1] == text


OPTIMUM = "f* = 0 +- 1e-12 (made), F(w_0) - f* = 1.00, |w_0 - w*| = 1.00"
SMOOTH = "L = 2.000, 1/L = 0.5000, 2/L = 1.000"


@pytest.mark.parametrize(
    ("constants", "header", "text"),
    [
        ({}, {}, f"logistic loss, {SMOOTH}, {OPTIMUM}"),
        ({"L": 3.0}, {}, f"logistic loss, L = 3.000, 1/L = 0.3333, 2/L = 0.6667, {OPTIMUM}"),
        (
            {"L_method": "estimate", "mu": 0.012345},
            {},
            "logistic loss, L = 2.000 (estimate), 1/L = 0.5000, 2/L = 1.000, mu = 0.0123, "
            + OPTIMUM,
        ),
        ({"L": math.inf}, {}, f"logistic loss, {OPTIMUM}"),
        (
            {},
            {"penalty": PenaltyValues("l1", 0.5, {})},
            f"logistic loss, l1 penalty 0.500, {SMOOTH}, {OPTIMUM}",
        ),
        (
            {},
            {"penalty": PenaltyValues("box", 0.0, {"lower": None, "upper": 7.0, "c": math.inf})},
            f"logistic loss, box with lower = none, upper = 7.00, c = none, {SMOOTH}, {OPTIMUM}",
        ),
        (
            {"f_star": 1.23456789, "f_star_error": 2.6e-9, "delta0": 4.0, "distance": None},
            {},
            f"logistic loss, {SMOOTH}, f* = 1.234568 +- 3e-09 (made), F(w_0) - f* = 4.00",
        ),
    ],
)
def test_the_model_and_its_optimum(
    constants: dict[str, Any], header: dict[str, Any], text: str
) -> None:
    assert said(constants, **header)[1:] == [text]


def test_what_is_not_certified_or_not_attained() -> None:
    obstacle = {"f_star": 0.75, "f_star_obstacle": "no proof", "attained": False}
    assert said(obstacle)[1:] == [
        f"logistic loss, {SMOOTH}, f* <= 0.75",
        "f* is not certified: no proof, so that nothing is proved of F - f* or of w*",
    ]
    assert said({"attained": False, "no_minimiser": "separable data"})[2:] == [
        "separable data: what needs w* stays empty"
    ]
