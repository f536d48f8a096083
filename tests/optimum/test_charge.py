"""No explicit point lies below a certified minimum, on columns that nearly agree."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from optimum_problems import Array, problem

from lrbench.losses.absolute import Absolute
from lrbench.losses.base import Loss
from lrbench.losses.hinge import Hinge
from lrbench.losses.huber import Huber
from lrbench.losses.logistic import Logistic
from lrbench.losses.quantile import Quantile
from lrbench.losses.squared import Squared
from lrbench.losses.squared_hinge import SquaredHinge
from lrbench.optimum import find_optimum
from lrbench.losses.poisson import Poisson
from lrbench.optimum.charge import charge


def exact_value(X: Array, y: Array, w: Sequence[Fraction], loss: Loss) -> Fraction:
    """Return F(w) for a piecewise linear loss, in rational numbers."""
    total = Fraction(0)
    for row, target in zip(X, y, strict=True):
        z = sum((Fraction(float(x)) * v for x, v in zip(row, w, strict=True)), Fraction(0))
        t = Fraction(float(target))
        total += abs(z - t) if isinstance(loss, Absolute) else max(Fraction(0), 1 - t * z)
    return total / len(y)


def exact_minimum(X: Array, y: Array, loss: Loss) -> Fraction:
    """Return the least value at a vertex: at a w that two samples determine."""
    values = []
    for i, j in itertools.combinations(range(len(y)), 2):
        a, b, c, d = (Fraction(float(v)) for v in (*X[i], *X[j]))
        r, s = Fraction(float(y[i])), Fraction(float(y[j]))
        if determinant := a * d - b * c:
            w = ((r * d - b * s) / determinant, (a * s - r * c) / determinant)
            values.append(exact_value(X, y, w, loss))
    return min(values)


@pytest.mark.parametrize("agreement", [1e-2, 1e-6, 1e-8, 1e-9, 1e-12])
@pytest.mark.parametrize("loss", [Absolute(), Hinge()], ids=lambda loss: loss.name)
def test_no_certified_minimum_is_refuted_by_an_exact_point(loss: Loss, agreement: float) -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal(8)
        X = np.column_stack([x, x * (1 + agreement * rng.standard_normal(8))])
        noise = rng.standard_normal(8)
        y = noise if isinstance(loss, Absolute) else np.where(noise > 0, 1.0, -1.0)
        optimum = find_optimum(problem(X, y, loss), cache=None)
        least = exact_minimum(X, y, loss)
        assert Fraction(optimum.f_star) - Fraction(optimum.f_star_error) <= least
        if agreement == 1e-2:  # not only because the error is wide
            assert optimum.f_star_error <= 1e-9
            assert Fraction(optimum.f_star) - Fraction(1, 10**8) > least - Fraction(2, 10**8)


SLOPES: list[tuple[Loss, float]] = [
    (Squared(), 1.0),
    (Absolute(), 0.5),
    (Quantile(0.25), 0.2),
    (Huber(0.5), 0.4),
    (Logistic(), 0.5),
    (Hinge(), 0.5),
    (SquaredHinge(), 0.5),
]


@pytest.mark.parametrize(("loss", "size"), SLOPES, ids=lambda v: getattr(v, "name", str(v)))
def test_the_charge_bounds_the_products_on_the_level_set(loss: Loss, size: float) -> None:
    rng = np.random.default_rng(5)
    X = rng.standard_normal((40, 3)) @ np.array(
        [[1.0, 1.0, 0.0], [0.0, 1e-4, 0.0], [3.0, 0.0, 9.0]]
    )
    y = np.where(rng.standard_normal(40) > 0, 1.0, -1.0)
    if loss.task != "binary":
        y = rng.standard_normal(40)
    Q = np.linalg.qr(X)[0]
    u = rng.uniform(0.3, 1.0, 40) * (-y if loss.task == "binary" else rng.choice([-1.0, 1.0], 40))
    for _ in range(200):  # nearly orthogonal to the columns, with the signs of the slopes kept
        u = u - Q @ (Q.T @ u)
        if loss.task == "binary":
            u = np.where(u * y < 0, u, -1e-3 * y)
    u *= size / np.abs(u).max()
    p = problem(X, y, loss)
    tight = 0.0
    for level in (2.0, 20.0):
        bound = charge(p, u, level).bound
        for _ in range(300):
            w = np.linalg.lstsq(X, rng.standard_normal(40) * 10 ** rng.uniform(-2, 2), rcond=None)[
                0
            ]
            if p.value(w[:, None])[0] <= level:
                product = abs(float(np.mean(u * (X @ w))))
                assert product <= bound
                tight = max(tight, product / bound if math.isfinite(bound) else 0.0)
    assert tight > 0.0
