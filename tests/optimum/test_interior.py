"""The interior point method against closed forms, and its certificate at any point."""

from __future__ import annotations

import numpy as np
import pytest
from optimum_problems import Array, Logistic, Squared, classes, problem, regression, with_ones

from lrbench.losses.absolute import Absolute
from lrbench.losses.base import Loss
from lrbench.losses.hinge import Hinge
from lrbench.losses.huber import Huber
from lrbench.losses.quantile import Quantile
from lrbench.losses.squared_hinge import SquaredHinge
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import find_optimum
from lrbench.optimum.fenchel import gap_at
from lrbench.optimum.interior import interior_point
from lrbench.penalties.ball import BallPenalty
from lrbench.penalties.base import Penalty
from lrbench.penalties.box import Box
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.penalties.l1 import L1
from lrbench.penalties.l2 import L2
from lrbench.penalties.none import NoPenalty

NUMBERS: list[Loss] = [Squared(), Huber(0.7), Absolute(), Quantile(0.8)]
LABELS: list[Loss] = [Logistic(), SquaredHinge(), Hinge()]
PENALTIES: list[Penalty] = [
    NoPenalty(),
    L2(0.1),
    L1(0.05),
    ElasticNet(0.1),
    Box(-0.3, 0.5),
    BallPenalty(0.6),
]


def cases() -> dict[str, LinearProblem]:
    out = {}
    for loss in [*NUMBERS, *LABELS]:
        X, y = regression(50, 5, seed=6) if loss in NUMBERS else classes(50, 5, seed=6)
        for penalty in PENALTIES:
            for intercept in (False, True):
                name = f"{loss.name}, {penalty.name}{', intercept' * intercept}"
                data = with_ones(X) if intercept else X
                out[name] = problem(data, y, loss, intercept=intercept, penalty=penalty)
    return out


CASES = cases()


def feasible(p: LinearProblem, W: Array) -> Array:
    """Return the columns of W, those of an indicator's set moved on to it."""
    W = W.copy()
    pen = slice(0, p.n_penalised)
    if p.penalty.indicator:
        W[pen] = p.penalty.prox(W[pen], np.ones(W.shape[1]))
    return W


@pytest.mark.parametrize("name", CASES)
def test_no_point_falls_below_the_certified_infimum(name: str) -> None:
    p = CASES[name]
    o = find_optimum(p, cache=None)
    assert 0 <= o.f_star_error <= 1e-11
    assert o.w_star is not None
    rng = np.random.default_rng(7)
    W = o.w_star[:, None] + np.logspace(-9, 0.5, 300) * rng.standard_normal((p.n_features, 300))
    assert p.value(feasible(p, W)).min() >= o.f_star - o.f_star_error


@pytest.mark.parametrize("size", [1e-6, 1e-3, 0.3])
@pytest.mark.parametrize("name", CASES)
def test_the_gap_of_a_perturbed_point_covers_what_was_lost(name: str, size: float) -> None:
    p = CASES[name]
    o = find_optimum(p, cache=None)
    assert o.w_star is not None
    rng = np.random.default_rng(8)
    w = feasible(p, (o.w_star + size * rng.standard_normal(p.n_features))[:, None])[:, 0]
    lost = float(p.value(w[:, None])[0]) - o.f_star
    slopes = p.loss.derivative(p.data.X @ o.w_star, p.y)
    assert gap_at(p, w, slopes).error >= lost
    assert gap_at(p, w, 0.5 * slopes).error >= lost


@pytest.mark.parametrize("target", [3.0, -0.4, 0.1])
def test_one_dimensional_lasso_is_a_soft_threshold(target: float) -> None:
    o = find_optimum(
        problem(np.ones((1, 1)), np.array([target]), Squared(), penalty=L1(0.5)), cache=None
    )
    w = np.sign(target) * max(abs(target) - 0.5, 0.0)
    assert o.w_star is not None
    assert o.w_star[0] == pytest.approx(w, abs=1e-8)
    assert o.f_star == pytest.approx((w - target) ** 2 / 2 + 0.5 * abs(w), rel=1e-13)


def test_lasso_on_an_orthogonal_design() -> None:
    rng = np.random.default_rng(9)
    Q, _ = np.linalg.qr(rng.standard_normal((30, 6)))
    X = np.sqrt(30) * Q
    y = X @ np.array([2.0, -1.0, 0.05, 0.0, 0.5, -0.02]) + 0.1 * rng.standard_normal(30)
    c = X.T @ y / 30
    expected = np.sign(c) * np.maximum(np.abs(c) - 0.2, 0.0)
    o = find_optimum(problem(X, y, Squared(), penalty=L1(0.2)), cache=None)
    assert o.w_star is not None
    np.testing.assert_allclose(o.w_star, expected, atol=1e-7)
    assert np.count_nonzero(o.w_star) == np.count_nonzero(expected) == 3


def test_above_the_largest_useful_weight_the_lasso_is_zero() -> None:
    X, y = regression(40, 6)
    weight = 1.01 * float(np.abs(X.T @ y).max()) / 40
    o = find_optimum(problem(X, y, Squared(), penalty=L1(weight)), cache=None)
    assert o.w_star is not None
    np.testing.assert_allclose(o.w_star, 0.0, atol=1e-9)
    assert o.f_star == pytest.approx(float(y @ y) / 80, rel=1e-14)


