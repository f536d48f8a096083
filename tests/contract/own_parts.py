"""Losses and penalties that lrbench does not know, as a file outside it may define them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lrbench.arrays import Lanes, PerLane, PerSample, Scores, Vector
from lrbench.losses.base import Loss, column
from lrbench.losses.pieces import Pieces
from lrbench.penalties.base import Penalty

KINKS = np.array([-0.5, 0.3])
"""Residuals at which the slope of `Bent` changes."""

SLOPES = np.array([-0.7, 0.2, 1.5])
"""The slopes left of the first kink, between them, and right of the second."""


@dataclass(frozen=True)
class Bent(Loss):
    """The maximum of three affine functions of the residual, which is 0 at the first kink."""

    name = "bent"
    task = "regression"
    scale: float = 1.0

    @property
    def lipschitz(self) -> float:
        return float(self.scale * SLOPES[-1])

    def offsets(self) -> Vector:
        """Return b_k of the affine functions `SLOPES` r + b_k, (3,)."""
        steps = -np.diff(SLOPES) * KINKS
        return np.asarray(np.concatenate([[0.0], np.cumsum(steps)]) - SLOPES[0] * KINKS[0])

    def value(self, Z: Scores, y: PerSample) -> Scores:
        R = Z - column(y, Z)
        lines = [a * R + b for a, b in zip(SLOPES, self.offsets(), strict=True)]
        return np.asarray(self.scale * np.max(lines, axis=0))

    def derivative(self, Z: Scores, y: PerSample) -> Scores:
        return self.scale * SLOPES[np.searchsorted(KINKS, Z - column(y, Z))]

    def second_derivative(self, Z: Scores, y: PerSample) -> Scores:
        return np.zeros_like(Z)

    def conjugate(self, u: PerSample, y: PerSample) -> PerSample:
        least, most = self.scale * SLOPES[0], self.scale * SLOPES[-1]
        corners = [u * (y + t) - self.value(y + t, y) for t in KINKS]
        return np.where((u < least) | (u > most), np.inf, np.max(corners, axis=0))

    def pieces(self, y: PerSample) -> Pieces:
        rise = self.scale * np.diff(SLOPES)
        least = np.array([self.scale * SLOPES[0], 0.0])
        ones = np.ones_like(y)
        kink = y + KINKS[:, None]
        return Pieces(kink, least[:, None] * ones, (least + rise)[:, None] * ones, 0.0)


class LogCosh(Loss):
    """A smooth loss between the squared and the absolute one, with no pieces and no bounds."""

    name = "log-cosh"
    task = "regression"
    smoothness = 1.0
    lipschitz = 1.0

    def value(self, Z: Scores, y: PerSample) -> Scores:
        A = np.abs(Z - column(y, Z))
        return A + np.log1p(np.exp(-2.0 * A)) - math.log(2.0)

    def derivative(self, Z: Scores, y: PerSample) -> Scores:
        return np.tanh(Z - column(y, Z))

    def second_derivative(self, Z: Scores, y: PerSample) -> Scores:
        E = np.exp(-2.0 * np.abs(Z - column(y, Z)))
        return 4.0 * E / np.square(1.0 + E)

    def conjugate(self, u: PerSample, y: PerSample) -> PerSample:
        with np.errstate(divide="ignore", invalid="ignore"):
            halves = [np.where(v > 0.0, 0.5 * v * np.log(v), 0.0) for v in (1.0 + u, 1.0 - u)]
        return np.where(np.abs(u) > 1.0, np.inf, halves[0] + halves[1] + u * y)


@dataclass(frozen=True)
class Steep(Loss):
    """A parabola that is steeper than that of the squared loss."""

    name = "steep"
    task = "regression"
    factor: float = 3.0

    @property
    def smoothness(self) -> float:
        return self.factor

    @property
    def curvature(self) -> float:
        return self.factor

    def value(self, Z: Scores, y: PerSample) -> Scores:
        return 0.5 * self.factor * np.square(Z - column(y, Z))

    def derivative(self, Z: Scores, y: PerSample) -> Scores:
        return self.factor * (Z - column(y, Z))

    def second_derivative(self, Z: Scores, y: PerSample) -> Scores:
        return np.full_like(Z, self.factor)

    def conjugate(self, u: PerSample, y: PerSample) -> PerSample:
        return 0.5 * u * u / self.factor + u * y


@dataclass(frozen=True)
class Sides(Penalty):
    """A box whose sides have different lengths; from `half_open` on each is open on one side.

    Coordinate j lies between -width / (j + 2) and width (j + 1). Where it is open, an even one has
    no upper bound, and an odd one no lower bound.
    """

    name = "sides"
    indicator = True
    weight = 0.0
    width: float = 30.0
    half_open: float = math.inf

    def bounds(self, n_penalised: int) -> tuple[Vector, Vector]:
        j = np.arange(n_penalised)
        is_open, even = j >= self.half_open, j % 2 == 0
        lower = np.where(is_open & ~even, -np.inf, -self.width / (j + 2))
        return lower, np.where(is_open & even, np.inf, self.width * (j + 1.0))

    def value(self, W: Lanes) -> PerLane:
        lower, upper = self.bounds(len(W))
        slack = 1e-12 * self.width
        inside = (lower[:, None] - slack <= W) & (upper[:, None] + slack >= W)
        return np.where(inside.all(axis=0), 0.0, np.inf)

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        lower, upper = self.bounds(len(W))
        return np.clip(W, lower[:, None], upper[:, None])

    def conjugate(self, V: Lanes) -> PerLane:
        lower, upper = self.bounds(len(V))
        with np.errstate(invalid="ignore"):  # 0 times inf
            products = np.where(V > 0.0, V * upper[:, None], V * lower[:, None])
        return np.asarray(np.where(V == 0.0, 0.0, products).sum(axis=0))


@dataclass(frozen=True)
class Slope(Penalty):
    """A penalty in the usual form that says its factors only."""

    name = "slope"
    weight: float

    @property
    def l1(self) -> float:
        return 0.25 * self.weight

    @property
    def curvature(self) -> float:
        return 2.0 * self.weight


class Simplex(Penalty):
    """A set that is neither a box nor a ball: coefficients >= 0 with sum 1."""

    name = "simplex"
    indicator = True
    weight = 0.0
