"""What every penalty promises, registered or from another file; no registered one is named."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from builders import Array
from every_penalty import every_penalty, hypothesis, lanes
from hypothesis import given

from lrbench.contract import Contract
from lrbench.contract.penalty import (
    PENALTY_CONTRACTS,
    check_constants,
    check_form,
    check_gradient,
    check_prox,
)
from lrbench.contract.penalty_certificate import check_conjugate, check_distances, check_set
from lrbench.contract.penalty_points import RATES, SHAPE
from lrbench.penalties import PENALTIES
from lrbench.penalties.base import Penalty


@pytest.mark.parametrize("name", list(PENALTIES))
def test_the_registered_penalty_knows_its_name_and_has_the_base_class(name: str) -> None:
    assert PENALTIES.get(name).name == name
    assert issubclass(PENALTIES.get(name), Penalty)


@every_penalty
@pytest.mark.parametrize("contract", PENALTY_CONTRACTS, ids=str)
def test_every_penalty_keeps_every_contract(penalty: Any, contract: Contract) -> None:
    with np.errstate(all="ignore"):  # as in a run
        contract.check(penalty)


@every_penalty
@hypothesis
@given(W=lanes, V=lanes)
def test_gradient_and_prox_anywhere(penalty: Any, W: Array, V: Array) -> None:
    check_gradient(penalty, W, V)
    check_constants(penalty, W, V)
    check_prox(penalty, W, V)


@every_penalty
@hypothesis
@given(W=lanes, V=lanes)
def test_conjugate_and_set_anywhere(penalty: Any, W: Array, V: Array) -> None:
    check_conjugate(penalty, W, V)
    check_set(penalty, W)
    check_form(penalty, W)
    check_distances(penalty, W)


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


@every_penalty
def test_without_a_weight_it_does_nothing(penalty: Any) -> None:
    if penalty.weight == 0.0:
        W = np.random.default_rng(1).standard_normal(SHAPE)
        assert penalty.curvature == 0.0
        np.testing.assert_array_equal(penalty.gradient(W), np.zeros(SHAPE))
        if not penalty.indicator:
            np.testing.assert_array_equal(penalty.value(W), np.zeros(SHAPE[1]))
            np.testing.assert_array_equal(penalty.prox(W, RATES), W)
