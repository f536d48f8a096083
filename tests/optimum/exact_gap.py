"""The duality gap in rational arithmetic, by formulas that share no code with the package."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from optimum_problems import Array


def rows_of(X: Array) -> list[list[Fraction]]:
    return [[Fraction(float(x)) for x in row] for row in np.asarray(X)]


def fractions_of(v: Array) -> list[Fraction]:
    return [Fraction(float(x)) for x in v]


def scores(X: Array, w: Array) -> list[Fraction]:
    weights = fractions_of(w)
    return [
        sum((a * b for a, b in zip(row, weights, strict=True)), Fraction()) for row in rows_of(X)
    ]


def transposed(X: Array, u: Array) -> list[Fraction]:
    """Return X^T u / n."""
    columns = zip(*rows_of(X), strict=True)
    slopes, n = fractions_of(u), len(u)
    return [sum((a * b for a, b in zip(c, slopes, strict=True)), Fraction()) / n for c in columns]


def two_slope_gap(
    X: Array, y: Array, w: Array, u: Array, bounds: list[tuple[Fraction, Fraction]], strength: float
) -> tuple[Fraction, Fraction]:
    """Return F(w) and F(w) - D(u) for max_{l <= u <= h} u (z - y) beside l2, no intercept.

    For slopes outside their bounds the assertion fails.
    """
    n, weight = len(y), Fraction(strength)
    kinks, slopes = fractions_of(y), fractions_of(u)
    assert all(low <= s <= high for s, (low, high) in zip(slopes, bounds, strict=True))
    z = scores(X, w)
    loss = sum(
        (
            max(low * (a - t), high * (a - t))
            for a, t, (low, high) in zip(z, kinks, bounds, strict=True)
        ),
        Fraction(),
    )
    primal = loss / n + weight / 2 * sum((v * v for v in fractions_of(w)), Fraction())
    q = transposed(X, u)
    dual = -sum((s * t for s, t in zip(slopes, kinks, strict=True)), Fraction()) / n
    dual -= sum((v * v for v in q), Fraction()) / (2 * weight)
    return primal, primal - dual


def lasso_gap(
    X: Array, y: Array, w: Array, u: Array, weight: float, *, intercept: bool
) -> tuple[Fraction, Fraction]:
    """Return F(w) and F(w) - D(u) of the lasso; the last column of X may be an intercept's.

    For slopes that are not feasible, however little, the assertion fails.
    """
    n, l1 = len(y), Fraction(weight)
    q, p = transposed(X, u), X.shape[1] - intercept
    assert all(abs(v) <= l1 for v in q[:p])
    assert all(v == 0 for v in q[p:])
    targets, slopes = fractions_of(y), fractions_of(u)
    residuals = [a - t for a, t in zip(scores(X, w), targets, strict=True)]
    primal = sum((r * r for r in residuals), Fraction()) / (2 * n)
    primal += l1 * sum((abs(v) for v in fractions_of(w[:p])), Fraction())
    dual = -sum((s * s / 2 + s * t for s, t in zip(slopes, targets, strict=True)), Fraction()) / n
    return primal, primal - dual
