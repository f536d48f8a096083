"""What every loss promises, registered or from a file of its own; no registered one is named."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from every_loss import at, every_loss, explodes, hypothesis, scores, target, targets
from hypothesis import assume, given
from hypothesis import strategies as st

from lrbench.losses import LOSSES
from lrbench.losses.base import Loss


@pytest.mark.parametrize("name", list(LOSSES))
def test_the_registered_loss_knows_its_name_and_has_the_base_class(name: str) -> None:
    assert LOSSES.get(name).name == name
    assert issubclass(LOSSES.get(name), Loss)


@every_loss
@hypothesis
@given(z=scores, number=targets)
def test_derivative_lies_between_the_one_sided_differences(
    loss: Any, z: float, number: float
) -> None:
    y, h = target(loss, number), 2.0**-12
    value, derivative = at(loss.value, z, y), at(loss.derivative, z, y)
    left = (value - at(loss.value, z - h, y)) / h
    right = (at(loss.value, z + h, y) - value) / h
    rounding = 8 * np.finfo(float).eps * (1 + abs(value)) / h
    assert left - rounding <= derivative <= right + rounding
    if math.isfinite(loss.smoothness):
        assert abs(derivative - (left + right) / 2) <= h * loss.smoothness + rounding
        central = (at(loss.value, z + h, y) - at(loss.value, z - h, y)) / (2 * h)
        bends = [at(loss.second_derivative, v, y) for v in (z - h, z + h)]
        if abs(bends[0] - bends[1]) < 0.01:  # else a kink of the derivative
            assert derivative == pytest.approx(central, rel=1e-6, abs=1e-6 + rounding)


@every_loss
@hypothesis
@given(z=scores, number=targets)
def test_second_derivative_is_the_difference_of_the_first(
    loss: Any, z: float, number: float
) -> None:
    y, h = target(loss, number), 2.0**-14
    here = at(loss.derivative, z, y)
    left = (here - at(loss.derivative, z - h, y)) / h
    right = (at(loss.derivative, z + h, y) - here) / h
    assume(abs(left - right) < 1e-3)  # else a kink of the derivative
    assume(max(left, right) < 1e3)  # else a jump of the derivative
    second = at(loss.second_derivative, z, y)
    assert second == pytest.approx((left + right) / 2, rel=1e-6, abs=1e-7)
    assert 0 <= second <= loss.smoothness * (1 + 4 * np.finfo(float).eps)


@every_loss
@hypothesis
@given(z=st.floats(-800, 800), v=st.floats(-800, 800), number=targets, share=st.floats(0, 1))
def test_convex(loss: Any, z: float, v: float, number: float, share: float) -> None:
    y = target(loss, number)
    if explodes(loss):
        z, v = z / 40, v / 40
    chord = share * at(loss.value, z, y) + (1 - share) * at(loss.value, v, y)
    between = at(loss.value, share * z + (1 - share) * v, y)
    assert between <= chord + 1e-12 * (1 + abs(chord))
    tangent = at(loss.value, z, y) + at(loss.derivative, z, y) * (v - z)
    assert at(loss.value, v, y) >= tangent - 1e-11 * (1 + abs(tangent))


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
@given(z=st.floats(-20, 20), at_other=st.floats(-20, 20), number=targets)
def test_fenchel_young(loss: Any, z: float, at_other: float, number: float) -> None:
    y = target(loss, number)
    u = at(loss.derivative, at_other, y)
    values = abs(at(loss.value, z, y)) + abs(at(loss.value, at_other, y))
    rounding = 1e-12 * (1 + abs(u * z) + values)
    assert at(loss.value, z, y) + at(loss.conjugate, u, y) >= u * z - rounding
    equal = at(loss.value, at_other, y) + at(loss.conjugate, u, y)
    assert equal == pytest.approx(u * at_other, abs=1e-12 * (1 + abs(u * at_other) + abs(equal)))


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
def test_stable_far_out(loss: Any) -> None:
    far = [36.0, 600.0]
    if not explodes(loss):
        far += [709.0, 710.0, 746.0, 800.0, 1e300 if math.isfinite(loss.lipschitz) else 1e150]
    z = np.array([*far, 0.0, *(-x for x in far)])
    for number in (-1.0, 1.0):
        y = np.full_like(z, target(loss, number))
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            out = [loss.value(z, y), loss.derivative(z, y), loss.second_derivative(z, y)]
        assert all(np.all(np.isfinite(a)) for a in out)


@every_loss
def test_one_and_two_axes_agree_and_leave_their_input_alone(loss: Any) -> None:
    rng = np.random.default_rng(0)
    Z = 3 * rng.standard_normal((7, 4))
    y = np.array([target(loss, v) for v in rng.standard_normal(7)])
    before = Z.copy(), y.copy()
    for method in (loss.value, loss.derivative, loss.second_derivative):
        together = method(Z, y)
        assert together.shape == Z.shape
        for k in range(Z.shape[1]):
            np.testing.assert_allclose(together[:, k], method(Z[:, k], y), rtol=1e-15)
    np.testing.assert_array_equal(Z, before[0])
    np.testing.assert_array_equal(y, before[1])


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
@given(z=scores, number=targets)
def test_second_derivative_is_zero_where_the_derivative_is_flat(
    loss: Any, z: float, number: float
) -> None:
    y, h = target(loss, number), 2.0**-14
    slopes = [at(loss.derivative, v, y) for v in (z - h, z, z + h)]
    if math.isinf(loss.smoothness) and slopes[0] == slopes[2]:
        # exp(z) - y is flat to rounding where exp(z) is nothing beside y.
        assert at(loss.second_derivative, z, y) <= 1e-11 * abs(slopes[1])
    assert at(loss.second_derivative, z, y) >= 0.0
