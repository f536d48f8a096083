"""A basis of the columns: how nearly orthonormal it is, and which columns depend on others."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from optimum_problems import Array, Squared, problem
from scipy.sparse import csr_array

from lrbench.objective.linear.matrix import DataMatrix
from lrbench.optimum import basis as basis_module
from lrbench.optimum import find_optimum
from lrbench.optimum.basis import Basis, column_basis


def exact_deviation(X: Array, basis: Basis, weights: Array | None = None) -> float:
    """Return the Frobenius norm of (S X T)^T S X T - I, which is at least that of `rho`."""
    s = np.ones(len(X)) if weights is None else weights
    rows: Any = np.array([[Fraction(float(v)) for v in row] for row in X * s[:, None]])
    T: Any = np.array(
        [
            [Fraction(float(h)) + Fraction(float(low)) for h, low in zip(*pair, strict=True)]
            for pair in zip(basis.high, basis.low, strict=True)
        ]
    )
    Y = rows @ T
    gram = Y.T @ Y - np.eye(Y.shape[1], dtype=int)
    return math.sqrt(float(sum(v * v for v in gram.flat)))


@pytest.mark.parametrize("agreement", [1.0, 1e-3, 1e-7, 1e-11, 1e-15])
def test_the_deviation_from_orthonormal_columns_is_as_measured(agreement: float) -> None:
    rng = np.random.default_rng(2)
    X = rng.standard_normal((20, 4)) * np.array([1.0, 1e5, 1e-7, 1.0])
    X[:, 3] = X[:, 0] * (1 + agreement * rng.standard_normal(20)) + 1e-5 * X[:, 1]
    basis = column_basis(DataMatrix(X))
    assert basis is not None
    assert basis.high.shape == (4, 4)
    assert basis.presumed == 0
    assert exact_deviation(X, basis) <= basis.rho < 0.5
    weights = np.exp2(-rng.integers(0, 40, 20))
    weights[3] = 0.0
    weighted = column_basis(DataMatrix(X), weights)
    assert weighted is not None
    assert exact_deviation(X, weighted, weights) <= weighted.rho < 0.5


def groups(n: int, seed: int) -> Array:
    """Return two groups of indicators, a column of ones, and a column of numbers given thrice."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    parts = [rng.integers(0, k, n)[:, None] == np.arange(k) for k in (3, 4)]
    return np.hstack([*parts, np.ones((n, 1)), np.column_stack([x, 8 * x, -x])])


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("by_rounds", [False, True])
def test_dependent_columns_are_shown_to_be_so(
    sparse: bool, by_rounds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    X = groups(30, 1)
    if by_rounds:
        monkeypatch.setattr(basis_module, "_from_gram", lambda *_: None)
    basis = column_basis(DataMatrix(csr_array(X) if sparse else X))
    assert basis is not None
    assert (basis.high.shape, basis.presumed) == ((11, 7), 0)
    assert exact_deviation(X, basis) <= basis.rho


def test_a_third_of_a_column_is_shown_to_depend_on_it() -> None:
    x = np.round(1024 * np.random.default_rng(3).standard_normal(20)) / 1024
    basis = column_basis(DataMatrix(np.column_stack([x, 3 * x, 2 * x + 3 * x])))
    assert basis is not None
    assert (basis.high.shape[1], basis.presumed) == (1, 0)


def test_columns_that_agree_to_25_digits_are_presumed_to_be_dependent_and_said_to_be() -> None:
    rng = np.random.default_rng(4)
    X = rng.standard_normal((12, 2))
    X = np.column_stack([X, X[:, 0]])
    X[5] = [1e-30, 1.0, 2e-30]
    basis = column_basis(DataMatrix(X))
    assert basis is not None
    assert (basis.high.shape[1], basis.presumed) == (2, 1)
    optimum = find_optimum(problem(X, rng.standard_normal(12), Squared()), cache=None)
    assert "1 column taken as dependent on others to 25 digits" in optimum.method
    X[5] = [1e-20, 1.0, 2e-20]  # to 20 digits: independent
    basis = column_basis(DataMatrix(X))
    assert basis is not None
    assert (basis.high.shape[1], basis.presumed) == (3, 0)


def test_more_columns_than_samples_span_all_of_the_space() -> None:
    X = np.random.default_rng(5).standard_normal((4, 9))
    basis = column_basis(DataMatrix(X))
    assert basis is not None
    assert (basis.high.shape[1], basis.presumed) == (4, 0)
    assert exact_deviation(X, basis) <= basis.rho


def test_columns_of_zeros_have_an_empty_basis() -> None:
    basis = column_basis(DataMatrix(np.zeros((5, 3))))
    assert basis is not None
    assert basis.high.shape == (3, 0)


def test_what_is_too_large_for_twice_the_precision_has_no_basis(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(6)
    x = rng.standard_normal(30)
    X = np.column_stack([x, x * (1 + 1e-9 * rng.standard_normal(30))])
    monkeypatch.setattr(basis_module, "ACCURATE", 100)
    assert column_basis(DataMatrix(X)) is None
    assert column_basis(DataMatrix(rng.standard_normal((30, 2)))) is not None
