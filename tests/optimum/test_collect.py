"""The constants of the theorems, one sample at a time."""

from __future__ import annotations

import numpy as np
import pytest
from optimum_problems import Array, Logistic, Squared, classes, problem, regression, with_ones
from scipy.sparse import csr_array

from lrbench.optimum import constants, find
from lrbench.problem import LinearProblem


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
    o = find(p, cache=None)
    c = constants(p, o, radius=None)
    assert o.w_star is not None
    noise = np.mean([np.sum(sample_gradient(p, X, i, o.w_star) ** 2) for i in range(len(X))])
    assert c.noise_star == pytest.approx(noise, rel=1e-11)
    full = np.mean([sample_gradient(p, X, i, p.w0) for i in range(len(X))], axis=0)
    assert c.grad_norm_sq0 == pytest.approx(float(full @ full), rel=1e-12)
    assert c.distance == pytest.approx(np.linalg.norm(p.w0 - o.w_star), rel=1e-12)
    assert c.delta0 == pytest.approx(float(p.value(p.w0[:, None])[0]) - o.f_star)
    assert (c.L, c.mu, c.f_star, c.f_star_method) == (o.L, o.mu, o.f_star, o.method)


@pytest.mark.parametrize("case", range(4))
@pytest.mark.parametrize("radius", [0.1, 3.0])
def test_no_sample_gradient_in_the_ball_exceeds_its_bound(case: int, radius: float) -> None:
    p, X = cases()[case]
    bound = constants(p, find(p, cache=None), radius=radius).G
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
        assert constants(p, find(p, cache=None), radius=None).G is None
    Z = np.asarray(logistic.data.X)
    G = constants(logistic, find(logistic, cache=None), radius=None).G
    assert pytest.approx(np.linalg.norm(Z, axis=1).max(), rel=1e-14) == G
