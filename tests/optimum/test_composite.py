"""The minimum of nonsmooth problems against other libraries, which can only be above it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn
from optimum_problems import Array, Logistic, Squared, classes, problem, regression, with_ones
from scipy.optimize import linprog
from sklearn.datasets import load_breast_cancer, load_diabetes, load_svmlight_file

import lrbench.optimum.composite as composite_module
from lrbench.errors import OptimumError
from lrbench.losses.absolute import Absolute
from lrbench.losses.base import Loss
from lrbench.losses.hinge import Hinge
from lrbench.losses.huber import Huber
from lrbench.losses.poisson import Poisson
from lrbench.losses.quantile import Quantile
from lrbench.losses.squared_hinge import SquaredHinge
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import find_optimum
from lrbench.optimum.base import NOT_ATTAINED, Optimum
from lrbench.optimum.composite import SPARSE_METHOD
from lrbench.penalties.ball import BallPenalty
from lrbench.penalties.base import Penalty
from lrbench.penalties.box import Box
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.penalties.l1 import L1
from lrbench.penalties.l2 import L2

ACCURACY = 1e-9
"""Of the certified error, relative to max(1, |f_star|)."""


def numbers(name: str) -> tuple[Array, Array]:
    """Return a regression data set."""
    if name == "diabetes":
        X, y = load_diabetes(return_X_y=True)
        return np.asarray(X), np.asarray(y)
    return regression(60, 8, seed=1) if name == "tall" else regression(30, 45, seed=2)


def labels(name: str) -> tuple[Array, Array]:
    """Return a classification data set."""
    if name == "breast-cancer":
        X, target = load_breast_cancer(return_X_y=True)
        return np.asarray(X / np.abs(X).max(axis=0)), np.where(target == 0, 1.0, -1.0)
    return classes(80, 6, seed=3) if name == "tall" else classes(40, 55, seed=4)


def judged(p: LinearProblem, theirs: Array, closeness: float = 1e-5) -> Optimum:
    """Return the optimum of `p`; their point is nowhere below it, and not far above."""
    o = find_optimum(p, cache=None)
    assert 0 <= o.f_star_error <= ACCURACY * max(1.0, abs(o.f_star))
    reached = float(p.value(theirs[:, None])[0])
    assert reached >= o.f_star - o.f_star_error
    assert o.f_star <= reached + o.f_star_error
    assert reached - o.f_star <= closeness * max(1.0, abs(o.f_star))
    return o


def theirs_of(model: Any) -> Array:
    return np.append(np.ravel(model.coef_), model.intercept_)


@pytest.mark.parametrize("name", ["diabetes", "tall", "wide"])
def test_lasso(name: str) -> None:
    from sklearn.linear_model import Lasso

    X, y = numbers(name)
    weight = 0.1 * float(np.abs(X.T @ (y - y.mean())).max()) / len(y)
    model = Lasso(alpha=weight, tol=1e-10, max_iter=100_000).fit(X, y)
    p = problem(with_ones(X), y, Squared(), intercept=True, penalty=L1(weight))
    o = judged(p, theirs_of(model), closeness=1e-8)
    assert o.method == SPARSE_METHOD
    assert o.w_star is not None
    np.testing.assert_array_equal(o.w_star[:-1] != 0, model.coef_ != 0)


@pytest.mark.parametrize("name", ["diabetes", "tall", "wide"])
def test_elastic_net(name: str) -> None:
    from sklearn.linear_model import ElasticNet as Theirs

    X, y = numbers(name)
    weight = 0.2 * float(np.abs(X.T @ y).max()) / len(y)
    model = Theirs(alpha=weight, l1_ratio=0.3, tol=1e-10, max_iter=100_000).fit(X, y)
    p = problem(with_ones(X), y, Squared(), intercept=True, penalty=ElasticNet(weight, 0.3))
    o = judged(p, theirs_of(model), closeness=1e-8)
    assert o.w_star is not None
    np.testing.assert_array_equal(o.w_star[:-1] != 0, model.coef_ != 0)


@pytest.mark.parametrize("loss", [Hinge(), SquaredHinge()])
@pytest.mark.parametrize("name", ["breast-cancer", "tall", "wide"])
def test_support_vector_machine(name: str, loss: Loss) -> None:
    from sklearn.svm import LinearSVC

    X, y = labels(name)
    squared = loss.name == "squared-hinge"
    model = LinearSVC(
        C=0.5 if squared else 1.0,
        loss="squared_hinge" if squared else "hinge",
        dual=True,
        fit_intercept=False,
        tol=1e-8,
        max_iter=1_000_000,
        random_state=0,
    ).fit(X, y)
    judged(problem(X, y, loss, 1 / len(y)), np.ravel(model.coef_))


@pytest.mark.parametrize("level", [0.5, 0.9])
@pytest.mark.parametrize("name", ["diabetes", "tall", "wide"])
def test_quantile_regression(name: str, level: float) -> None:
    from sklearn.linear_model import QuantileRegressor

    X, y = numbers(name)
    weight = 0.01
    model = QuantileRegressor(quantile=level, alpha=weight, solver="highs").fit(X, y)
    p = problem(with_ones(X), y, Quantile(level), intercept=True, penalty=L1(weight))
    judged(p, theirs_of(model))
    model = QuantileRegressor(quantile=level, alpha=0.0, solver="highs").fit(X, y)
    judged(problem(with_ones(X), y, Quantile(level), intercept=True), theirs_of(model))


@pytest.mark.parametrize(("n", "d"), [(60, 4), (200, 7), (30, 40)])
def test_poisson_regression(n: int, d: int) -> None:
    from sklearn.linear_model import PoissonRegressor

    rng = np.random.default_rng(n)
    X = rng.standard_normal((n, d)) / np.sqrt(d)
    y = rng.poisson(np.exp(1.0 + X @ rng.standard_normal(d))).astype(float)
    model = PoissonRegressor(alpha=0.1, tol=1e-10, max_iter=10_000).fit(X, y)
    p = problem(with_ones(X), y, Poisson(), 0.1, intercept=True)
    o = judged(p, theirs_of(model), closeness=1e-8)
    assert o.method.startswith("Newton, ")
    assert o.curvature.L_method == "unbounded curvature"
    assert np.isinf(o.curvature.L)


@pytest.mark.parametrize("name", ["breast-cancer", "tall", "wide"])
def test_sparse_logistic_regression(name: str) -> None:
    from sklearn.linear_model import LogisticRegression

    X, y = labels(name)
    weight = 0.1 * float(np.abs(X.T @ y).max()) / (2 * len(y))
    # In scikit-learn 1.8 l1_ratio takes the place of penalty, whose default was l2 before.
    older = tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 8)
    model = LogisticRegression(
        C=1 / (len(y) * weight),
        **({"penalty": "l1"} if older else {"l1_ratio": 1.0}),
        solver="liblinear",
        fit_intercept=False,
        tol=1e-10,
        max_iter=10_000,
        random_state=0,
    ).fit(X, y)
    judged(problem(X, y, Logistic(), penalty=L1(weight)), np.ravel(model.coef_))


@pytest.mark.parametrize("name", ["diabetes", "tall"])
def test_least_absolute_deviations_are_a_linear_program(name: str) -> None:
    X, y = numbers(name)
    X = with_ones(X)
    n, d = X.shape
    cost = np.append(np.zeros(d), np.full(2 * n, 1 / n))
    rows = np.hstack([X, np.eye(n), -np.eye(n)])
    bounds = [(None, None)] * d + [(0, None)] * (2 * n)
    found = linprog(cost, A_eq=rows, b_eq=y, bounds=bounds, method="highs")
    o = judged(problem(X, y, Absolute(), intercept=True), np.asarray(found.x)[:d], closeness=1e-7)
    assert o.f_star == pytest.approx(found.fun, rel=1e-9)
    assert o.curvature.L_method == "not smooth"


def test_hinge_without_penalty_is_a_linear_program() -> None:
    X, y = labels("tall")
    n, d = X.shape
    found = linprog(
        np.append(np.zeros(d), np.full(n, 1 / n)),
        A_ub=-np.hstack([y[:, None] * X, np.eye(n)]),
        b_ub=-np.ones(n),
        bounds=[(None, None)] * d + [(0, None)] * n,
        method="highs",
    )
    o = judged(problem(X, y, Hinge()), np.asarray(found.x)[:d], closeness=1e-7)
    assert o.f_star == pytest.approx(found.fun, rel=1e-9)


def test_non_negative_least_squares() -> None:
    from scipy.optimize import nnls

    X, y = numbers("tall")
    theirs, _ = nnls(X, y)
    o = judged(problem(X, y, Squared(), penalty=Box(0.0, np.inf)), theirs, closeness=1e-9)
    assert o.w_star is not None
    np.testing.assert_allclose(o.w_star, theirs, atol=1e-6)


def test_a_box_agrees_with_bounded_least_squares() -> None:
    from scipy.optimize import lsq_linear

    X, y = numbers("tall")
    theirs = np.clip(lsq_linear(X, y, bounds=(-0.5, 0.25), tol=1e-12).x, -0.5, 0.25)
    judged(problem(X, y, Squared(), penalty=Box(-0.5, 0.25)), theirs, closeness=1e-7)


def test_a_ball_is_ridge_with_the_right_weight() -> None:
    X, y = numbers("tall")
    weight = 0.7
    ridge = find_optimum(problem(X, y, Squared(), weight), cache=None).w_star
    assert ridge is not None
    p = problem(X, y, Squared(), penalty=BallPenalty(float(np.linalg.norm(ridge))))
    o = judged(p, ridge, closeness=1e-12)
    assert o.w_star is not None
    np.testing.assert_allclose(o.w_star, ridge, rtol=1e-6)


def test_a_ball_that_holds_the_minimiser_changes_nothing() -> None:
    X, y = numbers("tall")
    free = find_optimum(problem(X, y, Squared()), cache=None)
    o = find_optimum(problem(X, y, Squared(), penalty=BallPenalty(100.0)), cache=None)
    assert o.f_star == pytest.approx(free.f_star, rel=1e-9)


def test_too_many_features_for_any_reference_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composite_module, "DIRECT", 5)
    X, y = numbers("tall")
    with pytest.raises(OptimumError, match="8 features") as raised:
        find_optimum(problem(X, y, Absolute()), cache=None)
    assert "--f-star" in raised.value.hint
    with pytest.raises(OptimumError, match="8 features"):
        find_optimum(problem(X, y, Squared(), penalty=Box(0.0, 1.0)), cache=None)
    # Beside l2 and l1 the number of features does not matter.
    for penalty in (L2(0.1), L1(0.1)):
        assert find_optimum(problem(X, y, Absolute(), penalty=penalty), cache=None).attained


def test_an_open_box_does_not_hold_separable_data_back() -> None:
    X = np.array([[1.0], [-2.0]])
    y = np.array([1.0, -1.0])
    o = find_optimum(problem(X, y, Logistic(), penalty=Box(0.0, np.inf)), cache=None)
    assert (o.attained, o.w_star, o.no_minimiser) == (False, None, NOT_ATTAINED)
    assert o.f_star - o.f_star_error <= 0 <= o.f_star <= 1e-9
    assert find_optimum(
        problem(X, y, Logistic(), penalty=Box()), cache=None
    ).w_star == pytest.approx([1.0])


@pytest.mark.parametrize("name", ["heart_scale", "australian_scale", "a1a"])
def test_published_classes_are_certified(name: str, libsvm_dir: Path) -> None:
    X, raw = load_svmlight_file(str(libsvm_dir / name))
    X, y = X.toarray(), np.where(raw == raw.max(), 1.0, -1.0)
    certified(problem(X, y, Hinge(), 1 / len(y)))
    certified(problem(with_ones(X), y, Hinge(), 1 / len(y), intercept=True))
    certified(problem(X, y, Hinge()))
    certified(problem(with_ones(X), y, Logistic(), intercept=True, penalty=L1(0.01)))


@pytest.mark.parametrize("name", ["housing_scale", "abalone_scale.bz2"])
@pytest.mark.parametrize("intercept", [False, True])
def test_published_numbers_are_certified(name: str, intercept: bool, libsvm_dir: Path) -> None:
    X, y = load_svmlight_file(str(libsvm_dir / name))
    X = with_ones(X.toarray()) if intercept else X.toarray()
    losses: list[tuple[Loss, Penalty | None]] = [
        (Absolute(), None),
        (Quantile(0.9), None),
        (Squared(), L1(0.1)),
        (Huber(), None),
    ]
    for loss, penalty in losses:
        certified(problem(X, y, loss, intercept=intercept, penalty=penalty))


def certified(p: LinearProblem) -> None:
    o = find_optimum(p, cache=None)
    assert 0 < o.f_star_error <= ACCURACY * max(1.0, abs(o.f_star))
