"""What every loss says of itself for its minimum to be certified; no registered one is named."""

from __future__ import annotations

from typing import Any

import numpy as np
from every_loss import every_loss, hypothesis
from hypothesis import given, settings
from hypothesis import strategies as st

from lrbench.contract.loss_certificate import check_bounds_at
from lrbench.contract.loss_points import target, targets_of

GRID = np.linspace(-60.0, 60.0, 24001)
"""Scores with a step of 0.005; none lies at a target."""


@every_loss
def test_curvature_is_the_least_second_derivative(loss: Any) -> None:
    for y in targets_of(loss):
        second = loss.second_derivative(GRID, np.full_like(GRID, y))
        assert loss.curvature <= second.min() < loss.curvature + 1e-9
        assert loss.quadratic == (loss.differentiable and second.max() - second.min() < 1e-9)


@every_loss
def test_the_derivative_jumps_unless_it_is_continuous(loss: Any) -> None:
    z = GRID[GRID < 3.0]
    jumps = [np.diff(loss.derivative(z, np.full_like(z, y))).max() for y in targets_of(loss)]
    assert (min(jumps) > 0.2) is not loss.differentiable
    assert max(jumps) < 0.2 or not loss.differentiable


@every_loss
def test_slopes_of_pieces_are_those_of_the_derivative(loss: Any) -> None:
    y = np.array(targets_of(loss))
    if (parts := loss.pieces(y)) is None or parts.dual_curvature:
        return
    slopes = [loss.derivative(parts.kink[k] - 1e-9, y) for k in range(len(parts.kink))]
    for stated, slope in zip(parts.slopes, slopes, strict=False):
        np.testing.assert_allclose(stated, slope)


@every_loss
@settings(hypothesis, max_examples=100)
@given(seed=st.integers(0, 10**6))
def test_a_small_excess_bounds_the_scores(loss: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.array([target(loss, v) for v in 2.0 * rng.standard_normal(9)])
    z, other = (rng.standard_normal(9) * 10.0 ** rng.uniform(-2, 1.5, 9) for _ in range(2))
    check_bounds_at(loss, z, other, y)
