"""Values worked out by hand, and parameters out of range."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lrbench.errors import UsageError
from lrbench.losses.absolute import Absolute
from lrbench.losses.hinge import Hinge
from lrbench.losses.huber import Huber
from lrbench.losses.poisson import Poisson
from lrbench.losses.quantile import Quantile
from lrbench.losses.squared_hinge import SquaredHinge


@pytest.mark.parametrize(
    ("loss", "z", "y", "value", "derivative", "second"),
    [
        (Hinge(), 0.25, 1.0, 0.75, -1.0, 0.0),
        (Hinge(), 0.25, -1.0, 1.25, 1.0, 0.0),
        (Hinge(), 1.0, 1.0, 0.0, 0.0, 0.0),
        (SquaredHinge(), -1.0, 1.0, 2.0, -2.0, 1.0),
        (SquaredHinge(), 3.0, 1.0, 0.0, 0.0, 0.0),
        (Absolute(), 1.0, 3.5, 2.5, -1.0, 0.0),
        (Absolute(), 3.5, 3.5, 0.0, 0.0, 0.0),
        (Quantile(0.75), 1.0, 3.0, 1.5, -0.75, 0.0),
        (Quantile(0.75), 3.0, 1.0, 0.5, 0.25, 0.0),
        (Quantile(0.75), 1.0, 1.0, 0.0, 0.0, 0.0),
        (Huber(2.0), 1.0, 0.0, 0.5, 1.0, 1.0),
        (Huber(2.0), 5.0, 0.0, 8.0, 2.0, 0.0),
        (Huber(2.0), -5.0, 0.0, 8.0, -2.0, 0.0),
        (Poisson(), 0.0, 3.0, 1.0, -2.0, 1.0),
        (Poisson(), np.log(2.0), 0.0, 2.0, 2.0, 2.0),
    ],
)
def test_by_hand(
    loss: Any, z: float, y: float, value: float, derivative: float, second: float
) -> None:
    at = np.array([z]), np.array([y])
    assert loss.value(*at)[0] == pytest.approx(value, rel=1e-15)
    assert loss.derivative(*at)[0] == pytest.approx(derivative, rel=1e-15)
    assert loss.second_derivative(*at)[0] == pytest.approx(second, rel=1e-15)


def test_half_the_absolute_loss_is_the_loss_of_the_median() -> None:
    rng = np.random.default_rng(0)
    z, y = rng.standard_normal((2, 50))
    np.testing.assert_allclose(Quantile(0.5).value(z, y), 0.5 * Absolute().value(z, y), rtol=1e-15)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.8])
def test_a_quantile_of_the_targets_is_the_best_constant(level: float) -> None:
    y = np.random.default_rng(1).standard_normal(101)
    grid = np.sort(y)
    best = min(grid, key=lambda z: Quantile(level).value(np.full_like(y, z), y).sum())
    below = np.mean(y <= best)
    assert level <= below <= level + 1 / len(y) + 1e-12


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, np.nan])
def test_a_level_out_of_range_is_refused(level: float) -> None:
    with pytest.raises(UsageError, match="not between 0 and 1"):
        Quantile(level)


@pytest.mark.parametrize("threshold", [0.0, -1.0, np.inf, np.nan])
def test_a_threshold_out_of_range_is_refused(threshold: float) -> None:
    with pytest.raises(UsageError, match="not a positive number"):
        Huber(threshold)
