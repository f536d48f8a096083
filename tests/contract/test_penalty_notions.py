"""What every penalty says of itself for its minimum to be certified; no registered one is named."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from builders import Array
from every_penalty import SHAPE, every_penalty, hypothesis, indicator, inside, lanes
from hypothesis import given

N = SHAPE[0]
SIGNS = np.array(list(itertools.product([-1.0, 1.0], repeat=N))).T
"""The directions of all corners, (N, 2^N)."""


@every_penalty
@hypothesis
@given(W=lanes)
def test_without_a_set_it_is_made_of_l1_and_a_square(penalty: Any, W: Array) -> None:
    if not penalty.indicator:
        columns = [[abs(float(v)) for v in column] for column in W.T]
        expected = [
            sum(penalty.l1 * v + penalty.curvature * v * v / 2 for v in column)
            for column in columns
        ]
        np.testing.assert_allclose(penalty.value(W), expected, rtol=1e-13)
    assert penalty.vanishes is (not penalty.indicator and not penalty.value(SIGNS).any())


@every_penalty
def test_slopes_are_the_domain_of_the_conjugate(penalty: Any) -> None:
    for side, limits in zip((-1.0, 1.0), penalty.slopes(N), strict=True):
        for j, limit in enumerate(side * limits):
            V = np.zeros((N, 2))
            V[j] = [side * 1e9, 0.0] if limit == math.inf else [side * limit, side * (limit + 1e-9)]
            inside, outside = penalty.conjugate(V)
            assert math.isfinite(inside)
            assert math.isfinite(outside) == math.isinf(limit)


@indicator
def test_bounds_and_radius_are_those_of_the_set(penalty: Any) -> None:
    lower, upper = penalty.bounds(N)
    assert np.isfinite([*lower, *upper, penalty.radius]).any()
    for direction in SIGNS.T:
        corner = np.where(direction > 0, upper, lower)
        if math.isfinite(penalty.radius):
            corner = direction * penalty.radius / 2.0  # |direction| = 2
        finite = np.isfinite(corner)
        corner = np.where(finite, corner, 1e7 * direction)
        beyond = corner + np.where(finite, 1e-3 * direction, 0.0)
        expected = [0.0, math.inf if finite.any() else 0.0]
        assert penalty.value(np.stack([corner, beyond], axis=1)).tolist() == expected


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
