"""A linear model in plain scalar Python."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

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

    def value(self, w: Point, index: Sequence[int] | None = None) -> float:
        """Return the mean over the samples `index` at `w`, and F(w) without an index."""
        phi, samples = LOSSES[self.loss], range(len(self.rows)) if index is None else index
        total = math.fsum(phi(dot(self.rows[i], w), self.y[i])[0] for i in samples)
        penalised = w[:-1] if self.intercept else w
        return total / len(samples) + 0.5 * self.weight * math.fsum(v * v for v in penalised)

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


@dataclass(frozen=True)
class Sampled:
    """F on the samples of each step, which `order` names, and on all samples."""

    model: ScalarModel
    order: Sequence[Sequence[int]]
    f_star: float

    @property
    def n_samples(self) -> int:
        """The number of all samples."""
        return len(self.model.rows)

    @property
    def horizon(self) -> int:
        """The number of steps."""
        return len(self.order)

    @property
    def batch_size(self) -> int:
        """The number of samples of a step."""
        return len(self.order[0])

    def gradient(self, t: int, w: Point) -> Point:
        """Return the gradient at `w` on the samples of step `t`."""
        return self.model.gradient(w, self.order[t])

    def value(self, t: int, w: Point) -> float:
        """Return the objective at `w` on the samples of step `t`."""
        return self.model.value(w, self.order[t])

    def full_gradient(self, w: Point) -> Point:
        """Return the gradient of F at `w`."""
        return self.model.gradient(w, range(self.n_samples))

    def sample_gradient(self, i: int, w: Point) -> Point:
        """Return the gradient at `w` on sample `i`."""
        return self.model.gradient(w, [i])


@dataclass(frozen=True)
class Rounded(Sampled):
    """The same with other rounding: points and values differ in their last digits."""

    numbers: Random

    def gradient(self, t: int, w: Point) -> Point:
        return super().gradient(t, self.nearby(w))

    def value(self, t: int, w: Point) -> float:
        (value,) = self.nearby([super().value(t, self.nearby(w))])
        return value

    def full_gradient(self, w: Point) -> Point:
        return super().full_gradient(self.nearby(w))

    def nearby(self, numbers: Point) -> Point:
        """Return the numbers changed by up to 4 units in the last place."""
        return [x * (1.0 + self.numbers.randint(-4, 4) * 2.0**-53) for x in numbers]


def dot(x: Point, w: Point) -> float:
    """Return x'w."""
    return math.fsum(a * b for a, b in zip(x, w, strict=True))
