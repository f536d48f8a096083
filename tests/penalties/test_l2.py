"""The l2 penalty against its closed form."""

from __future__ import annotations

import numpy as np

from lrbench.penalties.l2 import L2

W = np.array([[3.0, 0.0], [4.0, -2.0]])


def test_value_gradient_and_curvature() -> None:
    penalty = L2(0.5)
    np.testing.assert_array_equal(penalty.value(W), [6.25, 1.0])
    np.testing.assert_array_equal(penalty.gradient(W), [[1.5, 0.0], [2.0, -1.0]])
    assert penalty.curvature == 0.5


def test_prox_divides_by_one_plus_lr_times_weight() -> None:
    out = L2(0.5).prox(W, np.array([2.0, 6.0]))
    np.testing.assert_array_equal(out, [[1.5, 0.0], [2.0, -0.5]])
