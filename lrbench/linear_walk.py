"""How a run goes through a linear problem: full batches, minibatches, or touched columns only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lrbench.arrays import Index, Lanes, Mask, PerLane, PerSample, Vector, inner, norm_sq
from lrbench.matrix import CHUNK_BYTES, row_range
from lrbench.oracle import Ball, Gradient, Meter, Observer
from lrbench.scaled import ScaledWalk

if TYPE_CHECKING:
    from lrbench.linear import LinearObjective
    from lrbench.minibatches import Minibatches

CHUNK_SAMPLES = 4096
"""Samples gathered at a time: the cost of gathering is spread over many minibatches."""


def linear_walk(
    objective: LinearObjective,
    w0: Vector,
    w_star: Vector | None,
    ball: Ball | None,
    minibatches: Minibatches | None,
    *,
    whole: bool = False,
) -> FullWalk | MinibatchWalk | ScaledWalk:
    """Return the cheapest walk for this data.

    Parameters
    ----------
    objective
        F.
    w0
        The starting point, (n_features,).
    w_star
        The minimiser, (n_features,); None where there is none.
    ball
        The constraint, None without one.
    minibatches
        None for full batches.
    whole
        Whether every step asks for the whole gradient as an array: scaled lanes do not pay then.
    """
    if minibatches is None:
        return FullWalk(objective, w0, w_star, ball)
    data, n_features = objective.data, objective.n_features
    dense = not data.sparse or n_features * 8 * minibatches.batch_size <= CHUNK_BYTES // 8
    touched = data.nnz / objective.n_samples * minibatches.batch_size
    scalable = objective.penalty.shrinks and (ball is None or not ball.centre.any())
    if not (dense or whole) and scalable and touched < n_features / 4:
        return ScaledWalk(objective, w0, w_star, ball, minibatches)
    return MinibatchWalk(objective, w0, w_star, ball, minibatches, dense=dense)


class DenseIterates:
    """Iterates as plain (n_features, n_lanes) arrays."""

    def __init__(self, w0: Vector) -> None:
        self.w0 = w0
        self._sum: Lanes = np.zeros((len(w0), 0))

    def start(self, n_lanes: int) -> Lanes:
        """Return w_0 once a lane."""
        self._sum = np.zeros((len(self.w0), n_lanes))
        return np.repeat(self.w0[:, None], n_lanes, axis=1)

    def accumulate(self, W: Lanes) -> None:
        """Add `W` to the running sum."""
        self._sum += W

    def dense(self, W: Lanes) -> Lanes:
        """Return `W`."""
        return W

    def mean(self, W: Lanes, count: int, lanes: slice) -> Lanes:
        """Return the running sum of these lanes over `count`."""
        return self._sum[:, lanes] / count

    def keep(self, W: Lanes, mask: Mask) -> Lanes:
        """Return the lanes in `mask`; the running sum follows."""
        self._sum = np.compress(mask, self._sum, axis=1)
        return np.compress(mask, W, axis=1)


class DenseGradient:
    """A gradient that is a plain (n_features, n_lanes) array."""

    __slots__ = ("_G", "_norm_sq", "_w_star")

    def __init__(self, G: Lanes, w_star: Vector | None) -> None:
        self._G = G
        self._w_star = w_star
        self._norm_sq: PerLane | None = None

    def norm_sq(self) -> PerLane:
        """Return |g|^2."""
        if self._norm_sq is None:
            self._norm_sq = norm_sq(self._G)
        return self._norm_sq

    def inner(self, W: Lanes) -> PerLane:
        """Return <g, w>."""
        return inner(self._G, W)

    def inner_star(self) -> PerLane:
        """Return <g, w_star>."""
        assert self._w_star is not None
        return self._w_star @ self._G

    def dense(self) -> Lanes:
        """Return g."""
        return self._G


class DenseOracle:
    """What full and minibatch oracles on plain arrays share: the step and the constraints."""

    index: Index | None = None
    plain = True
    offered: tuple[Lanes, Lanes] | None = None
    """A gradient that an evaluation has just computed, and the iterate it belongs to."""

    def __init__(
        self,
        objective: LinearObjective,
        w_star: Vector | None,
        ball: Ball | None,
        meter: Meter,
        observer: Observer,
    ) -> None:
        self._objective = objective
        self._w_star = w_star
        self._ball = ball
        self._meter = meter
        self._observer = observer

    def _observed(self, W: Lanes, G: Lanes, n_samples: int) -> DenseGradient:
        self._meter.sample_gradients += n_samples
        gradient = DenseGradient(G, self._w_star)
        self._observer(W, gradient)
        return gradient

    def descend(self, W: Lanes, lr: PerLane, gradient: Gradient) -> Lanes:
        """Return W - lr g, projected on the constraints if there are any; uses up both."""
        self.offered = None
        G = gradient.dense()
        G *= lr
        W -= G
        self.plain = not self._confine(W)
        return W

    def move(self, W: Lanes, D: Lanes) -> Lanes:
        """Return W - D, projected on the constraints if there are any; uses up W."""
        self.offered = None
        W -= D
        self._confine(W)
        self.plain = False
        return W

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        """Return the penalty's prox at `W`, projected on the ball if there is one; uses up W."""
        self._meter.prox_calls += 1
        self.offered, self.plain = None, False
        W = self._objective.prox(W, lr)
        if self._ball is not None:
            project(W, self._ball)
        return W

    def _confine(self, W: Lanes) -> bool:
        """Project on the penalty's set, then on the ball; return whether any lane moved.

        The start is in the set and is the ball's centre, so that the second projection does not
        leave the set; each of the two brings W no further from any point of both.
        """
        moved = self._objective.confine(W)
        return (self._ball is not None and project(W, self._ball)) or moved


