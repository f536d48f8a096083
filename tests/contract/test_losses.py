"""What every loss promises, registered or from a file of its own; no registered one is named."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from builders import Array
from every_loss import at, every_loss, hypothesis, points_of, scores, targets
from hypothesis import given
from hypothesis import strategies as st

from lrbench.contract import Contract
from lrbench.contract.loss import (
    LOSS_CONTRACTS,
    check_convex,
    check_derivative,
    check_far,
    check_second_derivative,
)
from lrbench.contract.loss_certificate import check_conjugate
from lrbench.contract.loss_points import explodes, target
from lrbench.losses import LOSSES
from lrbench.losses.base import Loss


@pytest.mark.parametrize("name", list(LOSSES))
def test_the_registered_loss_knows_its_name_and_has_the_base_class(name: str) -> None:
    assert LOSSES.get(name).name == name
    assert issubclass(LOSSES.get(name), Loss)


@every_loss
@pytest.mark.parametrize("contract", LOSS_CONTRACTS, ids=str)
def test_every_loss_keeps_every_contract(loss: Any, contract: Contract) -> None:
    with np.errstate(all="ignore"):  # as in a run
        contract.check(loss)


def of_kind(loss: Any, numbers: Array) -> Array:
    """Return targets of the loss's kind, one for each number."""
    return np.array([target(loss, number) for number in numbers])


@every_loss
@hypothesis
@given(points=points_of(scores, targets))
def test_derivatives_are_those_of_the_value_anywhere(loss: Any, points: Array) -> None:
    z, numbers = points
    y = of_kind(loss, numbers)
    check_derivative(loss, z, y)
    check_second_derivative(loss, z, y)


@every_loss
@hypothesis
@given(points=points_of(st.floats(-800, 800), st.floats(-800, 800), targets, st.floats(0, 1)))
def test_convex_anywhere(loss: Any, points: Array) -> None:
    z, v, numbers, share = points
    if explodes(loss):
        z, v = z / 40, v / 40
    check_convex(loss, z, v, of_kind(loss, numbers), share)


@every_loss
@pytest.mark.parametrize("number", [-3.0, -1.0, 1.0, 2.5])
def test_smoothness_and_lipschitz_are_suprema(loss: Any, number: float) -> None:
    z = np.concatenate([np.linspace(-60, 60, 24001), [-1e6, 1e6]])
    y = np.full_like(z, target(loss, number))
    steepest = np.abs(loss.derivative(z, y)).max()
    if math.isfinite(loss.lipschitz):
        assert 0.999 * loss.lipschitz < steepest <= loss.lipschitz
    else:
        assert steepest > 1e5
    if math.isfinite(loss.smoothness):
        sharpest = loss.second_derivative(z, y).max()
        assert 0.999 * loss.smoothness < sharpest <= loss.smoothness


@every_loss
@hypothesis
@given(points=points_of(st.floats(-20, 20), st.floats(-20, 20), targets))
def test_fenchel_young_anywhere(loss: Any, points: Array) -> None:
    z, other, numbers = points
    check_conjugate(loss, z, other, of_kind(loss, numbers))


@every_loss
@pytest.mark.parametrize("number", [-2.0, 1.0])
def test_conjugate_is_the_supremum_on_a_grid(loss: Any, number: float) -> None:
    y = target(loss, number)
    z = np.linspace(-40, 40, 160001)
    values = loss.value(z, np.full_like(z, y))
    for anchor in (-6.0, -0.5, 0.0, 0.3, 4.0):
        u = at(loss.derivative, anchor, y)
        grid = float(np.max(u * z - values))
        assert at(loss.conjugate, u, y) == pytest.approx(grid, abs=1e-6)
        assert at(loss.conjugate, u, y) >= grid - 1e-12


@every_loss
def test_conjugate_is_infinite_outside_its_domain(loss: Any) -> None:
    if math.isfinite(loss.lipschitz):
        for number in (-1.0, 1.0):
            for u in (-1.5 * loss.lipschitz, 1.5 * loss.lipschitz):
                assert at(loss.conjugate, u, target(loss, number)) == math.inf


@every_loss
def test_nothing_overflows_far_out(loss: Any) -> None:
    if explodes(loss):  # which overflows where it must
        return
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        check_far(loss)


@every_loss
def test_what_overflows_is_infinite_and_no_nan(loss: Any) -> None:
    if explodes(loss):
        z = np.array([710.0, 1e300])
        for number in (0.0, 3.0):
            y = np.full_like(z, target(loss, number))
            for method in (loss.value, loss.derivative, loss.second_derivative):
                assert np.all(method(z, y) == math.inf)


@every_loss
@hypothesis
@given(points=points_of(scores, targets))
def test_second_derivative_is_zero_where_the_derivative_is_flat(loss: Any, points: Array) -> None:
    z, numbers = points
    y, h = of_kind(loss, numbers), 2.0**-14
    before, here, after = (loss.derivative(v, y) for v in (z - h, z, z + h))
    second = loss.second_derivative(z, y)
    if math.isinf(loss.smoothness):
        # exp(z) - y is flat to rounding where exp(z) is nothing beside y.
        assert np.all((second <= 1e-11 * np.abs(here))[before == after])
    assert np.all(second >= 0.0)
