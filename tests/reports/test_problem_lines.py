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
    return [found.text for found in lines]


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ({}, "data: made, not scaled, 1000 x 3"),
        ({"title": "a title"}, "data: made, not scaled, 1000 x 3"),
        ({"scale": "maxabs"}, "data: made, maxabs, 1000 x 3"),
        ({"intercept": True}, "data: made, not scaled, 1000 x 3 (with intercept)"),
        ({"nnz": 1500}, "data: made, not scaled, 1000 x 3"),  # half of 3000 is not sparse
        ({"nnz": None}, "data: made, not scaled, n = 1000"),  # not linear
        ({"nnz": 1499}, "data: made, not scaled, 1000 x 3, 50 % non-zeros"),
        ({"nnz": 371}, "data: made, not scaled, 1000 x 3, 12.4 % non-zeros"),
        (
            {"labels": {"+1": "good", "-1": "bad"}},
            "data: made, not scaled, 1000 x 3, +1 = good, -1 = bad",
        ),
    ],
)
def test_the_data(header: dict[str, Any], text: str) -> None:
    assert said(**header)[0] == text


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ({}, "model: d = 3 parameters"),
        ({"n_features": 1}, "model: d = 1 parameter"),
        ({"model": "mlp[hidden=4]"}, "model: mlp[hidden=4], d = 3 parameters"),
        (
            {"model": "linear", "reparametrisation": "weight-norm", "intercept": True},
            "model: weight-norm, d = 3 parameters (with intercept)",
        ),
    ],
)
def test_the_model_where_its_parameters_are_not_a_weight_for_each_feature(
    header: dict[str, Any], text: str
) -> None:
    assert said(nnz=None, **header)[1] == text
    assert not any(line.startswith("model") for line in said(**header))


@pytest.mark.parametrize(
    ("test", "text"),
    [
        (AboutTest("a9a.t", 5, None, None, 0), "test: 5 samples of a9a.t"),
        (AboutTest("a9a.t", 1, None, None, 0), "test: 1 sample of a9a.t"),
        (
            AboutTest("a9a.t", 5, 0.123456, 4, 2),
            "test: 12.35 % of the samples (5, seed 4), 2 features left out",
        ),
        (
            AboutTest("a9a.t", 5, 0.25, 4, 1),
            "test: 25 % of the samples (5, seed 4), 1 feature left out",
        ),
    ],
)
def test_the_samples_held_out(test: AboutTest, text: str) -> None:
    assert said(test=test)[1] == text


LOSS = "loss: logistic, L = 2.000, 1/L = 0.5000"
MINIMUM = "minimum: f* = 0 +- 1e-12 (made)"
START = "start: F(w_0) - f* = 1.00, |w_0 - w*| = 1.00"


@pytest.mark.parametrize(
    ("constants", "header", "lines"),
    [
        ({}, {}, [LOSS, MINIMUM, START]),
        ({"L": 3.0}, {}, ["loss: logistic, L = 3.000, 1/L = 0.3333", MINIMUM, START]),
        (
            {"L_method": "estimate", "mu": 0.012345},
            {},
            ["loss: logistic, mu = 0.0123, L = 2.000 (estimate), 1/L = 0.5000", MINIMUM, START],
        ),
        ({"L": math.inf}, {}, ["loss: logistic", MINIMUM, START]),
        (
            {},
            {"penalty": PenaltyValues("l1", 0.5, {})},
            ["loss: logistic, l1 penalty 0.500, L = 2.000, 1/L = 0.5000", MINIMUM, START],
        ),
        (
            {"L": math.inf},
            {"penalty": PenaltyValues("box", 0.0, {"lower": None, "upper": 7.0, "c": math.inf})},
            ["loss: logistic, box with lower = none, upper = 7.00, c = none", MINIMUM, START],
        ),
        (
            {"f_star": 1.23456789, "f_star_error": 2.6e-9, "delta0": 4.0, "distance": None},
            {},
            [LOSS, "minimum: f* = 1.234568 +- 3e-09 (made)", "start: F(w_0) - f* = 4.00"],
        ),
    ],
)
def test_the_model_and_its_optimum(
    constants: dict[str, Any], header: dict[str, Any], lines: list[str]
) -> None:
    assert said(constants, **header)[1:] == lines


def test_labels_are_a_column_of_their_own() -> None:
    problem = made_problem([1.0], {"a": [[1.0]]})
    changed = made_header(problem.header, labels={"+1": "g" * 20, "-1": "b" * 20})
    lines = [text for line in problem_lines("p", changed) for text in line.wrapped(80)]
    assert lines[1:4] == [
        "data     made, not scaled, 1000 x 3,",
        " " * 9 + f"+1 = {'g' * 20}, -1 = {'b' * 20}",
        "loss     logistic, L = 2.000, 1/L = 0.5000",
    ]


def test_what_is_not_certified_or_not_attained() -> None:
    obstacle = {"f_star": 0.75, "f_star_obstacle": "no proof", "attained": False}
    assert said(obstacle)[1:] == [
        LOSS,
        "minimum: f* <= 0.75",
        "f* is not certified: no proof, so that nothing is proved of F - f* or of w*",
    ]
    assert said({"attained": False, "no_minimiser": "separable data"})[4:] == [
        "separable data: what needs w* stays empty"
    ]
