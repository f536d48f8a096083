"""L is never below the truth, mu never above."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from builders import sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from optimum_problems import Array, Logistic, Squared, classes, problem, regression, with_ones
from scipy.linalg import block_diag
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

import lrbench.optimum.curvature as curvature_module
import lrbench.optimum.eigenvalue_bounds as eigenvalue_bounds
from lrbench.losses.absolute import Absolute
from lrbench.losses.hinge import Hinge
from lrbench.losses.huber import Huber
from lrbench.losses.poisson import Poisson
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.optimum.curvature import find_curvature
from lrbench.optimum.eigenvalue_bounds import lanczos_bound, norm_bound, weighted_norm_bound
from lrbench.optimum.row_space import row_space
from lrbench.penalties.ball import BallPenalty
from lrbench.penalties.base import Penalty
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.penalties.l1 import L1


def hessian(X: Array, weight: float, intercept: bool) -> Array:
    H = X.T @ X / len(X) + weight * np.eye(X.shape[1])
    if intercept:
        H[-1, -1] -= weight
    return np.asarray(H)


@settings(max_examples=60)
@given(
    n=st.integers(1, 12),
    d=st.integers(1, 12),
    seed=st.integers(0, 2**32 - 1),
    weight=st.sampled_from([0.0, 0.3]),
    intercept=st.booleans(),
    decades=st.integers(0, 6),
)
def test_bounds_enclose_the_hessian_of_least_squares(
    n: int, d: int, seed: int, weight: float, intercept: bool, decades: int
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) * np.logspace(-decades, 0, d)
    if intercept:
        X = with_ones(X)
    p = problem(X, rng.standard_normal(n), Squared(), weight, intercept=intercept)
    singular = row_space(p).singular
    for c in (find_curvature(p), find_curvature(p, singular)):
        truth = np.linalg.norm(X, 2) ** 2 / n
        assert truth + weight * (not intercept) <= c.L
        assert (truth + weight) * (1 + 1e-11) >= c.L
        eigenvalues = np.linalg.eigvalsh(hessian(X, weight, intercept))
        noise = 1e-14 * max(n, d) * eigenvalues[-1]
        assert c.mu <= max(eigenvalues[0], 0.0) + noise
        assert c.mu_pl >= c.mu
        longest = max(float(x @ x) for x in X) + weight
        assert longest <= c.L_max <= longest * (1 + 1e-11)


def test_mu_is_sharp() -> None:
    X, y = regression(50, 4)
    least = float(np.linalg.eigvalsh(X.T @ X / 50)[0])
    assert find_curvature(problem(X, y, Squared())).mu == pytest.approx(least, rel=1e-10)
    assert find_curvature(problem(X, y, Squared(), 0.2)).mu == pytest.approx(least + 0.2, rel=1e-10)
    Z = with_ones(X)
    expected = float(np.linalg.eigvalsh(hessian(Z, 0.2, True))[0])
    c = find_curvature(problem(Z, y, Squared(), 0.2, intercept=True))
    assert c.mu == pytest.approx(expected, rel=1e-10)
    assert c.mu <= expected


@pytest.mark.parametrize("known", [False, True])
def test_mu_pl_is_the_least_nonzero_eigenvalue(known: bool) -> None:
    X, y = regression(8, 20)
    X[7] = X[0]
    p = problem(X, y, Squared())
    eigenvalues = np.linalg.eigvalsh(X @ X.T / 8)
    c = find_curvature(p, row_space(p).singular if known else None)
    assert c.mu == 0
    assert c.mu_pl == pytest.approx(eigenvalues[1], rel=1e-10)
    assert c.mu_pl <= eigenvalues[1] * (1 + 1e-14)


def test_logistic_has_a_quarter_and_only_the_penalty_s_convexity() -> None:
    X, y = classes(30, 4)
    top = np.linalg.norm(X, 2) ** 2 / 30
    c = find_curvature(problem(X, y, Logistic(), 0.5))
    assert pytest.approx(top / 4 + 0.5, rel=1e-11) == c.L
    assert top / 4 + 0.5 <= c.L
    assert (c.mu, c.mu_pl, c.L_method) == (0.5, 0.5, "eigenvalues")
    assert find_curvature(problem(with_ones(X), y, Logistic(), 0.5, intercept=True)).mu == 0
    assert find_curvature(problem(X, y, Logistic())).mu == 0


def test_lanczos_bound_is_above_the_truth_and_close() -> None:
    X: Any = sparse(3600, 3300, 3e-3)
    X.data[::3] *= -1.0
    p = problem(X, np.ones(3600), Squared())
    c = find_curvature(p)
    truth = float(svds(X, k=1, return_singular_vectors=False, v0=np.ones(3300))[0]) ** 2
    assert c.L_method == "Lanczos bound"
    assert truth / 3600 <= c.L <= 1.01 * truth / 3600
    assert norm_bound(p.data) >= truth


@pytest.mark.parametrize("shape", [(30, 60), (60, 30), (40, 40)])
def test_lanczos_bound_with_few_steps_and_a_cluster_at_the_top(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    U, _ = np.linalg.qr(rng.standard_normal((shape[0], 30)))
    V, _ = np.linalg.qr(rng.standard_normal((shape[1], 30)))
    X = (U * np.linspace(0.999, 1.0, 30)) @ V.T
    for steps in (5, 20, 30):
        for seed in range(10):
            assert lanczos_bound(DataMatrix(X), steps, seed) >= 1.0 - 1e-12


@pytest.mark.parametrize("shape", [(40, 23), (23, 40)])
@pytest.mark.parametrize("seed", range(5))
def test_the_weighted_norm_of_data_without_negative_entries(
    shape: tuple[int, int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.exponential(size=shape) * (rng.random(shape) < 0.4) * 10.0 ** rng.uniform(-3, 3)
    X[:, 4], X[7], X[:, 9] = X[:, 3], 0.0, 0.0
    truth = float(np.linalg.eigvalsh(X.T @ X)[-1])
    for data in (DataMatrix(X), DataMatrix(csr_array(X))):
        upper, lower = weighted_norm_bound(data)
        assert lower <= truth * (1 + 1e-13)
        assert truth * (1 - 1e-13) <= upper <= 1.001 * (1 + 1e-12) * lower


def test_the_weighted_norm_of_blocks_of_different_sizes() -> None:
    # The second block decays by 1e-8 a step, and the third does not decay: 1.9 < 2.
    blocks = [np.array([[1.0, 1.0]]), 1e-4 * np.ones((3, 3)), np.sqrt([[1.9]])]
    upper, lower = weighted_norm_bound(DataMatrix(block_diag(*blocks)))
    assert lower <= 2.0 <= upper <= 1.001 * (1 + 1e-12) * lower
    upper, lower = weighted_norm_bound(DataMatrix(np.zeros((3, 5))))
    assert (upper, lower) == (0.0, 0.0)
    assert weighted_norm_bound(DataMatrix(np.array([[1.0, -1e-9]]))) == (np.inf, 0.0)


def test_a_weak_start_of_the_strong_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """With few steps the bounds are far apart, and still bounds."""
    monkeypatch.setattr(eigenvalue_bounds, "POWERS", 3)
    X = block_diag(*[np.sqrt([[x]]) for x in (1.0, 0.999, 0.5)], np.array([[0.9, 1e-3]]))
    X[0, 1] = 1e-3
    truth = float(np.linalg.norm(X, 2)) ** 2
    upper, lower = weighted_norm_bound(DataMatrix(X))
    assert 1.0005 * lower < truth * (1 + 1e-13) < upper


def test_wide_counts_have_a_certain_bound() -> None:
    X: Any = sparse(3400, 3300, 3e-3)
    c = find_curvature(problem(X, np.ones(3400), Squared()))
    truth = float(svds(X, k=1, return_singular_vectors=False, v0=np.ones(3300))[0]) ** 2
    assert c.L_method == "norm bound"
    assert truth / 3400 <= c.L <= 1.0011 * truth / 3400


def test_norm_bound_on_a_small_matrix() -> None:
    X = np.array([[1.0, -2.0], [3.0, 0.5]])
    # |X|_F^2 = 14.25; |X|_1 |X|_inf = 4 * 3.5 = 14
    assert norm_bound(DataMatrix(X)) == pytest.approx(14.0)
    assert norm_bound(DataMatrix(csr_array(X))) == pytest.approx(14.0)
    assert norm_bound(DataMatrix(X)) >= np.linalg.norm(X, 2) ** 2


def test_the_sharper_of_the_two_bounds_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curvature_module, "DIRECT", 3)
    X = np.full((8, 4), 0.5)  # rank one: the Frobenius norm is the largest singular value
    c = find_curvature(problem(X, np.ones(8), Squared()))
    assert c.L_method in {"Lanczos bound", "norm bound"}
    assert 1.0 <= c.L <= 1.0 + 1e-9


def test_kinks_leave_no_smoothness_but_the_penalty_s_convexity() -> None:
    X, y = classes(30, 4)
    for loss in (Hinge(), Absolute()):
        c = find_curvature(problem(X, y, loss, 0.5))
        assert (c.L, c.L_max, c.L_method, c.mu, c.mu_pl) == (np.inf, np.inf, "not smooth", 0.5, 0.5)
    c = find_curvature(problem(with_ones(X), y, Hinge(), 0.5, intercept=True))
    assert (c.mu, c.mu_pl) == (0.0, 0.0)
    c = find_curvature(problem(X, np.abs(y), Poisson()))
    assert (c.L, c.L_method, c.mu) == (np.inf, "unbounded curvature", 0.0)


@pytest.mark.parametrize("penalty", [L1(0.3), BallPenalty(), ElasticNet(0.4, 0.25)])
def test_what_is_left_to_the_prox_is_not_in_L(penalty: Penalty) -> None:
    X, y = regression(50, 4)
    free = find_curvature(problem(X, y, Squared()))
    c = find_curvature(problem(X, y, Squared(), penalty=penalty))
    assert (c.L, c.L_max) == (free.L, free.L_max)
    assert c.mu == pytest.approx(free.mu + penalty.curvature, rel=1e-12)
    assert c.mu_pl == c.mu  # the inequality speaks of gradients: F has none
    wide = problem(X[:3], y[:3], Squared(), penalty=penalty)
    assert find_curvature(wide).mu_pl == find_curvature(wide).mu


def test_huber_is_as_smooth_as_least_squares_and_not_convex_enough() -> None:
    X, y = regression(50, 4)
    c = find_curvature(problem(X, y, Huber(0.1)))
    assert find_curvature(problem(X, y, Squared())).L == c.L
    assert c.mu == 0
