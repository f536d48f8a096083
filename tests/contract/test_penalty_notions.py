"""What every penalty says of itself for its minimum to be certified; no registered one is named."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from builders import Array
from every_penalty import every_penalty, hypothesis, lanes
from hypothesis import given

from lrbench.contract.penalty_points import SHAPE, SIGNS, inside

N = SHAPE[0]


@every_penalty
@hypothesis
@given(W=lanes)
def test_reach_and_diameter_are_the_largest_distances(penalty: Any, W: Array) -> None:
    w = inside(penalty, W)[:, :1]
    far = np.hstack([1e9 * SIGNS, -1e9 * w])
    points = penalty.prox(far, np.ones(far.shape[1])) if penalty.indicator else far
    apart = np.linalg.norm(points[:, :, None] - points[:, None, :], axis=0).max()
    away = np.linalg.norm(points - w, axis=0).max()
    for largest, claim in ((away, penalty.reach(w[:, 0])), (apart, penalty.diameter(N))):
        if math.isinf(claim):
            assert largest > 1e8
        else:
            # The farthest point of a ball lies behind its centre, which may be w itself.
            assert largest == pytest.approx(claim, rel=1e-12)