def test_least_absolute_deviations_of_a_constant_are_the_median() -> None:
    y = np.random.default_rng(10).standard_cauchy(31)
    o = find_optimum(problem(np.ones((31, 1)), y, Absolute(), intercept=True), cache=None)
    assert o.f_star == pytest.approx(np.mean(np.abs(y - np.median(y))), rel=1e-13)
    assert o.w_star is not None
    assert o.w_star[0] == pytest.approx(np.median(y), abs=1e-9)


@pytest.mark.parametrize("level", [0.1, 0.75])
def test_the_quantile_loss_of_a_constant_is_least_at_the_quantile(level: float) -> None:
    y = np.random.default_rng(11).standard_normal(43)
    o = find_optimum(problem(np.ones((43, 1)), y, Quantile(level), intercept=True), cache=None)
    at = np.quantile(y, level, method="inverted_cdf")
    assert o.w_star is not None
    assert o.w_star[0] == pytest.approx(at, abs=1e-9)
    loss = np.where(y > at, level * (y - at), (1 - level) * (at - y))
    assert o.f_star == pytest.approx(np.mean(loss), rel=1e-13)


def test_targets_that_are_met_leave_no_loss_and_an_error_of_nothing() -> None:
    X, _ = regression(30, 4)
    w = np.array([1.0, -2.0, 0.5, 3.0])
    o = find_optimum(problem(X, X @ w, Absolute()), cache=None)
    assert o.f_star - o.f_star_error <= 0 <= o.f_star <= 1e-13
    assert o.w_star is not None
    np.testing.assert_allclose(o.w_star, w, rtol=1e-10)


def test_classes_that_hinge_separates_attain_zero() -> None:
    X = np.array([[1.0, 0.3], [-2.0, 0.1]])
    o = find_optimum(problem(X, np.array([1.0, -1.0]), Hinge()), cache=None)
    assert o.attained
    assert o.f_star <= 1e-20


def test_an_infeasible_slope_of_l1_is_scaled_not_trusted() -> None:
    X, y = regression(40, 6)
    p = problem(X, y, Squared(), penalty=L1(0.01))
    found = gap_at(p, np.zeros(6), -y)
    q = np.abs(X.T @ found.u) / 40
    assert q.max() <= 0.01
    assert found.error >= found.value - find_optimum(p, cache=None).f_star


def test_a_slope_outside_the_domain_certifies_nothing() -> None:
    X, y = regression(20, 3)
    assert gap_at(problem(X, y, Absolute()), np.zeros(3), np.full(20, 1.5)).error == np.inf


def test_data_of_zeros() -> None:
    y = np.array([1.0, -2.0, 4.0])
    for penalty in (NoPenalty(), L1(0.1), Box(), BallPenalty()):
        p = problem(np.zeros((3, 2)), y, Absolute(), penalty=penalty)
        found = interior_point(p)
        assert found.value == pytest.approx(7 / 3, rel=1e-15)
        assert found.error <= 1e-12


@pytest.mark.parametrize("name", [name for name in CASES if "l1" in name or "l2" in name])
def test_distance_error_holds_for_the_strongly_convex(name: str) -> None:
    p = CASES[name]
    o = find_optimum(p, cache=None)
    mu = o.curvature.mu
    if mu == 0:
        assert o.distance_error is None
        return
    assert o.w_star is not None
    assert o.distance_error is not None
    w = o.w_star + 1e-3
    grown = float(p.value(w[:, None])[0]) - o.f_star
    assert grown >= 0.5 * mu * float(np.sum((w - o.w_star) ** 2)) - 2 * o.f_star_error - 1e-8


@pytest.mark.parametrize("loss", [Squared(), Absolute(), Quantile(0.25)])
@pytest.mark.parametrize("c", [1e-8, 2.0**-50, 1e12])
def test_the_unit_of_the_targets_costs_no_digit(loss: Loss, c: float) -> None:
    """With a penalty, the weight of l1 has the unit of F / w."""
    X, y = regression(40, 4)
    quadratic = isinstance(loss, Squared)
    plain = find_optimum(problem(X, y, loss, penalty=L1(0.1)), cache=None)
    o = find_optimum(problem(X, c * y, loss, penalty=L1(0.1 * c if quadratic else 0.1)), cache=None)
    a = c * c if quadratic else c
    assert o.f_star == pytest.approx(a * plain.f_star, rel=1e-11)
    assert o.f_star_error < 1e-11 * a * plain.f_star


@pytest.mark.parametrize("loss", [Absolute(), Quantile(0.8)])
@pytest.mark.parametrize("exponent", [-70, -270, 130])
def test_the_unit_of_the_targets_changes_nothing(loss: Loss, exponent: int) -> None:
    X, y = regression(19, 3, seed=5)
    usual = find_optimum(problem(with_ones(X), y, loss, intercept=True), cache=None)
    unit = 2.0**exponent
    other = find_optimum(problem(with_ones(X), unit * y, loss, intercept=True), cache=None)
    assert other.f_star / unit == pytest.approx(usual.f_star, rel=1e-12)
    assert other.f_star_error < 1e-12 * other.f_star
