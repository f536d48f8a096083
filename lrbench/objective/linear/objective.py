"""The linear model: a loss of the scores X @ W plus a penalty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lrbench.arrays import (
    Lanes,
    Mask,
    PerLane,
    PerSample,
    Scores,
    Vector,
)
from lrbench.objective.linear.matrix import DataMatrix, product
from lrbench.objective.meter import Stopwatch

if TYPE_CHECKING:
    from lrbench.losses.base import Loss
    from lrbench.penalties.base import Penalty

EPS = float(np.finfo(np.float64).eps)

UNDERFLOW = float(np.finfo(np.float64).tiny) / EPS
"""Below this size the terms of a number may have lost digits to underflow."""

STRIP = 1 << 10
"""Lanes that meet a block of rows together: 8 MiB of scores. The width is a multiple of 8, so that
the bits of a lane are those beside any other lanes."""


@dataclass(frozen=True, eq=False)
class LinearObjective:
    r"""The objective of a linear model.

    .. math:: F(w) = \frac1n \sum_{i=1}^n \varphi(x_i^\top w, y_i) + R(w)

    Parameters
    ----------
    data
        X, (n_samples, n_features); with an intercept its column of ones is the last.
    y
        Targets, (n_samples,).
    loss, penalty
        phi and R; the intercept is not penalised.
    intercept
        Whether the last column is the intercept's.
    """

    data: DataMatrix
    y: PerSample
    loss: Loss
    penalty: Penalty
    intercept: bool

    @property
    def n_samples(self) -> int:
        """The number of samples."""
        return self.data.shape[0]

    @property
    def n_features(self) -> int:
        """The number of columns of X, the intercept's included."""
        return self.data.shape[1]

    @property
    def nbytes(self) -> int:
        """The size of X and y."""
        return self.data.nbytes + self.y.nbytes

    @cached_property
    def n_penalised(self) -> int:
        """The number of coordinates that the penalty sees."""
        return self.n_features - self.intercept

    @cached_property
    def shrinkage(self) -> float | None:
        """The factor of W that is the penalty's gradient; None where that is no multiple of W."""
        shrinks = self.penalty.shrinks and not self.intercept
        return self.penalty.curvature if shrinks and self.penalty.curvature else None

    @property
    def bounds(self) -> tuple[Vector, Vector]:
        """The least and the largest value of every coordinate, (n_features,) each."""
        lower, upper = self.penalty.bounds(self.n_penalised)
        free = np.full(self.n_features - self.n_penalised, np.inf)
        return np.concatenate([lower, -free]), np.concatenate([upper, free])

    def value(self, W: Lanes) -> PerLane:
        """Return F of every column of `W`, (n_lanes,)."""
        return self.mean_loss(W) + self.penalty.value(W[: self.n_penalised])

    def mean_loss(self, W: Lanes) -> PerLane:
        """Return the mean loss of every column of `W`, (n_lanes,)."""
        if W.shape[1] > STRIP:
            return np.concatenate([self.mean_loss(W[:, lanes]) for lanes in strips(W)])
        total = np.zeros(W.shape[1])
        for rows, X, _ in self.data.blocks(W.shape[1]):
            Z, y = product(X, W), self.y[rows]
            total += self.loss.sums(Z, y)
        total /= self.n_samples
        return total

    def finite_penalty(self, W: Lanes) -> PerLane:
        """Return the penalty of every column of `W`; 0 for an indicator."""
        if self.penalty.indicator:
            return np.zeros(W.shape[1])
        return self.penalty.value(W[: self.n_penalised])

    def gradient(self, W: Lanes) -> Lanes:
        """Return the (sub)gradient of F at every column of `W`, shape of `W`."""
        G = self.loss_gradient(W)
        self.add_penalty_gradient(G, W)
        return G

    def loss_gradient(self, W: Lanes) -> Lanes:
        """Return the (sub)gradient of the mean loss, without the penalty, shape of `W`."""
        if W.shape[1] > STRIP:
            return np.hstack([self.loss_gradient(W[:, lanes]) for lanes in strips(W)])
        G: Lanes | None = None
        for rows, X, XT in self.data.blocks(W.shape[1]):
            G_block = product(XT, self.loss.scaled_derivative(product(X, W), self.y[rows], 1.0))
            G = G_block if G is None else np.add(G, G_block, out=G)
        assert G is not None
        G /= self.n_samples
        return G

    def derivatives(self, W: Lanes) -> Scores:
        """Return the derivative of the loss of every sample in its score, (n_samples, n_lanes)."""
        blocks = self.data.blocks(W.shape[1])
        R = [self.loss.derivative(product(X, W), self.y[rows]) for rows, X, _ in blocks]
        return np.concatenate(R)

    def combine(self, R: Scores) -> Lanes:
        """Return X'R / n_samples, (n_features, n_lanes)."""
        G = np.zeros((self.n_features, R.shape[1]))
        for rows, _, XT in self.data.blocks(R.shape[1]):
            G += product(XT, R[rows])
        G /= self.n_samples
        return G

    @np.errstate(over="ignore")  # an exponential of inf has the derivative 0
    def value_and_gradient(self, W: Lanes, watch: Stopwatch | None = None) -> tuple[PerLane, Lanes]:
        """Return F and its gradient for every column; a running `watch` pauses for the values."""
        watch = watch or Stopwatch()
        if W.shape[1] > STRIP:
            parts = [self.value_and_gradient(W[:, lanes], watch) for lanes in strips(W)]
            values, gradients = zip(*parts, strict=True)
            return np.concatenate(values), np.hstack(gradients)
        total = np.zeros(W.shape[1])
        G: Lanes | None = None
        for rows, X, XT in self.data.blocks(W.shape[1]):
            Z, y = product(X, W), self.y[rows]
            with watch.paused():  # a step needs the gradient only
                total += self.loss.sums(Z, y)
            G_block = product(XT, self.loss.scaled_derivative(Z, y, 1.0))
            G = G_block if G is None else np.add(G, G_block, out=G)
        assert G is not None
        G /= self.n_samples
        self.add_penalty_gradient(G, W)
        with watch.paused():
            total /= self.n_samples
            total += self.penalty.value(W[: self.n_penalised])
        return total, G

    def add_penalty_gradient(self, G: Lanes, W: Lanes) -> None:
        """Add the (sub)gradient of the penalty at `W` to `G` in place; an indicator's is 0."""
        if self.shrinkage is not None:
            G += self.shrinkage * W
        elif self.penalty.weight:
            penalised = G[: self.n_penalised]  # G[:p] += … would copy the sum once more
            penalised += self.penalty.gradient(W[: self.n_penalised])

    def penalty_gradient(self, W: Lanes) -> Lanes:
        """Return the (sub)gradient of the penalty at `W`, a new array; an indicator's is 0."""
        if self.shrinkage is not None:
            return self.shrinkage * W
        G = np.zeros(W.shape)
        self.add_penalty_gradient(G, W)
        return G

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        """Return the penalty's prox at `W`, which leaves the intercept alone; `W` is used up."""
        W[: self.n_penalised] = self.penalty.prox(W[: self.n_penalised], lr)
        return W

    def confine(self, W: Lanes) -> Mask | None:
        """Project `W` in place on the set of an indicator; return which lanes moved, or None."""
        if not self.penalty.indicator:
            return None
        penalised = W[: self.n_penalised]
        projected = self.penalty.prox(penalised, np.ones(W.shape[1]))
        moved: Mask = (projected != penalised).any(axis=0)
        W[: self.n_penalised] = projected
        return moved if moved.any() else None


def strips(W: Lanes) -> Iterator[slice]:
    """Yield ranges of at most `STRIP` columns of `W`."""
    return (slice(k, k + STRIP) for k in range(0, W.shape[1], STRIP))
