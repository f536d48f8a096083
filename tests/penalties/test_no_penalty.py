"""No penalty is zero."""

from __future__ import annotations

import numpy as np

from lrbench.penalties.none import NoPenalty


def test_zero_everywhere() -> None:
    W = np.array([[3.0, 0.0], [4.0, -2.0]])
    penalty = NoPenalty()
    np.testing.assert_array_equal(penalty.value(W), [0.0, 0.0])
    np.testing.assert_array_equal(penalty.gradient(W), np.zeros((2, 2)))
    np.testing.assert_array_equal(penalty.prox(W, np.array([1.0, 1e9])), W)
    assert penalty.weight == penalty.curvature == 0.0
