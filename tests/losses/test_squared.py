"""The squared loss against its closed form."""

from __future__ import annotations

import numpy as np

from lrbench.losses.squared import Squared

LOSS = Squared()
Z, Y = np.array([3.0, -1.0, 0.0]), np.array([1.0, 2.0, -4.0])


def test_value_and_derivatives() -> None:
    np.testing.assert_array_equal(LOSS.value(Z, Y), [2.0, 4.5, 8.0])
    np.testing.assert_array_equal(LOSS.derivative(Z, Y), [2.0, -3.0, 4.0])
    np.testing.assert_array_equal(LOSS.second_derivative(Z, Y), [1.0, 1.0, 1.0])


def test_conjugate() -> None:
    np.testing.assert_array_equal(LOSS.conjugate(np.array([2.0, 0.0, -1.0]), Y), [4.0, 0.0, 4.5])


def test_lanes_broadcast_against_targets() -> None:
    both = LOSS.derivative(np.column_stack([Z, 2 * Z]), Y)
    np.testing.assert_array_equal(both, [[2.0, 5.0], [-3.0, -4.0], [4.0, 4.0]])
