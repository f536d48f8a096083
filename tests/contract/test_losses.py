"""What every loss promises, registered or from a file of its own; no registered one is named."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from builders import Array
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from own_parts import Bent, LogCosh, Steep

from lrbench.losses import LOSSES
from lrbench.losses.base import Loss


def instances() -> list[Any]:
    """Return every loss, with other parameters than the default ones too where it has any."""
    out: list[Any] = []
    for cls in (*map(LOSSES.get, LOSSES), Bent, LogCosh, Steep):
        out.append(cls())
        keys = [f.name for f in dataclasses.fields(cls)] if dataclasses.is_dataclass(cls) else []
        if keys:
            out += [cls(**dict.fromkeys(keys, value)) for value in (0.3, 0.9)]
    return out


every_loss = pytest.mark.parametrize(
    "loss", instances(), ids=lambda x: x.name if str(x).startswith("<") else str(x)
)
hypothesis = settings(max_examples=100, suppress_health_check=list(HealthCheck))
scores = st.floats(-30, 30)
targets = st.floats(-10, 10)


def target(loss: Any, number: float) -> float:
    if loss.task == "binary":
        return math.copysign(1.0, number)
    return float(round(abs(number))) if loss.task == "count" else number


def explodes(loss: Any) -> bool:
    """Return whether the loss has neither bound: it then grows faster than any parabola."""
    return math.isinf(loss.smoothness) and math.isinf(loss.lipschitz)


def at(method: Any, z: float, y: float) -> float:
    return float(method(np.array([z]), np.array([y]))[0])


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
