"""No explicit point lies below a certified minimum, on columns that nearly agree."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction

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
from lrbench.optimum import Optimum, find_optimum
from lrbench.optimum.charge import charge


def solution(rows: list[list[Fraction]], right: list[Fraction]) -> list[Fraction] | None:
    """Solve a square system by elimination; None if it is singular."""
    system = [[*row, value] for row, value in zip(rows, right, strict=True)]
    for i in range(len(system)):
        pivot = next((k for k in range(i, len(system)) if system[k][i]), None)
        if pivot is None:
            return None
        system[i], system[pivot] = system[pivot], system[i]
        for k in range(len(system)):
            if k != i and (factor := system[k][i] / system[i][i]):
                system[k] = [a - factor * b for a, b in zip(system[k], system[i], strict=True)]
    return [row[-1] / row[i] for i, row in enumerate(system)]


def exact_minimum(X: Array, y: Array, loss: Loss) -> Fraction:
    """Return the least F at a vertex, a w that n_features samples determine, exactly."""
    n, d = X.shape
    rows = [[Fraction(float(v)) for v in row] for row in X]
    targets = [Fraction(float(v)) for v in y]
    values: list[Fraction] = []
    for chosen in itertools.combinations(range(n), d):
        w = solution([rows[i] for i in chosen], [targets[i] for i in chosen])
        if w is None:
            continue
        total = Fraction(0)
        for row, t in zip(rows, targets, strict=True):
            z = sum((x * v for x, v in zip(row, w, strict=True)), Fraction(0))
            total += abs(z - t) if isinstance(loss, Absolute) else max(Fraction(0), 1 - t * z)
        values.append(total / n)
    return min(values)


def refuted(optimum: Optimum, least: Fraction) -> bool:
    """Return whether a point with the value `least` lies below the certified minimum."""
    return Fraction(optimum.f_star) - Fraction(optimum.f_star_error) > least


def nearly_collinear(loss: Loss, agreement: float, seed: int) -> tuple[Array, Array]:
    """Return 8 x 2 or 7 x 3 data in many units, the last column nearly a sum of the others."""
    rng = np.random.default_rng(seed)
    n, d = ((8, 2), (7, 3))[seed % 2]
    X = rng.standard_normal((n, d))
    X[:, -1] = X[:, :-1].sum(axis=1) * (1 + agreement * rng.standard_normal(n))
    X *= 10.0 ** rng.integers(-3, 4, d)
    noise = rng.standard_normal(n)
    return X, noise if isinstance(loss, Absolute) else np.where(noise > 0, 1.0, -1.0)


@pytest.mark.parametrize("agreement", [1e-4, 1e-6, 1e-8, 1e-9, 1e-12, 1e-14, 1e-15])
@pytest.mark.parametrize("loss", [Absolute(), Hinge()], ids=lambda loss: loss.name)
def test_the_certified_minimum_is_that_in_rational_numbers(loss: Loss, agreement: float) -> None:
    for seed in range(8):
        X, y = nearly_collinear(loss, agreement, seed)
        optimum = find_optimum(problem(X, y, loss), cache=None)
        least = exact_minimum(X, y, loss)
        assert not refuted(optimum, least)
        assert abs(Fraction(optimum.f_star) - least) <= Fraction(optimum.f_star_error)
        assert optimum.f_star_error <= 1e-11
        # A minimum that is too high by a billionth would be seen.
        assert refuted(replace(optimum, f_star=optimum.f_star + 1e-9), least)


@pytest.mark.slow
@pytest.mark.parametrize("loss", [Absolute(), Hinge()], ids=lambda loss: loss.name)
def test_hundreds_of_certified_minima_are_those_in_rational_numbers(loss: Loss) -> None:
    for seed in range(100, 300):
        X, y = nearly_collinear(loss, 10.0 ** -(4 + seed % 12), seed)
        optimum = find_optimum(problem(X, y, loss), cache=None)
        least = exact_minimum(X, y, loss)
        assert abs(Fraction(optimum.f_star) - least) <= Fraction(optimum.f_star_error)
        assert optimum.f_star_error <= 1e-10


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
