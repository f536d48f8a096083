"""What every penalty promises, registered or from another file; no registered one is named."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from builders import Array
from every_penalty import (
    RATES,
    SHAPE,
    every_penalty,
    hypothesis,
    indicator,
    inside,
    lanes,
    smooth_penalty,
)
from hypothesis import given

from lrbench.penalties import PENALTIES
from lrbench.penalties.base import Penalty


@pytest.mark.parametrize("name", list(PENALTIES))
def test_the_registered_penalty_knows_its_name_and_has_the_base_class(name: str) -> None:
    assert PENALTIES.get(name).name == name
    assert issubclass(PENALTIES.get(name), Penalty)


@smooth_penalty
@hypothesis
@given(W=lanes, D=lanes)
def test_value_lies_on_the_parabola_that_gradient_and_curvature_say(
    penalty: Any, W: Array, D: Array
) -> None:
    assert penalty.curvature == penalty.smoothness
    first = (penalty.gradient(W) * D).sum(axis=0)
    second = 0.5 * penalty.curvature * (D * D).sum(axis=0)
    expected = penalty.value(W) + first + second
    scale = 1.0 + np.abs(penalty.value(W)) + np.abs(first) + second
    assert np.all(np.abs(penalty.value(W + D) - expected) <= 1e-13 * scale)


@every_penalty
@hypothesis
@given(W=lanes, V=lanes)
def test_value_lies_above_the_parabola_of_the_subgradient(penalty: Any, W: Array, V: Array) -> None:
    W, V = inside(penalty, W), inside(penalty, V)
    D = V - W
    first = (penalty.gradient(W) * D).sum(axis=0)
    second = 0.5 * penalty.curvature * (D * D).sum(axis=0)
    scale = 1.0 + penalty.value(W) + np.abs(first) + second
    assert np.all(penalty.value(V) - penalty.value(W) - first - second >= -1e-13 * scale)


@every_penalty
def test_curvature_is_no_smaller_than_it_could_be(penalty: Any) -> None:
    W, D = np.full((1, 1), 30.0), np.full((1, 1), 1.0)
    if not penalty.indicator:
        second = penalty.value(W + D) - 2 * penalty.value(W) + penalty.value(W - D)
        assert penalty.curvature == pytest.approx(float(second[0]), rel=1e-9, abs=1e-9)


@every_penalty
def test_gradient_by_differences(penalty: Any) -> None:
    if penalty.indicator:
        np.testing.assert_array_equal(penalty.gradient(np.ones(SHAPE)), np.zeros(SHAPE))
        return
    W = np.random.default_rng(0).standard_normal(SHAPE)
    assert np.abs(W).min() > 1e-4  # no kink between the two points
    h = 1e-5
    for j in range(SHAPE[0]):
        step = np.zeros((SHAPE[0], 1))
        step[j] = h
        difference = (penalty.value(W + step) - penalty.value(W - step)) / (2 * h)
        np.testing.assert_allclose(penalty.gradient(W)[j], difference, rtol=1e-8, atol=1e-8)


@every_penalty
@hypothesis
@given(W=lanes, V=lanes)
def test_gradients_are_within_the_claims(penalty: Any, W: Array, V: Array) -> None:
    length = np.linalg.norm(penalty.gradient(W), axis=0)
    assert np.all(length <= penalty.lipschitz(SHAPE[0]) * (1 + 1e-14))
    if math.isfinite(penalty.smoothness):
        change = np.linalg.norm(penalty.gradient(W) - penalty.gradient(V), axis=0)
        apart = np.linalg.norm(W - V, axis=0)
        assert np.all(change <= penalty.smoothness * apart * (1 + 1e-14) + 1e-13)


@every_penalty
def test_the_claims_are_no_larger_than_they_must_be(penalty: Any) -> None:
    far = penalty.gradient(np.full(SHAPE, 1e6))
    length = float(np.linalg.norm(far[:, 0]))
    if math.isfinite(penalty.lipschitz(SHAPE[0])):
        assert length == pytest.approx(penalty.lipschitz(SHAPE[0]), rel=1e-14)
    else:
        assert length > 1e3
    if math.isinf(penalty.smoothness):
        near = penalty.gradient(np.full(SHAPE, 1e-12)) - penalty.gradient(np.full(SHAPE, -1e-12))
        assert np.abs(near).min() > 1e-3


@every_penalty
@hypothesis
@given(W=lanes, V=lanes)
def test_no_point_beats_the_prox(penalty: Any, W: Array, V: Array) -> None:
    def objective(U: Array) -> Array:
        out: Array = RATES * penalty.value(U) + 0.5 * ((U - W) ** 2).sum(axis=0)
        return out

    P = penalty.prox(W.copy(), RATES)
    assert P.shape == W.shape
    for U in (V, inside(penalty, V)):
        distance = 0.5 * ((U - P) ** 2).sum(axis=0)
        # The prox objective is 1-strongly convex: it grows at least so away from its minimiser.
        least = -1e-11 * (1 + objective(inside(penalty, U)))
        assert np.all(objective(U) - objective(P) - distance >= least)


@every_penalty
@pytest.mark.parametrize("lr", [0.01, 1.0, 8.0])
def test_prox_is_the_best_of_a_fine_grid(penalty: Any, lr: float) -> None:
    grid = np.linspace(-80.0, 80.0, 320_001)
    for w in (-70.0, -1.3, -0.02, 0.0, 0.4, 45.0):
        with np.errstate(invalid="ignore"):
            values = lr * penalty.value(grid[None, :]) + 0.5 * (grid - w) ** 2
        found = penalty.prox(np.array([[w]]), np.array([lr]))[0, 0]
        assert found == pytest.approx(grid[np.argmin(values)], abs=5.1e-4)


@every_penalty
@hypothesis
@given(W=lanes, V=lanes)
def test_fenchel_young(penalty: Any, W: Array, V: Array) -> None:
    W = inside(penalty, W)
    product = (W * V).sum(axis=0)
    scale = 1.0 + np.abs(product) + np.abs(W * V).sum(axis=0) + penalty.value(W)
    assert np.all(penalty.value(W) + penalty.conjugate(V) >= product - 1e-13 * scale)


@every_penalty
@hypothesis
@given(W=lanes)
def test_fenchel_young_is_an_equation_at_a_subgradient(penalty: Any, W: Array) -> None:
    if penalty.indicator:
        P = inside(penalty, W)
        W, V = P, W - P  # the residual of a projection is normal to the set
    else:
        V = penalty.gradient(W)
    both = penalty.value(W) + penalty.conjugate(V)
    scale = 1.0 + np.abs(W * V).sum(axis=0)
    np.testing.assert_allclose(both / scale, (W * V).sum(axis=0) / scale, atol=1e-13)


@every_penalty
def test_conjugate_is_the_supremum_on_a_grid(penalty: Any) -> None:
    grid = np.linspace(-50.0, 50.0, 100_001)
    for v in (-0.9, -0.01, 0.0, 0.3, 2.0):
        conjugate = float(penalty.conjugate(np.array([[v]]))[0])
        with np.errstate(invalid="ignore"):
            values = grid * v - penalty.value(grid[None, :])
        best = int(np.argmax(values))
        if 0 < best < len(grid) - 1:
            assert conjugate == pytest.approx(values[best], abs=1e-5)
        else:
            assert conjugate >= values[best]


@indicator
@hypothesis
@given(W=lanes)
def test_an_indicator_is_zero_inside_and_infinite_outside(penalty: Any, W: Array) -> None:
    P = penalty.prox(W.copy(), RATES)
    np.testing.assert_array_equal(penalty.value(P), np.zeros(SHAPE[1]))
    np.testing.assert_allclose(penalty.prox(P.copy(), RATES), P, rtol=1e-15)
    size = 1.0 + np.linalg.norm(P, axis=0)
    moved = np.linalg.norm(W - P, axis=0) > 1e-9 * size
    assert np.all(penalty.value(W)[moved] == np.inf)


@every_penalty
@hypothesis
@given(W=lanes)
def test_gradient_only_scales_where_it_says_that_it_shrinks(penalty: Any, W: Array) -> None:
    if penalty.shrinks:
        np.testing.assert_array_equal(penalty.gradient(W), penalty.curvature * W)


@every_penalty
def test_without_a_weight_it_does_nothing(penalty: Any) -> None:
    if penalty.weight == 0.0:
        W = np.random.default_rng(1).standard_normal(SHAPE)
        assert penalty.curvature == 0.0
        np.testing.assert_array_equal(penalty.gradient(W), np.zeros(SHAPE))
        if not penalty.indicator:
            np.testing.assert_array_equal(penalty.value(W), np.zeros(SHAPE[1]))
            np.testing.assert_array_equal(penalty.prox(W, RATES), W)


@every_penalty
def test_leaves_its_input_alone_and_keeps_lanes_apart(penalty: Any) -> None:
    W = np.random.default_rng(2).standard_normal(SHAPE)
    before = W.copy()
    value, gradient, prox = penalty.value(W), penalty.gradient(W), penalty.prox(W, RATES)
    conjugate = penalty.conjugate(W)
    assert value.shape == conjugate.shape == (SHAPE[1],)
    for k in range(SHAPE[1]):
        one = W[:, k : k + 1]
        np.testing.assert_allclose(penalty.value(one), value[k : k + 1], rtol=1e-15)
        np.testing.assert_allclose(penalty.conjugate(one), conjugate[k : k + 1], rtol=1e-15)
        np.testing.assert_array_equal(penalty.gradient(one), gradient[:, k : k + 1])
        np.testing.assert_array_equal(penalty.prox(one, RATES[k : k + 1]), prox[:, k : k + 1])
    np.testing.assert_array_equal(W, before)
