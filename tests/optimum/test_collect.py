"""The constants of the theorems, one sample at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from optimum_problems import Array, Logistic, Squared, classes, problem, regression, with_ones
from scipy.sparse import csr_array

from lrbench.losses.absolute import Absolute
from lrbench.losses.base import Loss
from lrbench.losses.hinge import Hinge
from lrbench.losses.huber import Huber
from lrbench.losses.poisson import Poisson
from lrbench.losses.quantile import Quantile
from lrbench.objective.linear.problem import LinearProblem
from lrbench.optimum import Optimum, constants, find_optimum
from lrbench.optimum.collect import gradient_bound
from lrbench.optimum.find import uncertified
from lrbench.optimum.point import Point
from lrbench.penalties.ball import BallPenalty
from lrbench.penalties.base import Penalty
from lrbench.penalties.box import Box
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.penalties.l1 import L1
from lrbench.penalties.none import NoPenalty


def slope(p: LinearProblem, i: int, z: float) -> float:
    y = float(p.y[i])
    return z - y if isinstance(p.loss, Squared) else -y / (1 + np.exp(y * z))


def sample_gradient(p: LinearProblem, X: Array, i: int, w: Array) -> Array:
    g = slope(p, i, float(X[i] @ w)) * X[i]
    penalised = w.copy()
    penalised[p.n_penalised :] = 0
    return np.asarray(g + p.penalty.weight * penalised)


def cases() -> list[tuple[LinearProblem, Array]]:
    X, y = regression(30, 4)
    Z, labels = classes(40, 3)
    Z1 = with_ones(Z)
    return [
        (problem(X, y, Squared(), w0=np.ones(4)), X),
        (problem(csr_array(X), y, Squared(), 0.2, w0=np.ones(4)), X),
        (problem(Z, labels, Logistic()), Z),
        (problem(csr_array(Z1), labels, Logistic(), 0.3, intercept=True, w0=np.ones(4)), Z1),
    ]


@pytest.mark.parametrize("case", range(4))
def test_noise_and_start(case: int) -> None:
    p, X = cases()[case]
    o = find_optimum(p, cache=None)
    c = constants(p, o, radius=None)
    assert o.w_star is not None
    noise = np.mean([np.sum(sample_gradient(p, X, i, o.w_star) ** 2) for i in range(len(X))])
    assert c.noise_star == pytest.approx(noise, rel=1e-11)
    full = np.mean([sample_gradient(p, X, i, p.w0) for i in range(len(X))], axis=0)
    assert c.grad_norm_sq0 == pytest.approx(float(full @ full), rel=1e-12)
    assert c.distance == pytest.approx(np.linalg.norm(p.w0 - o.w_star), rel=1e-12)
    assert c.delta0 == pytest.approx(float(p.value(p.w0[:, None])[0]) - o.f_star)
    assert (c.L, c.mu) == (o.curvature.L, o.curvature.mu)
    assert (c.f_star, c.f_star_method) == (o.f_star, o.method)


@pytest.mark.parametrize("case", range(4))
@pytest.mark.parametrize("radius", [0.1, 3.0])
def test_no_sample_gradient_in_the_ball_exceeds_its_bound(case: int, radius: float) -> None:
    p, X = cases()[case]
    bound = constants(p, find_optimum(p, cache=None), radius=radius).G
    assert bound is not None
    rng = np.random.default_rng(0)
    largest = 0.0
    for i in range(len(X)):
        ends = [X[i], -X[i], *rng.standard_normal((5, X.shape[1]))]
        for v in ends:
            w = p.w0 + radius * v / np.linalg.norm(v)
            largest = max(largest, float(np.linalg.norm(sample_gradient(p, X, i, w))))
    assert largest <= bound * (1 + 1e-12)
    if isinstance(p.loss, Squared) and not p.penalty.weight:
        assert largest == pytest.approx(bound, rel=1e-12)


def test_bounds_that_need_a_ball() -> None:
    squared, ridge, logistic, penalised = (p for p, _ in cases())
    for p in (squared, ridge, penalised):
        assert constants(p, find_optimum(p, cache=None), radius=None).G is None
    Z = np.asarray(logistic.data.X)
    G = constants(logistic, find_optimum(logistic, cache=None), radius=None).G
    assert pytest.approx(np.linalg.norm(Z, axis=1).max(), rel=1e-14) == G


LOSSES: list[Loss] = [Absolute(), Quantile(0.9), Huber(0.5), Hinge(), Squared(), Poisson()]
PENALTIES: list[Penalty] = [
    NoPenalty(),
    L1(0.3),
    ElasticNet(0.3, 0.4),
    Box(-0.5, 1.5),
    BallPenalty(2.0),
]


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("radius", [None, 0.7])
def test_no_subgradient_of_a_term_exceeds_its_bound(
    loss: Loss, penalty: Penalty, radius: float | None
) -> None:
    X, y = regression(20, 3)
    y = np.asarray(np.sign(y) if loss.task == "binary" else np.round(np.abs(y)), dtype=np.float64)
    w0 = np.array([0.3, -0.2, 1.0])
    p = problem(X, y, loss, w0=w0, penalty=penalty)
    bound = gradient_bound(Point(p, w0), radius)
    bounded = radius is not None or penalty.indicator
    flat = np.isfinite(loss.lipschitz) and penalty.curvature == 0
    assert (bound is not None) == (bounded or flat)
    if bound is None:
        return
    steps = np.random.default_rng(1).standard_normal((3, 500))
    steps /= np.linalg.norm(steps, axis=0)
    W = w0[:, None] + (radius or (3.0 if penalty.indicator else 50.0)) * steps
    if penalty.indicator:
        W = penalty.prox(W, np.ones(500))
    extra = penalty.gradient(W)
    for i in range(20):
        G = X[i][:, None] * loss.derivative(X[i : i + 1] @ W, y[i : i + 1]) + extra
        assert np.linalg.norm(G, axis=0).max() <= bound * (1 + 1e-12)


def test_a_zero_row_has_no_gradient() -> None:
    X, y = regression(20, 3)
    bound = gradient_bound(Point(problem(X, y, Squared()), np.zeros(3)), 1.0)
    X[4] = 0.0
    with np.errstate(all="raise"):  # the slope of the squared loss is unbounded: inf times 0
        assert gradient_bound(Point(problem(X, y, Squared()), np.zeros(3)), None) is None
        lower = gradient_bound(Point(problem(X, y, Squared()), np.zeros(3)), 1.0, of_mean=True)
    assert lower is not None
    assert bound is not None
    assert lower < bound
    X[:] = 0.0
    assert gradient_bound(Point(problem(X, y, Squared()), np.zeros(3)), None) == 0.0


def test_an_intercept_is_held_by_no_set() -> None:
    X, y = regression(20, 3)
    p = problem(with_ones(X), y, Squared(), intercept=True, penalty=Box())
    assert gradient_bound(Point(p, np.zeros(4)), None) is None
    assert gradient_bound(Point(p, np.zeros(4)), 1.0) is not None


@pytest.mark.parametrize("loss", [Absolute(), Squared()])
def test_noise_at_the_minimum_needs_gradients(loss: Loss) -> None:
    X, y = regression(20, 3)
    for penalty in (L1(0.1), Box()):
        p = problem(X, y, loss, penalty=penalty)
        c = constants(p, find_optimum(p, cache=None), radius=None)
        assert c.noise_star is None
        start = float(np.sum(p.gradient(p.w0[:, None]) ** 2))
        assert c.grad_norm_sq0 == pytest.approx(start, rel=1e-14)


def rough(scale: float, relative: float, **changes: Any) -> tuple[LinearProblem, Optimum]:
    """Return a problem in a unit of F, with an error relative to |F(w_0)| + |f*|."""
    X, y = regression(30, 4)
    p = problem(X, scale * y, Squared())
    o = find_optimum(p, cache=None)
    start = float(p.value(p.w0[:, None])[0])
    return p, replace(o, f_star_error=relative * (start + o.f_star), **changes)


@pytest.mark.parametrize("scale", [1.0, 2.0**-30, 1e8])
def test_an_error_above_a_millionth_of_F_is_not_certified(scale: float) -> None:
    certified = constants(*rough(scale, 0.999e-6), radius=None)
    assert (certified.f_star_certified, certified.f_star_obstacle) == (True, "")
    assert certified.attained
    assert certified.distance is not None
    c = constants(*rough(scale, 1.001e-6), radius=None)
    assert not c.f_star_certified
    assert c.f_star_obstacle == "the reference solver did not converge"
    assert (c.attained, c.distance, c.distance_error, c.noise_star) == (False, None, None, None)
    assert c.no_minimiser == "f* is not certified"


def test_the_obstacle_is_that_of_the_reference_solver() -> None:
    c = constants(*rough(1.0, 1e-3, obstacle="nearly collinear columns"), radius=None)
    assert c.f_star_obstacle == "nearly collinear columns"
    undecided = constants(*rough(1.0, 1e-3, no_minimiser="nearly separable data"), radius=None)
    assert undecided.f_star_obstacle == "nearly separable data"
    nothing = constants(*rough(1.0, np.inf), radius=None)
    assert nothing.f_star_obstacle
    accurate = constants(*rough(1.0, 1e-9, obstacle="nearly collinear columns"), radius=None)
    assert (accurate.f_star_certified, accurate.f_star_obstacle) == (True, "")


@pytest.mark.parametrize("loss", [Squared(), Absolute(), Huber(), Quantile(0.25)])
@pytest.mark.parametrize("w0", [np.zeros(3), np.array([0.3, -0.7, 1.1])])
def test_a_start_that_fits_every_sample_is_certified_exactly(loss: Loss, w0: Array) -> None:
    """F(w_0) = f* = 0: no error is small beside that but 0 itself."""
    X, _ = regression(20, 3)
    p = problem(X, X @ w0, loss, w0=w0)
    o = find_optimum(p, cache=None)
    c = constants(p, o, radius=None)
    assert (c.f_star, c.f_star_error, c.size, c.f_star_obstacle) == (0.0, 0.0, 0.0, "")
    np.testing.assert_array_equal(o.w_star, w0)
    assert (c.distance_error or 0.0) < 1e-13


def test_a_minimum_of_the_user_has_no_obstacle() -> None:
    X, y = regression(30, 4)
    c = constants(problem(X, y, Squared()), uncertified(problem(X, y, Squared()), 0.0), radius=None)
    assert (c.f_star_certified, c.f_star_obstacle) == (False, "")
    assert c.no_minimiser == "no minimiser is known beside --f-star"
