"""Dense factors, a block at a time, and the solves with them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

import lrbench.optimum.gram as gram_module
from lrbench.objective.linear.matrix import DataMatrix
from lrbench.optimum.gram import WeightedGram, dense_blocks, feature_gram, sample_gram, triangle
from lrbench.optimum.newton import factorised


@pytest.mark.parametrize("sparse", [False, True])
def test_factors_of_many_blocks(sparse: bool) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2500, 600)) * (rng.random((2500, 600)) < 0.1)
    data = DataMatrix(csr_array(X) if sparse else X)
    assert len(list(dense_blocks(data))) == 2
    weights, basis = rng.random(2500), rng.standard_normal((600, 3))
    expected = X.T @ (weights[:, None] * X)
    np.testing.assert_allclose(feature_gram(data), X.T @ X, atol=1e-10)
    np.testing.assert_allclose(feature_gram(data, weights), expected, atol=1e-10)
    np.testing.assert_allclose(
        feature_gram(data, weights, basis), basis.T @ expected @ basis, rtol=1e-10, atol=1e-8
    )
    R = triangle(data)
    np.testing.assert_allclose(R.T @ R, X.T @ X, atol=1e-10)
    few = DataMatrix(csr_array(X[:7]) if sparse else X[:7])
    np.testing.assert_allclose(sample_gram(few), X[:7] @ X[:7].T, atol=1e-12)


@pytest.mark.parametrize("kept", [True, False])
def test_products_of_sparse_rows(kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    n, d = 400, 90
    X = rng.standard_normal((n, d)) * (rng.random((n, d)) < rng.random((n, 1)) * 0.12)
    X[7] = X[:, 11] = 0.0
    X[8, [3, 88]] = [1e-9, -1e12]
    data, weights = DataMatrix(csr_array(X)), rng.random(n) * (rng.random(n) < 0.7)
    if not kept:
        monkeypatch.setattr(gram_module, "KEPT_PAIRS", 0)
    gram = WeightedGram(data)
    assert gram.kept == kept
    for w in (weights, weights[::-1].copy(), np.zeros(n)):
        expected = X.T @ (w[:, None] * X)
        size = np.abs(X).T @ (w[:, None] * np.abs(X))
        for H in (gram(w), feature_gram(data, w)):
            np.testing.assert_array_equal(H, H.T)
            assert (np.abs(H - expected) <= 1e-13 * size).all()
    np.testing.assert_allclose(feature_gram(data), X.T @ X, rtol=1e-12, atol=1e-12)


def test_rows_too_full_for_products_are_dense_blocks() -> None:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((50, 9)) * (rng.random((50, 9)) < 0.6)
    weights = rng.random(50)
    gram = WeightedGram(DataMatrix(csr_array(X)))
    assert not gram.kept
    np.testing.assert_allclose(gram(weights), X.T @ (weights[:, None] * X), atol=1e-12)


def test_solve_is_blind_to_units() -> None:
    rng = np.random.default_rng(1)
    A = rng.standard_normal((8, 5))
    H, units = A.T @ A, np.logspace(-9, 9, 5)
    b = rng.standard_normal(5)
    found = factorised(H * units[:, None] * units)(b * units) * units
    np.testing.assert_allclose(found, np.linalg.solve(H, b), rtol=1e-11)


def test_singular_system_is_solved_in_its_range() -> None:
    H = np.diag([2.0, 0.0, 4.0])
    np.testing.assert_allclose(factorised(H)(np.array([2.0, 0.0, 2.0])), [1.0, 0.0, 0.5])
    H = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1e-20]])
    found = factorised(H)(np.array([2.0, 2.0, 1e-20]))
    np.testing.assert_allclose(H @ found, [2.0, 2.0, 1e-20], rtol=1e-12)
