"""Minima in boxes that are open on one side."""

from __future__ import annotations

import numpy as np
import pytest
from optimum_problems import classes, problem, regression, with_ones

from lrbench.losses.absolute import Absolute
from lrbench.losses.base import Loss
from lrbench.losses.hinge import Hinge
from lrbench.losses.huber import Huber
from lrbench.losses.logistic import Logistic
from lrbench.losses.quantile import Quantile
from lrbench.losses.squared import Squared
from lrbench.losses.squared_hinge import SquaredHinge
from lrbench.optimum import find_optimum
from lrbench.optimum.half_open import inner_slopes
from lrbench.penalties.box import Box

LOSSES = [Absolute(), Hinge(), Huber(), Logistic(), Quantile(), Squared(), SquaredHinge()]

BOXES = [Box(0.0, np.inf), Box(-1e6, np.inf), Box(-np.inf, 1.0), Box(-np.inf, 1e6)]


@pytest.mark.parametrize("box", BOXES, ids=str)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("intercept", [False, True])
def test_an_open_box_is_certified(loss: Loss, box: Box, intercept: bool) -> None:
    for seed in range(4):
        X, y = (classes if loss.task == "binary" else regression)(40, 4, seed)
        X = np.rint(1024 * X) / 1024
        # The exact sum of the others: its products have no freedom of their own.
        X = np.hstack([X, X.sum(axis=1, keepdims=True)])
        X = with_ones(X) if intercept else X
        optimum = find_optimum(problem(X, y, loss, penalty=box, intercept=intercept), cache=None)
        assert optimum.f_star_error < 1e-8


def test_samples_that_the_open_side_carries_away_cost_nothing() -> None:
    """The first column is positive for class +1 only: w_1 grows for ever, the rest remains."""
    X = np.array([[1.0, 0.0], [3.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 2.0]])
    y = np.array([1.0, 1.0, 1.0, -1.0, -1.0])
    rest = problem(X[2:, 1:], y[2:], Logistic(), penalty=Box(-1.0, np.inf))
    share = 0.6 * find_optimum(rest, cache=None).f_star
    optimum = find_optimum(problem(X, y, Logistic(), penalty=Box(-1.0, np.inf)), cache=None)
    assert optimum.f_star_error < 1e-6
    assert abs(optimum.f_star - share) <= optimum.f_star_error + 1e-12


def test_inner_slopes_are_in_the_cone() -> None:
    X, y = classes(30, 3)
    objective = problem(X, y, Hinge(), penalty=Box(0.0, np.inf))
    inner = inner_slopes(objective, np.full(30, -0.5) * y)
    assert inner is not None
    assert (X.T @ inner > 0).all()
    assert np.isfinite(Hinge().conjugate(inner, y)).all()
    closed = problem(np.abs(X), np.ones(30), Hinge(), penalty=Box(0.0, np.inf))
    assert inner_slopes(closed, np.full(30, -0.5)) is None  # every direction of the cone separates
