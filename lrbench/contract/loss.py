"""The contracts of a loss, all of which the registered ones keep, too."""

from __future__ import annotations

import dataclasses
import math
import typing
from typing import Any

import numpy as np

from lrbench.arrays import PerSample
from lrbench.config.parameters import check_kept, check_remade
from lrbench.contract.loss_certificate import (
    check_bounds,
    check_conjugate,
    check_pieces,
    check_slopes,
)
from lrbench.contract.loss_points import (
    EPS,
    differs,
    explodes,
    pairs,
    points,
    target,
    targets_of,
)
from lrbench.contract.outcome import BrokenContractError, Contract
from lrbench.contract.worker import check_sent
from lrbench.errors import LrbenchError
from lrbench.losses.base import Loss, TargetKind

PARAMETERS = (0.3, 0.9)
"""Values of parameters beside the defaults."""

FAR = (36.0, 600.0, 709.0, 710.0, 746.0, 800.0)
"""Scores at which exponentials overflow or vanish."""

BEYOND = np.array([1e300, -1e300])
"""Scores at which squares overflow."""


def loss_instances(cls: type) -> list[Any]:
    """Return the loss, with other parameters than the default ones too where it has any."""
    losses = [cls()]
    check_remade(losses[0], f"the loss {cls.__name__}")
    fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    for value in PARAMETERS if fields else ():
        try:
            loss = cls(**{field.name: value for field in fields})
        except (LrbenchError, ValueError):
            continue  # out of its range
        check_kept(loss, {field.name: value for field in fields}, f"the loss {cls.__name__}")
        losses.append(loss)
    return losses


def check_declared(loss: Loss) -> None:
    """Check the name, the kind of targets and the margin of a loss.

    Raises
    ------
    BrokenContractError
        If one of them is not what it must be.
    """
    if not isinstance(getattr(loss, "name", None), str):
        raise BrokenContractError("it has no name: write name = 'my-loss'.", "name")
    kinds = typing.get_args(TargetKind)
    if getattr(loss, "task", None) not in kinds:
        raise BrokenContractError(f"task is none of {', '.join(kinds)}.", "task")
    z, y = points(loss)
    if loss.margin:
        differs(
            loss.value(z, y) - loss.value(y * z, np.ones_like(y)),
            1e-14 * (1.0 + np.abs(loss.value(z, y))),
            "margin = True, and phi(z, y) is not phi(yz, 1)",
            "margin",
            z=z,
            y=y,
        )


def check_derivative(loss: Loss, z: PerSample, y: PerSample) -> None:
    """Check that the derivative lies between the one-sided differences of the value.

    Raises
    ------
    BrokenContractError
        If it does not, or is farther from their mean than the smoothness allows, or if the scaled
        derivative, which steps use, is that of another loss.
    """
    h = 2.0**-12
    value, derivative = loss.value(z, y), loss.derivative(z, y)
    differs(
        loss.scaled_derivative(z.copy(), y, -0.75) + 0.75 * derivative,
        8 * EPS * (1 + np.abs(derivative)),
        "scaled_derivative is not `factor` times the derivative",
        "scaled_derivative",
        z=z,
        y=y,
    )
    left, right = (value - loss.value(z - h, y)) / h, (loss.value(z + h, y) - value) / h
    rounding = 8 * EPS * (1 + np.abs(value)) / h
    outside = np.maximum(left - derivative, derivative - right)
    what = "the derivative is not that of the value by finite differences"
    differs(np.maximum(outside, 0.0), rounding, what, "derivative", z=z, y=y)
    if not math.isfinite(loss.smoothness):
        return
    apart = derivative - (left + right) / 2
    differs(apart, h * loss.smoothness + rounding, what, "derivative", z=z, y=y)
    central = (loss.value(z + h, y) - loss.value(z - h, y)) / (2 * h)
    bends = loss.second_derivative(z + h, y) - loss.second_derivative(z - h, y)
    allowed = np.maximum(1e-6 * np.abs(central), 1e-6 + rounding)
    allowed = np.where(np.abs(bends) < 0.01, allowed, math.inf)  # else a kink of the derivative
    differs(derivative - central, allowed, what, "derivative", z=z, y=y)


def check_second_derivative(loss: Loss, z: PerSample, y: PerSample) -> None:
    """Check that the second derivative is the difference of the first, and not negative.

    Raises
    ------
    BrokenContractError
        If it is not, or exceeds the smoothness.
    """
    h = 2.0**-14
    here, second = loss.derivative(z, y), loss.second_derivative(z, y)
    left = (here - loss.derivative(z - h, y)) / h
    right = (loss.derivative(z + h, y) - here) / h
    smooth = (np.abs(left - right) < 1e-3) & (np.maximum(left, right) < 1e3)  # else a kink
    mean = (left + right) / 2
    differs(
        second - mean,
        np.where(smooth, np.maximum(1e-6 * np.abs(mean), 1e-7), math.inf),
        "the second derivative is not that of the derivative by finite differences",
        "second_derivative",
        z=z,
        y=y,
    )
    least = np.where(second < 0.0, -second, 0.0)
    differs(least, 0.0, "the second derivative is negative", "second_derivative", z=z, y=y)
    _check_within(second, loss.smoothness, "second derivative", "smoothness", z, y)


