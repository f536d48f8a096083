"""Iterates, gradients and oracles on plain (n_features, n_lanes) arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lrbench.arrays import (
    CACHED_ROWS,
    Index,
    Lanes,
    Mask,
    PerLane,
    Vector,
    column_sums,
    inner,
    norm_sq,
)
from lrbench.objective.oracle import Ball, FirstGradient, Gradient, Meter, Observer, take

if TYPE_CHECKING:
    from lrbench.objective.linear.objective import LinearObjective


class DenseIterates:
    """Iterates as plain (n_features, n_lanes) arrays."""

    amplification = 1.0

    def __init__(self, w0: Vector) -> None:
        self.w0 = w0
        # Signs: every coordinate counts, whatever its unit. The same ones in every run.
        self.direction: Vector = np.random.default_rng(len(w0)).choice([-1.0, 1.0], len(w0))
        self._sum: Lanes = np.zeros((len(w0), 0))

    def start(self, n_lanes: int) -> Lanes:
        """Return w_0, repeated for every lane."""
        self._sum = np.zeros((len(self.w0), n_lanes))
        return np.repeat(self.w0[:, None], n_lanes, axis=1)

    def checksum(self, W: Lanes, out: PerLane) -> None:
        """Write <r, w> to `out`."""
        self.direction.dot(W, out)  # on small arrays half the time of @

    def accumulate(self, W: Lanes) -> None:
        """Add `W` to the running sum."""
        self._sum += W

    def dense(self, W: Lanes) -> Lanes:
        """Return `W`."""
        return W

    def part(self, W: Lanes, lanes: slice) -> Lanes:
        """Return these lanes of `W`."""
        return W[:, lanes]

    def mean(self, W: Lanes, count: int, lanes: slice) -> Lanes:
        """Return the running sum of these lanes divided by `count`."""
        return self._sum[:, lanes] / count

    def finish(self, W: Lanes, count: int) -> tuple[Lanes, Lanes]:
        """Return `W` and the running sum divided by `count`; the running sum is used up."""
        self._sum /= max(count, 1)
        return W, self._sum if count else W

    def keep(self, W: Lanes, lanes: Index | Mask) -> Lanes:
        """Return these lanes of `W`, and keep the same lanes of the running sum."""
        self._sum = take(self._sum, lanes)
        out: Lanes = take(W, lanes)
        return out


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
            self._norm_sq = small_inner(self._G, self._G)
        return self._norm_sq

    def inner(self, W: Lanes) -> PerLane:
        """Return <g, w>."""
        return small_inner(self._G, W)

    def inner_star(self) -> PerLane:
        """Return <g, w_star>."""
        assert self._w_star is not None
        return self._w_star @ self._G

    def dense(self) -> Lanes:
        """Return g."""
        return self._G


class DenseOracle:
    """The steps and the constraints of oracles on plain arrays; subclasses add the gradients."""

    off_path: Mask | None = None
    offered: tuple[Lanes, Lanes] | None = None
    """A gradient that an evaluation has just computed, and its iterate."""

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
        self.first = FirstGradient()

    def _observed(self, W: Lanes, G: Lanes, n_samples: int) -> DenseGradient:
        """Meter a gradient, pass it to the observer and return it."""
        self._meter.sample_gradients += n_samples
        gradient = DenseGradient(G, self._w_star)
        self.first.offer(gradient, W)
        self._observer(W, gradient)
        return gradient

    def descend(self, W: Lanes, lr: PerLane, gradient: Gradient) -> Lanes:
        """Return W - lr g, projected on the constraints if there are any; uses up both."""
        self.offered = None
        follows = self.first.followed(gradient, W)
        G = gradient.dense()
        G *= lr  # in place: the gradient is used up, and no array is allocated
        W -= G
        shortened = self._confine(W)
        self.off_path = shortened if follows else np.ones(W.shape[1], dtype=np.bool_)
        return W

    def move(self, W: Lanes, D: Lanes) -> Lanes:
        """Return W - D, projected on the constraints if there are any; uses up W."""
        self.offered = None
        W -= D
        self._confine(W)
        self.off_path = np.ones(W.shape[1], dtype=np.bool_)
        return W

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        """Return the penalty's prox at `W`, projected on the ball if there is one; uses up W."""
        self._meter.prox_calls += 1
        self.offered, self.off_path = None, np.ones(W.shape[1], dtype=np.bool_)
        W = self._objective.prox(W, lr)
        if self._ball is not None:
            project(W, self._ball)
        return W

    def _confine(self, W: Lanes) -> Mask | None:
        """Project on the penalty's set, then on the ball; return which lanes moved, None for none.

        The centre of the ball is the start, which is in the set: the second projection therefore
        does not leave the set. Neither projection moves W away from a point that is in both.
        """
        moved = self._objective.confine(W)
        outside = None if self._ball is None else project(W, self._ball)
        return outside if moved is None else moved if outside is None else moved | outside


class FullOracle(DenseOracle):
    """The gradient of F on all samples."""

    index: Index | None = None

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


def small_inner(U: Lanes, V: Lanes) -> PerLane:
    """Return `inner(U, V)`, in half the time where the arrays are small."""
    return column_sums(U * V) if len(U) <= CACHED_ROWS else inner(U, V)


def project(W: Lanes, ball: Ball) -> Mask | None:
    """Project the columns of `W` on the ball in place; return which were outside, None for none."""
    centre = ball.centre[:, None]
    distance = np.sqrt(norm_sq(W - centre))
    outside: Mask = distance > ball.radius
    if not outside.any():
        return None
    W[:, outside] = centre + (W[:, outside] - centre) * (ball.radius / distance[outside])
    return outside
