"""What every loss says of itself for its minimum to be certified; no registered one is named."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from builders import Array
from every_loss import at, every_loss, explodes, hypothesis, target
from hypothesis import given
from hypothesis import strategies as st

from lrbench.losses.base import Loss

GRID = np.linspace(-60.0, 60.0, 24001)
"""Scores with a step of 0.005; none lies at a target."""


def ends(loss: Any) -> Array:
    """Return the scores at which the derivative is as good as its limits."""
    return np.array([-700.0, 700.0] if explodes(loss) else [-1e6, 1e6])


def targets_of(loss: Any) -> list[float]:
    """Return different targets of its kind, 0 among the counts."""
    return sorted({target(loss, v) for v in (-2.3, -1.0, 0.2, 1.0, 3.4)})


@every_loss
def test_slopes_are_the_limits_of_the_derivative_and_the_domain_of_the_conjugate(loss: Any) -> None:
    for y in targets_of(loss):
        limits = [float(v[0]) for v in loss.slopes(np.array([y]))]
        reached = loss.derivative(ends(loss), np.full(2, y))
        for limit, slope, outwards in zip(limits, reached, (-1.0, 1.0), strict=True):
            if math.isinf(limit):
                assert outwards * slope > 1e5
                assert math.isfinite(at(loss.conjugate, float(slope), y))
            else:
                assert slope == pytest.approx(limit, abs=1e-9)
                assert math.isfinite(at(loss.conjugate, limit, y))
                assert at(loss.conjugate, limit + outwards * 1e-9, y) == math.inf


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
def test_pieces_add_up_to_the_loss_but_for_a_constant(loss: Any) -> None:
    """max_u u (z - t) - c u^2 / 2 over a fine grid of slopes."""
    y = np.array(targets_of(loss))
    if (parts := loss.pieces(y)) is None:
        assert loss.differentiable
        return
    Z = np.array([-9.0, -2.3, -0.9, 0.4, 1.7, 5.0])
    for i in range(len(y)):
        total = np.zeros(len(Z))
        for t, low, high in zip(parts.kink[:, i], parts.least[:, i], parts.most[:, i], strict=True):
            u = np.linspace(max(low, -12.0), min(high, 12.0), 160_001)
            lines = u * (Z[:, None] - t) - parts.dual_curvature * u * u / 2
            total += lines.max(axis=1)
        values = loss.value(Z, np.full_like(Z, y[i]))
        np.testing.assert_allclose(values - values[0], total - total[0], atol=1e-7)
    assert np.all(np.diff(parts.kink, axis=0) > 0.0)
    slopes = [loss.derivative(parts.kink[k] - 1e-9, y) for k in range(len(parts.kink))]
    for stated, slope in zip(parts.slopes, slopes, strict=False):
        if not parts.dual_curvature:
            np.testing.assert_allclose(stated, slope)


@every_loss
@hypothesis
@given(seed=st.integers(0, 10**6))
def test_a_small_excess_bounds_the_scores(loss: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.array([target(loss, v) for v in 2.0 * rng.standard_normal(9)])
    z, other = (rng.standard_normal(9) * 10.0 ** rng.uniform(-2, 1.5, 9) for _ in range(2))
    if explodes(loss):
        z, other = np.clip(z, -20, 20), np.clip(other, -20, 20)
    u, zeros = loss.derivative(other, y), np.zeros(9)
    excess = float((loss.value(z, y) + loss.conjugate(zeros, y)).sum())
    assert np.linalg.norm(z) <= loss.score_norm(y, excess) * (1 + 1e-12)
    products = float(np.maximum(u * z, 0.0).sum())
    assert products <= loss.product_bound(u, y, excess) * (1 + 1e-12) + 1e-12
    assert products <= Loss.product_bound(loss, u, y, excess) * (1 + 1e-12) + 1e-12


@every_loss
def test_magnitude_is_not_less_than_the_value(loss: Any) -> None:
    y = np.array(targets_of(loss))
    Z = np.random.default_rng(4).uniform(-3.0, 3.0, (len(y), 4))
    value, size = loss.value_and_magnitude(Z, y)
    np.testing.assert_array_equal(value, loss.value(Z, y))
    assert np.all(size >= np.abs(value))
