"""Sums over samples, and data that carry the signs of the targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lrbench.arrays import column_products, column_sums
from lrbench.losses import LOSSES
from lrbench.losses.base import UNIT_TARGET
from lrbench.losses.logistic import Logistic

every_loss = pytest.mark.parametrize("name", list(LOSSES))


def scores(task: str, n: int = 700) -> tuple[Any, Any]:
    rng = np.random.default_rng(2)
    Z = rng.standard_normal((n, 5)) * [1e-9, 1.0, 5.0, 30.0, 90.0]
    y = np.where(rng.random(n) < 0.4, 1.0, -1.0)
    return Z, np.abs(np.round(2 * Z[:, 1])) if task == "count" else y


@every_loss
def test_sums_are_those_of_the_values(name: str) -> None:
    loss = LOSSES.get(name)()
    Z, y = scores(loss.task)
    before = Z.copy()
    np.testing.assert_allclose(loss.sums(Z, y), loss.value(Z, y).sum(axis=0), rtol=1e-13)
    np.testing.assert_array_equal(Z, before)


@every_loss
@pytest.mark.parametrize("factor", [1.0, -1.0 / 7.0])
def test_scaled_derivatives_are_those_of_the_derivative(name: str, factor: float) -> None:
    loss = LOSSES.get(name)()
    Z, y = scores(loss.task)
    expected = factor * loss.derivative(Z, y)
    signed = factor * loss.derivative(Z, UNIT_TARGET)
    np.testing.assert_allclose(loss.scaled_derivative(Z.copy(), y, factor), expected, rtol=1e-14)
    found = loss.scaled_derivative(Z.copy(), UNIT_TARGET, factor)
    np.testing.assert_allclose(found, signed, rtol=1e-14)


@every_loss
def test_signs_may_be_carried_by_the_data(name: str) -> None:
    loss = LOSSES.get(name)()
    assert loss.margin is (loss.task == "binary")
    if loss.margin:
        Z, y = scores(loss.task)
        one, signed = np.ones(1), y[:, None] * Z
        np.testing.assert_array_equal(loss.value(Z, y), loss.value(signed, one))
        R = y[:, None] * loss.derivative(signed, one)
        np.testing.assert_array_equal(loss.derivative(Z, y), R)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 20.0, 700.0, 1e5])
@pytest.mark.parametrize("right", [False, True])
def test_the_logistic_sum_errs_by_a_few_units_a_sample(scale: float, right: bool) -> None:
    Z, y = scores("binary", 5000)
    Z = scale * (np.abs(Z[:, 1:2]) * y[:, None] if right else Z[:, 1:2])
    exact = Logistic().value(Z, y).astype(np.longdouble).sum(axis=0)
    error = np.abs(Logistic().sums(Z, y) - exact)
    assert np.all(error <= 1e-15 * (len(y) + exact))


@pytest.mark.parametrize("n", [1, 2, 31, 32, 33, 64, 65, 511, 512])
def test_columns(n: int) -> None:
    A = np.random.default_rng(n).uniform(0.9, 1.1, (n, 3))
    np.testing.assert_allclose(column_sums(A), A.sum(axis=0), rtol=1e-13)
    expected = A.prod(axis=0)
    np.testing.assert_allclose(column_products(A), expected, rtol=1e-13)
