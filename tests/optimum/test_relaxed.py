"""Minima beside weak penalties and in wide sets, and on rows of very different length."""

from __future__ import annotations

import numpy as np
import pytest
from optimum_problems import classes, problem, regression, with_ones

from lrbench.losses.absolute import Absolute
from lrbench.losses.logistic import Logistic
from lrbench.losses.poisson import Poisson
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import find_optimum
from lrbench.penalties.ball import BallPenalty
from lrbench.penalties.base import Penalty
from lrbench.penalties.box import Box
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.penalties.l1 import L1
from lrbench.penalties.l2 import L2


def certified(objective: LinearProblem) -> bool:
    optimum = find_optimum(objective, cache=None)
    start = float(objective.value(objective.w0[:, None])[0])
    return optimum.f_star_error <= 1e-6 * (abs(start) + abs(optimum.f_star))


@pytest.mark.parametrize(
    "penalty",
    [ElasticNet(1e-10), ElasticNet(1e-6), L1(1e-10), L2(1e-10), Box(-1e9, 1e9), BallPenalty(1e9)],
    ids=str,
)
def test_separable_classes_beside_a_weak_penalty(penalty: Penalty) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((5 + seed % 4, 1 + seed % 3))
        y = np.where(X @ rng.standard_normal(X.shape[1]) > 0, 1.0, -1.0)
        assert certified(problem(X, y, Logistic(), penalty=penalty))


@pytest.mark.parametrize("radius", [0.1, 1.0, 1e6])
def test_long_rows_in_a_ball(radius: float) -> None:
    for seed in range(5):
        X, y = classes(60, 12, seed)
        lengths = np.exp(2 * np.random.default_rng(seed).standard_normal((60, 1)))
        X = with_ones(X * lengths)
        assert certified(problem(X, y, Logistic(), penalty=BallPenalty(radius), intercept=True))


@pytest.mark.parametrize("penalty", [Box(-1e9, 1e9), Box(-np.inf, 1e9), BallPenalty(1e6)], ids=str)
def test_tiny_targets_in_a_wide_set(penalty: Penalty) -> None:
    X, y = regression(20, 4)
    assert certified(problem(X, 1e-9 * y, Absolute(), penalty=penalty))


def test_a_small_limit_of_l1_is_met_despite_rounding() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((8, 6))
        X = np.hstack([X, X[:, :1] + 1e-10 * rng.standard_normal((8, 1))])
        y = rng.poisson(np.exp(X[:, 0])).astype(float)
        assert certified(problem(X, y, Poisson(), penalty=L1(1e-4)))


def test_the_error_covers_the_way_in_which_runs_sum_the_losses() -> None:
    """Far on the right side of every margin F is 7e-5, which sums of logarithms know to 2e-17."""
    X = np.array([[40.0, 1.0], [-30.0, 2.0], [25.0, -1.0], [-45.0, 0.5], [11.0, 0.0]])
    y = np.sign(X[:, 0])
    objective = problem(X, y, Logistic(), 1e-4)
    optimum = find_optimum(objective, cache=None)
    assert optimum.w_star is not None
    w = optimum.w_star.astype(np.longdouble)
    losses = np.log1p(np.exp(-y * (X.astype(np.longdouble) @ w)))
    f = losses.mean() + np.longdouble(1e-4) / 2 * (w @ w)
    assert abs(float(f - np.longdouble(optimum.f_star))) <= optimum.f_star_error
