"""Slopes that sum to 0 exactly, as a free intercept asks of a dual point."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from optimum_problems import Logistic, Squared, classes, problem, regression, with_ones

from lrbench.losses.absolute import Absolute
from lrbench.losses.base import Loss
from lrbench.losses.hinge import Hinge
from lrbench.losses.quantile import Quantile
from lrbench.optimum.dual_slopes import balanced
from lrbench.optimum.fenchel import gap_at
from lrbench.penalties.base import Penalty
from lrbench.penalties.elastic_net import ElasticNet
from lrbench.penalties.l1 import L1
from lrbench.penalties.l2 import L2

LOSSES: list[Loss] = [Logistic(), Squared(), Absolute(), Quantile(0.25), Hinge()]


def exact_sum(u: np.ndarray) -> Fraction:
    return sum((Fraction(float(value)) for value in u), Fraction(0))


def slopes(loss: Loss, n: int, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return targets, and slopes in the domain whose sum is 0 but for rounding."""
    rng = np.random.default_rng(n)
    y = np.where(np.arange(n) % 2, 1.0, -1.0)
    if loss.task == "regression":
        y = scale * rng.standard_normal(n)
    size = rng.uniform(0.05, 0.2, n)
    half = np.concatenate([size[: n // 2], size[: n // 2]])
    u = half * np.concatenate([np.ones(n // 2), -np.ones(n // 2)])
    if loss.task == "binary":
        u = -y * half[np.argsort(np.argsort(y, kind="stable"), kind="stable")]
    if isinstance(loss, Squared):
        u = scale * u
    return y, u * (1 + 1e-16 * rng.standard_normal(n))


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("n", [2, 6, 40, 1000])
def test_the_sum_is_exactly_0_and_the_slopes_stay_in_the_domain(loss: Loss, n: int) -> None:
    y, u = slopes(loss, n)
    exact = balanced(loss, u, y)
    assert exact is not None
    assert exact_sum(exact) == 0
    assert np.isfinite(loss.conjugate(exact, y)).all()
    np.testing.assert_allclose(exact, u, rtol=0, atol=1e-13 * np.abs(u).max())


@pytest.mark.parametrize("scale", [1e-100, 1e-9, 1e9, 1e100])
def test_slopes_of_any_size_are_balanced(scale: float) -> None:
    y, u = slopes(Squared(), 40, scale)
    exact = balanced(Squared(), u, y)
    assert exact is not None
    assert exact_sum(exact) == 0
    np.testing.assert_allclose(exact, u, rtol=1e-12)


def test_slopes_at_the_end_of_the_domain_are_left_there() -> None:
    y = np.zeros(6)
    u = np.array([1.0, 1.0, -1.0, -1.0, 0.5 + 2.0**-40, -0.5])
    exact = balanced(Absolute(), u, y)
    assert exact is not None
    assert exact[:4].tolist() == [1.0, 1.0, -1.0, -1.0]
    assert exact_sum(exact) == 0


def test_what_is_no_slope_is_refused() -> None:
    assert balanced(Absolute(), np.array([np.nan, 1.0]), np.zeros(2)) is None
    assert balanced(Absolute(), np.array([np.inf, 1.0]), np.zeros(2)) is None


def test_zeros_stay_zeros() -> None:
    assert balanced(Squared(), np.zeros(5), np.ones(5)) is not None


@pytest.mark.parametrize("penalty", [L2(0.1), L1(0.05), ElasticNet(0.1, 0.5)], ids=str)
@pytest.mark.parametrize("loss", [Logistic(), Squared(), Absolute()], ids=lambda loss: loss.name)
def test_the_gap_beside_an_intercept_holds_for_every_intercept(
    loss: Loss, penalty: Penalty
) -> None:
    X, y = (classes if loss.task == "binary" else regression)(30, 3, 4)
    p = problem(with_ones(1e3 * X), y, loss, intercept=True, penalty=penalty)
    w = np.array([1e-4, -2e-4, 1e-4, 0.3])
    u = 0.25 * loss.derivative(p.data.X @ w, y)
    positive = u > 0
    # The larger side is shrunk until the sum is 0 but for rounding.
    larger = positive if u.sum() > 0 else ~positive
    u[larger] *= -u[~larger].sum() / u[larger].sum()
    gap = gap_at(p, w, u)
    assert np.isfinite(gap.error)
    assert exact_sum(gap.u) == 0
    # D(u) bounds F below wherever the intercept is, however far away.
    for far in (0.0, 1e6, -1e9):
        v = w + np.array([0.0, 0.0, 0.0, far])
        assert p.value(v[:, None])[0] >= gap.value - gap.error
