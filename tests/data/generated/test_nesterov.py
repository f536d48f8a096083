"""Nesterov's quadratic against its published objective, minimiser, spectrum and lower bound."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from lrbench.data.dataset import Dataset
from lrbench.data.generated.generators import generate

Array = NDArray[np.float64]


def made(d: int, L: float) -> tuple[Dataset, csr_array, Array]:
    data = generate("nesterov", {"n_features": d, "L": L})
    assert isinstance(data.X, csr_array)
    assert data.planted is not None
    return data, data.X, data.planted


def half_mean_square(data: Dataset, w: Array) -> float:
    return 0.5 * float(np.mean((data.X @ w - data.y) ** 2))


@pytest.mark.parametrize(("d", "L"), [(1, 1.0), (2, 3.0), (9, 0.25), (40, 1e4)])
def test_objective_is_the_published_one_plus_a_constant(d: int, L: float) -> None:
    data, _, _ = made(d, L)
    w = np.random.default_rng(d).standard_normal(d)
    inside = sum((w[i] - w[i + 1]) ** 2 for i in range(d - 1))
    published = L / 4 * (0.5 * (w[0] ** 2 + inside + w[-1] ** 2) - w[0])
    assert half_mean_square(data, w) == pytest.approx(published + L / 8, rel=1e-12)


@pytest.mark.parametrize(("d", "L"), [(1, 1.0), (7, 4.0), (1001, 1.0)])
def test_minimum_and_minimiser_are_the_closed_form(d: int, L: float) -> None:
    data, X, w = made(d, L)
    assert half_mean_square(data, w) == pytest.approx(L / (8 * (d + 1)), rel=1e-11)
    gradient = X.T @ (X @ w - data.y) / (d + 1)
    assert np.abs(gradient).max() <= 1e-14 * L
    np.testing.assert_allclose(w, np.linspace(1, 0, d + 2)[1:-1], rtol=0, atol=1e-15)


def test_hessian_has_the_eigenvalues_of_the_second_difference() -> None:
    d, L = 50, 3.0
    _, X, _ = made(d, L)
    k = np.arange(1, d + 1)
    expected = L / 4 * (2 - 2 * np.cos(k * math.pi / (d + 1)))
    np.testing.assert_allclose(
        np.linalg.eigvalsh((X.T @ X).toarray() / (d + 1)), expected, rtol=1e-12
    )
    assert expected.max() < L


def test_matrix_is_sparse_and_in_canonical_form() -> None:
    _, X, _ = made(6, 1.0)
    X.check_format(full_check=True)
    rebuilt = csr_array(X.toarray())
    np.testing.assert_array_equal(rebuilt.indices, X.indices)
    np.testing.assert_array_equal(rebuilt.indptr, X.indptr)
    assert X.indices.dtype == X.indptr.dtype == np.int32


def test_least_value_on_the_first_coordinates_is_the_lower_bound() -> None:
    d, L = 21, 2.0
    data, X, w_star = made(d, L)
    f_star = half_mean_square(data, w_star)
    for T in range(d + 1):
        w = np.zeros(d)
        if T:
            w[:T] = np.linalg.lstsq(X.toarray()[:, :T], data.y, rcond=None)[0]
        gap = half_mean_square(data, w) - f_star
        assert gap == pytest.approx(L / 8 * (1 / (T + 1) - 1 / (d + 1)), rel=1e-10, abs=1e-14)
    T = (d - 1) // 2
    published = 3 * L * float(w_star @ w_star) / (32 * (T + 1) ** 2)
    assert L / 8 * (1 / (T + 1) - 1 / (d + 1)) >= published > 0


def test_each_gradient_step_reaches_one_coordinate_further() -> None:
    d = 12
    data, X, _ = made(d, 1.0)
    w = np.zeros(d)
    for T in range(1, d + 1):
        w = w - 0.9 * (X.T @ (X @ w - data.y)) / (d + 1)
        assert w[T - 1] != 0
        assert not w[T:].any()


def test_name_and_hash_follow_the_parameters() -> None:
    one, again, other = (made(d, 1.0)[0] for d in (3, 3, 4))
    assert one.name == "generated:nesterov[n_features=3,L=1.0]"
    assert one.content_hash == again.content_hash
    assert len({one.content_hash, other.content_hash, made(3, 2.0)[0].content_hash}) == 3
