"""The logistic loss against scipy.special."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import entr, expit, log_expit

from lrbench.losses.logistic import Logistic

Z = np.concatenate([np.linspace(-50, 50, 1001), [-745.0, -300.0, 300.0, 709.5, 745.0]])
LOSS = Logistic()


def test_at_zero() -> None:
    zero, y = np.zeros(2), np.array([1.0, -1.0])
    np.testing.assert_array_equal(LOSS.derivative(zero, y), [-0.5, 0.5])
    np.testing.assert_array_equal(LOSS.second_derivative(zero, y), [0.25, 0.25])
    np.testing.assert_allclose(LOSS.value(zero, y), math.log(2), rtol=1e-15)


def test_value_is_accurate_in_both_tails() -> None:
    for sign in (-1.0, 1.0):
        y = np.full_like(Z, sign)
        np.testing.assert_allclose(LOSS.value(Z, y), -log_expit(sign * Z), rtol=4e-15)


def test_derivatives_are_accurate_in_both_tails() -> None:
    for sign in (-1.0, 1.0):
        y = np.full_like(Z, sign)
        # The far tail of expit is subnormal: there only its size is known.
        first, second = -sign * expit(-sign * Z), expit(Z) * expit(-Z)
        np.testing.assert_allclose(LOSS.derivative(Z, y), first, rtol=1e-14, atol=1e-300)
        np.testing.assert_allclose(LOSS.second_derivative(Z, y), second, rtol=1e-14, atol=1e-300)


def test_conjugate_is_the_negative_entropy() -> None:
    p = np.linspace(0.0, 1.0, 101)
    for sign in (-1.0, 1.0):
        expected = -(entr(p) + entr(1.0 - p))
        np.testing.assert_allclose(
            LOSS.conjugate(-sign * p, np.full_like(p, sign)), expected, rtol=1e-13, atol=1e-15
        )
