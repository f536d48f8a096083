"""A linear model in plain scalar Python."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = list[float]


def squared(z: float, y: float) -> tuple[float, float]:
    """Return the loss and its derivative."""
    return 0.5 * (z - y) ** 2, z - y


def logistic(z: float, y: float) -> tuple[float, float]:
    """Return the loss and its derivative, without overflow."""
    m = y * z
    if m > 0:
        return math.log1p(math.exp(-m)), -y * math.exp(-m) / (1.0 + math.exp(-m))
    return math.log1p(math.exp(m)) - m, -y / (1.0 + math.exp(m))


LOSSES = {"squared": squared, "logistic": logistic}


@dataclass(frozen=True)
class ScalarModel:
    """F(w) = mean of the losses + (weight / 2) |w|^2, the last coordinate free if `intercept`."""

    rows: list[Point]
    y: list[float]
    loss: str
    weight: float
    intercept: bool

    def value(self, w: Point) -> float:
        """Return F(w)."""
        phi = LOSSES[self.loss]
        mean = math.fsum(phi(dot(x, w), y)[0] for x, y in zip(self.rows, self.y, strict=True))
        penalised = w[:-1] if self.intercept else w
        return mean / len(self.rows) + 0.5 * self.weight * math.fsum(v * v for v in penalised)

    def gradient(self, w: Point, index: Sequence[int]) -> Point:
        """Return the gradient of the mean over the samples `index` at `w`."""
        phi = LOSSES[self.loss]
        slopes = [phi(dot(self.rows[i], w), self.y[i])[1] for i in index]
        out = []
        for j, v in enumerate(w):
            total = math.fsum(s * self.rows[i][j] for s, i in zip(slopes, index, strict=True))
            free = self.intercept and j == len(w) - 1
            out.append(total / len(index) + (0.0 if free else self.weight * v))
        return out


def dot(x: Point, w: Point) -> float:
    """Return x'w."""
    return math.fsum(a * b for a, b in zip(x, w, strict=True))
