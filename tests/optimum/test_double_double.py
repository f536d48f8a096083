"""Products in twice the precision, against rational numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from lrbench.optimum import double_double
from lrbench.optimum.double_double import (
    matrix_product,
    product_error,
    transposed_product,
    two_product,
    two_sum,
)


def fractions(A: Any) -> Any:
    return np.vectorize(lambda v: Fraction(float(v)), otypes=[object])(A)


def test_a_sum_and_a_product_are_exact_together_with_their_errors() -> None:
    rng = np.random.default_rng(0)
    a = rng.standard_normal(500) * 10.0 ** rng.integers(-20, 21, 500)
    b = rng.standard_normal(500) * 10.0 ** rng.integers(-20, 21, 500)
    total, rest = two_sum(a, b)
    assert (fractions(total) + fractions(rest) == fractions(a) + fractions(b)).all()
    product, rest = two_product(a, b)
    assert (fractions(product) + fractions(rest) == fractions(a) * fractions(b)).all()


def test_a_product_that_cancels_to_nothing_keeps_its_digits() -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal(30)
    A = np.column_stack([x, x * (1 + 1e-13 * rng.standard_normal(30)), rng.standard_normal(30)])
    high = np.array([[1e13, 1.0], [-1e13, 2.0], [1e-3, 3.0]])
    low = 1e-17 * high * rng.standard_normal(high.shape)
    product, rest = matrix_product(A, high, low)
    exact = fractions(A) @ (fractions(high) + fractions(low))
    bound = product_error(3) * (np.abs(A) @ np.abs(high))
    error = np.abs(fractions(product) + fractions(rest) - exact)
    assert (error <= fractions(bound)).all()
    assert (bound < 1e-15).all()
    assert (np.abs(product - A @ high) > 1e-6).any()  # what float64 alone would lose


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("block", [1 << 14, 50])
def test_the_products_with_the_slopes(
    sparse: bool, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(double_double, "BLOCK_ELEMENTS", block)
    rng = np.random.default_rng(2)
    X = rng.standard_normal((60, 4)) * 10.0 ** rng.integers(-12, 13, (60, 4))
    X[rng.random((60, 4)) < 0.4] = 0.0
    X[:, 3] = 0.0
    u = rng.standard_normal(60)
    u[7] = 0.0
    u[0] = -float(X[1:, 0] @ u[1:]) / X[0, 0] if X[0, 0] else 1.0  # the first column cancels
    exact = fractions(X).T @ fractions(u)
    q, error = transposed_product(csr_array(X) if sparse else X, u)
    assert (np.abs(fractions(q) - exact) <= fractions(error)).all()
    assert q[3] == 0.0
    size = 60 * np.abs(X).max(axis=0) * np.abs(u).max()
    assert (error <= 1.2e-16 * np.abs(q) + 1e-26 * size).all()