class FullOracle(DenseOracle):
    """The gradient of F itself."""

    def gradient(self, W: Lanes) -> DenseGradient:
        """Return the gradient of F at `W`; metered as n_samples."""
        if self.offered is not None and self.offered[1] is W:
            G = self.offered[0]
        else:
            G = self._objective.gradient(W)
        self.offered = None
        return self._observed(W, G, self._objective.n_samples)

    def loss_gradient(self, W: Lanes) -> DenseGradient:
        """Return the gradient of the mean loss at `W`; metered as n_samples."""
        return self._observed(W, self._objective.loss_gradient(W), self._objective.n_samples)


class MinibatchOracle(DenseOracle):
    """The gradient on one minibatch after another."""

    X: Any
    y: PerSample

    def gradient(self, W: Lanes) -> DenseGradient:
        """Return the gradient on the minibatch at `W`; metered as its size."""
        G = self._mean(W)
        self._objective.add_penalty_gradient(G, W)
        return self._observed(W, G, len(self.y))

    def loss_gradient(self, W: Lanes) -> DenseGradient:
        """Return the gradient of the loss on the minibatch at `W`; metered as its size."""
        return self._observed(W, self._mean(W), len(self.y))

    def _mean(self, W: Lanes) -> Lanes:
        R = self._objective.loss.derivative(self.X @ W, self.y)
        R /= len(self.y)
        G: Lanes = self.X.T @ R
        return G


def project(W: Lanes, ball: Ball) -> bool:
    """Move every column of `W` outside the ball to its nearest point; return whether any was."""
    centre = ball.centre[:, None]
    distance = np.sqrt(norm_sq(W - centre))
    outside = distance > ball.radius
    if not outside.any():
        return False
    W[:, outside] = centre + (W[:, outside] - centre) * (ball.radius / distance[outside])
    return True


class FullWalk:
    """Every step uses the whole gradient."""

    def __init__(
        self, objective: LinearObjective, w0: Vector, w_star: Vector | None, ball: Ball | None
    ) -> None:
        self.meter = Meter()
        self.iterates = DenseIterates(w0)
        self._make = (objective, w_star, ball, self.meter)
        self._offered: tuple[Lanes, Lanes] | None = None

    def offer(self, gradient: Lanes, at: Lanes) -> None:
        """Use this gradient for the next step, if it asks for the one `at`."""
        self._offered = (gradient, at)

    def oracles(self, observer: Observer) -> Iterator[FullOracle]:
        """Yield the same oracle again and again."""
        oracle = FullOracle(*self._make, observer)
        while True:
            oracle.offered, self._offered = self._offered, None
            yield oracle


class MinibatchWalk:
    """Minibatches, gathered some thousand samples at a time; densified where that is small."""

    def __init__(
        self,
        objective: LinearObjective,
        w0: Vector,
        w_star: Vector | None,
        ball: Ball | None,
        minibatches: Minibatches,
        *,
        dense: bool,
    ) -> None:
        self.meter = Meter()
        self.iterates = DenseIterates(w0)
        self._make = (objective, w_star, ball, self.meter)
        self._minibatches = minibatches
        self._dense = dense

    def offer(self, gradient: Lanes, at: Lanes) -> None:
        """Do nothing: a minibatch has another gradient."""

    def oracles(self, observer: Observer) -> Iterator[MinibatchOracle]:
        """Yield the oracle of each minibatch (one object, whose data change)."""
        objective, size = self._make[0], self._minibatches.batch_size
        oracle = MinibatchOracle(*self._make, observer)
        samples = CHUNK_SAMPLES
        if self._dense:
            samples = min(samples, CHUNK_BYTES // (8 * objective.n_features))
        for chunk in self._minibatches.chunks(max(1, samples // size)):
            flat = chunk.ravel()
            X, y = objective.data.gather(flat, dense=self._dense), objective.y[flat]
            for k, index in enumerate(chunk):
                rows = slice(k * size, (k + 1) * size)
                oracle.index, oracle.X, oracle.y = index, row_range(X, rows), y[rows]
                yield oracle
