"""What every registered penalty promises; no penalty is named here."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from builders import Array
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lrbench.penalties import PENALTIES

WEIGHTS = (0.0, 0.03, 1.0, 7.0)
SHAPE = (4, 3)
RATES = np.array([1e-3, 1.0, 50.0])


def instances() -> list[Any]:
    """Return every penalty, at several weights where it must be given one."""
    out = []
    for name in PENALTIES:
        cls = PENALTIES.get(name)
        needed = inspect.signature(cls).parameters["weight"].default is inspect.Parameter.empty
        out += [cls(weight) for weight in WEIGHTS] if needed else [cls()]
    return out


every_penalty = pytest.mark.parametrize("penalty", instances(), ids=str)
hypothesis = settings(derandomize=True, deadline=None, max_examples=50)
lanes = arrays(np.float64, SHAPE, elements=st.floats(-100, 100))


@every_penalty
def test_the_registered_penalty_knows_its_name(penalty: Any) -> None:
    assert PENALTIES.get(penalty.name) is type(penalty)


@every_penalty
@hypothesis
@given(W=lanes, D=lanes)
def test_value_lies_on_the_parabola_that_gradient_and_curvature_say(
    penalty: Any, W: Array, D: Array
) -> None:
    first = (penalty.gradient(W) * D).sum(axis=0)
    second = 0.5 * penalty.curvature * (D * D).sum(axis=0)
    expected = penalty.value(W) + first + second
    scale = 1.0 + np.abs(penalty.value(W)) + np.abs(first) + second
    assert np.all(np.abs(penalty.value(W + D) - expected) <= 1e-13 * scale)


@every_penalty
def test_gradient_by_differences(penalty: Any) -> None:
    W = np.random.default_rng(0).standard_normal(SHAPE)
    h = 1e-5
    for j in range(SHAPE[0]):
        step = np.zeros((SHAPE[0], 1))
        step[j] = h
        difference = (penalty.value(W + step) - penalty.value(W - step)) / (2 * h)
        np.testing.assert_allclose(penalty.gradient(W)[j], difference, rtol=1e-8, atol=1e-8)


@every_penalty
@hypothesis
@given(W=lanes, V=lanes)
def test_no_point_beats_the_prox(penalty: Any, W: Array, V: Array) -> None:
    def objective(U: Array) -> Array:
        out: Array = RATES * penalty.value(U) + 0.5 * ((U - W) ** 2).sum(axis=0)
        return out

    P = penalty.prox(W.copy(), RATES)
    assert P.shape == W.shape
    distance = 0.5 * ((V - P) ** 2).sum(axis=0)
    # The prox objective is 1-strongly convex: it grows at least like this away from its minimiser.
    assert np.all(objective(V) - objective(P) - distance >= -1e-11 * (1 + objective(V)))


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
        np.testing.assert_array_equal(penalty.value(W), np.zeros(SHAPE[1]))
        np.testing.assert_array_equal(penalty.gradient(W), np.zeros(SHAPE))
        np.testing.assert_array_equal(penalty.prox(W, RATES), W)


@every_penalty
def test_leaves_its_input_alone_and_keeps_lanes_apart(penalty: Any) -> None:
    W = np.random.default_rng(2).standard_normal(SHAPE)
    before = W.copy()
    value, gradient, prox = penalty.value(W), penalty.gradient(W), penalty.prox(W, RATES)
    assert value.shape == (SHAPE[1],)
    for k in range(SHAPE[1]):
        one = W[:, k : k + 1]
        np.testing.assert_allclose(penalty.value(one), value[k : k + 1], rtol=1e-15)
        np.testing.assert_array_equal(penalty.gradient(one), gradient[:, k : k + 1])
        np.testing.assert_array_equal(penalty.prox(one, RATES[k : k + 1]), prox[:, k : k + 1])
    np.testing.assert_array_equal(W, before)