def check_convex(loss: Loss, z: PerSample, v: PerSample, y: PerSample, share: PerSample) -> None:
    """Check that the value lies below its chords and above its tangents.

    Parameters
    ----------
    z, v
        The two ends of each chord.
    share
        Where on the chord, between 0 and 1.

    Raises
    ------
    BrokenContractError
        If it does not.
    """
    at_z, at_v = loss.value(z, y), loss.value(v, y)
    chord = share * at_z + (1 - share) * at_v
    above = loss.value(share * z + (1 - share) * v, y) - chord
    what = "the value lies above a chord, so that the loss is not convex"
    differs(np.maximum(above, 0.0), 1e-12 * (1 + np.abs(chord)), what, "value", z=z, v=v, y=y)
    tangent = at_z + loss.derivative(z, y) * (v - z)
    what = "the value lies below a tangent"
    below = np.maximum(tangent - at_v, 0.0)
    differs(below, 1e-11 * (1 + np.abs(tangent)), what, "derivative", z=z, v=v, y=y)


def check_constants(loss: Loss) -> None:
    """Check that smoothness, curvature and lipschitz are bounds.

    Raises
    ------
    BrokenContractError
        If one is exceeded.
    """
    z = np.concatenate([np.linspace(-60.0, 60.0, 24001), [-1e6, 1e6]])
    for number in targets_of(loss):
        y = np.full_like(z, number)
        slope, second = loss.derivative(z, y), loss.second_derivative(z, y)
        _check_within(np.abs(slope), loss.lipschitz, "absolute derivative", "lipschitz", z, y)
        _check_within(second, loss.smoothness, "second derivative", "smoothness", z, y)
        low = np.maximum(loss.curvature - second, 0.0)
        what = f"curvature = {loss.curvature:.4g} is more than the second derivative"
        differs(low, 4 * EPS * loss.curvature, what, "curvature", z=z, y=y)


def _check_within(
    values: PerSample, bound: float, what: str, name: str, z: PerSample, y: PerSample
) -> None:
    excess = np.maximum(values - bound, 0.0) if math.isfinite(bound) else np.zeros_like(z)
    text = f"the {what} is {float(np.max(values)):.4g}, more than {name} = {bound:.4g}"
    differs(excess, 4 * EPS * abs(bound), text, name, z=z, y=y)


def check_far(loss: Loss) -> None:
    """Check that value and derivatives are finite far out, or inf where they must overflow.

    Raises
    ------
    BrokenContractError
        If one is NaN, or overflows although the loss grows no faster than a parabola.
    """
    far = list(FAR)
    if explodes(loss):
        far = [x for x in far if x < 700.0]
    else:
        far.append(1e300 if math.isfinite(loss.lipschitz) else 1e150)
    z = np.array([*far, 0.0, *(-x for x in far)])
    for number in targets_of(loss):
        y = np.full_like(z, number)
        for name in ("value", "derivative", "second_derivative"):
            infinite = ~np.isfinite(getattr(loss, name)(z, y))
            what = f"{name} is infinite or NaN far out: avoid overflow, as by exp(-|z|)"
            differs(infinite.astype(float), 0.0, what, name, z=z, y=y)
            with np.errstate(all="ignore"):  # it may overflow there, but only to inf
                nan = np.isnan(getattr(loss, name)(BEYOND, y[:2])).astype(float)
            differs(nan, 0.0, f"{name} is NaN where it overflows", name, z=BEYOND, y=y[:2])


def check_shapes(loss: Loss) -> None:
    """Check that one and two axes agree, and that the input is left alone.

    Raises
    ------
    BrokenContractError
        If a shape is another, a lane depends on another, or an input is written to.
    """
    rng = np.random.default_rng(0)
    Z = 3.0 * rng.standard_normal((7, 4))
    y = np.array([target(loss, v) for v in rng.standard_normal(7)])
    before = Z.copy(), y.copy()
    for name in ("value", "derivative", "second_derivative"):
        method = getattr(loss, name)
        together = method(Z, y)
        if not (np.array_equal(Z, before[0]) and np.array_equal(y, before[1])):
            raise BrokenContractError(f"{name} writes to its input: work on a copy.", name)
        alone = [method(Z[:, k], y) for k in range(Z.shape[1])]
        if np.shape(together) != Z.shape or np.shape(alone[0]) != y.shape:
            raise BrokenContractError(
                f"{name} returns shape {np.shape(together)} for Z of {Z.shape}: return the shape"
                " of Z, with y as column(y, Z).",
                name,
            )
        if not np.allclose(together, np.column_stack(alone), rtol=1e-15, atol=0.0):
            raise BrokenContractError(
                f"{name} of a lane depends on other lanes: compute it elementwise.", name
            )


LOSS_CONTRACTS = (
    Contract("declared", "name, task and margin are declared", check_declared),
    Contract("shapes", "values are elementwise", check_shapes),
    Contract("derivative", "the derivative is that of the value",
             lambda loss: check_derivative(loss, *points(loss))),
    Contract("second-derivative", "the second derivative is that of the derivative",
             lambda loss: check_second_derivative(loss, *points(loss))),
    Contract("convex", "convex", lambda loss: check_convex(loss, *pairs(loss))),
    Contract("constants", "smoothness, curvature and lipschitz are bounds", check_constants),
    Contract("far-out", "finite at large scores", check_far),
    Contract("conjugate", "the conjugate is the supremum",
             lambda loss: check_conjugate(loss, *pairs(loss)[:3])),
    Contract("slopes", "slopes are the domain of the conjugate", check_slopes),
    Contract("pieces", "pieces add up to the value", check_pieces),
    Contract("bounds", "a small excess bounds the scores", check_bounds),
    Contract("worker", "can be sent to a worker", check_sent),
)  # fmt: skip
"""The first one says what the loss is at all."""
