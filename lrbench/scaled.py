"""Lanes for wide sparse data: a step visits only the columns that its minibatch touches.

An l2 penalty shrinks all of w in every step. With w = s v (a scale per lane) the shrinking costs
O(n_lanes), and the rest of the step changes only the rows of V that the minibatch touches. The
running average follows lazily: with S = sum_i s_i the sum of the iterates is S v - c, where c
changes only on touched rows too. Norms and inner products come from the scores. Everything agrees
with plain arrays to rounding; a solver that asks for a dense gradient pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lrbench.arrays import Index, Lanes, Mask, PerLane, PerSample, Vector, norm_sq
from lrbench.matrix import row_range
from lrbench.oracle import Ball, Gradient, Meter, Observer

if TYPE_CHECKING:
    from lrbench.linear import LinearObjective
    from lrbench.minibatches import Minibatches

SMALLEST_SCALE = 1e-4
LARGEST_SCALE = 1e4
"""Outside this range the scale is multiplied into V: the running sum loses as many digits."""

CHUNK_SAMPLES = 4096


@dataclass
class ScaledLanes:
    """W = V diag(s), but for the intercept's row, which is kept as it is."""

    V: Lanes
    scale: PerLane
    """s: (n_lanes,)."""
    offset: Lanes
    """c: the sum of the iterates is scale_sum V - offset."""
    scale_sum: PerLane
    """S: the sum of the scales since they were last folded into V."""
    count: int
    """The iterates summed since then: the intercept's S."""
    norm_sq: PerLane
    """|w|^2 over the penalised rows."""
    inner_star: PerLane
    """<w, w_star> over the penalised rows."""
    n_penalised: int
    w_star: Vector

    def fold(self) -> None:
        """Multiply the scale into V in place; what is tracked by recurrence is computed anew."""
        p = self.n_penalised
        self.offset[:p] -= self.scale_sum * self.V[:p]
        self.offset[p:] -= self.count * self.V[p:]
        self.V[:p] *= self.scale
        self.scale = np.ones_like(self.scale)
        self.scale_sum = np.zeros_like(self.scale_sum)
        self.count = 0
        self.refresh()

    def refresh(self) -> None:
        """Compute the norm and the inner product with w_star from V (scale one)."""
        self.norm_sq = norm_sq(self.V[: self.n_penalised])
        self.inner_star = self.w_star[: self.n_penalised] @ self.V[: self.n_penalised]

    def shrink(self, factor: PerLane) -> None:
        """Multiply the penalised rows by `factor`."""
        scale = self.scale * factor
        size = np.abs(scale)
        if size.min() < SMALLEST_SCALE or size.max() > LARGEST_SCALE:
            self.fold()
            self.V[: self.n_penalised] *= factor
        else:
            self.scale = scale
        self.norm_sq = self.norm_sq * factor * factor
        self.inner_star = self.inner_star * factor


class ScaledIterates:
    """Scaled lanes and their running sum."""

    def __init__(self, w0: Vector, w_star: Vector | None, n_penalised: int) -> None:
        self.w0 = w0
        self._w_star = np.zeros_like(w0) if w_star is None else w_star
        self._n_penalised = n_penalised

    def start(self, n_lanes: int) -> ScaledLanes:
        """Return w_0 once a lane."""
        W = ScaledLanes(
            V=np.repeat(self.w0[:, None], n_lanes, axis=1),
            scale=np.ones(n_lanes),
            offset=np.zeros((len(self.w0), n_lanes)),
            scale_sum=np.zeros(n_lanes),
            count=0,
            norm_sq=np.zeros(n_lanes),
            inner_star=np.zeros(n_lanes),
            n_penalised=self._n_penalised,
            w_star=self._w_star,
        )
        W.refresh()
        return W

    def accumulate(self, W: ScaledLanes) -> None:
        """Add `W` to the running sum, lazily."""
        W.scale_sum += W.scale
        W.count += 1

    def dense(self, W: ScaledLanes) -> Lanes:
        """Return the iterate as an array, without a copy."""
        W.fold()
        return W.V

    def mean(self, W: ScaledLanes, count: int, lanes: slice) -> Lanes:
        """Return the running sum of these lanes over `count`."""
        W.fold()
        return W.offset[:, lanes] / -count

    def keep(self, W: ScaledLanes, mask: Mask) -> ScaledLanes:
        """Return the lanes in `mask`; the running sum follows."""
        W.fold()
        W.V, W.offset = np.compress(mask, W.V, axis=1), np.compress(mask, W.offset, axis=1)
        W.scale, W.scale_sum = W.scale[mask], W.scale_sum[mask]
        W.refresh()
        return W


class TouchedGradient:
    """g = (a matrix on the touched columns) + curvature w."""

    def __init__(
        self, W: ScaledLanes, columns: Index, G: Lanes, curvature: float, inners: Lanes
    ) -> None:
        self.columns = columns
        self.G = G
        """The loss's part on the touched columns, (n_touched, n_lanes)."""
        self.curvature = curvature
        self.loss_inner: PerLane = inners[0]
        self.loss_inner_star: PerLane = inners[1]
        """<loss part, w> and <loss part, w_star>, from the scores."""
        self._W = W
        self._norm_sq: PerLane | None = None
        self.free = int(len(columns) > 0 and columns[-1] >= W.n_penalised)
        """1 where the intercept's row is the last of G, else 0."""

    def penalised_inner(self, W: ScaledLanes) -> PerLane:
        """Return <loss part, w> over the penalised rows."""
        if not self.free:
            return self.loss_inner
        inner: PerLane = self.loss_inner - self.G[-1] * W.V[-1]
        return inner

    def norm_sq(self) -> PerLane:
        """Return |g|^2."""
        if self._norm_sq is None:
            W, c = self._W, self.curvature
            cross = c * (2 * self.penalised_inner(W) + c * W.norm_sq)
            self._norm_sq = np.maximum(norm_sq(self.G) + cross, 0.0)
        return self._norm_sq

    def inner(self, W: ScaledLanes) -> PerLane:
        """Return <g, w>."""
        return self.loss_inner + self.curvature * W.norm_sq

    def inner_star(self) -> PerLane:
        """Return <g, w_star>."""
        return self.loss_inner_star + self.curvature * self._W.inner_star

    def dense(self) -> Lanes:
        """Return g as an array; costs O(n_features n_lanes)."""
        W = self._W
        W.fold()
        g = np.zeros_like(W.V)
        g[: W.n_penalised] = self.curvature * W.V[: W.n_penalised]
        g[self.columns] += self.G
        return g


class TouchedOracle:
    """The gradient on one minibatch, on its touched columns only."""

    index: Index | None = None
    plain = True
    X: Any
    """The minibatch's rows, (batch_size, n_touched), CSR."""
    y: PerSample
    columns: Index
    star_scores: PerSample

    def __init__(
        self, objective: LinearObjective, ball: Ball | None, meter: Meter, observer: Observer
    ) -> None:
        self._objective = objective
        self._ball = ball
        self._meter = meter
        self._observer = observer

    def gradient(self, W: ScaledLanes) -> TouchedGradient:
        """Return the gradient on the minibatch at `W`; metered as its size."""
        return self._gradient(W, self._objective.penalty.curvature)

    def loss_gradient(self, W: ScaledLanes) -> TouchedGradient:
        """Return the gradient of the loss on the minibatch at `W`; metered as its size."""
        return self._gradient(W, 0.0)

    def _gradient(self, W: ScaledLanes, curvature: float) -> TouchedGradient:
        n = len(self.y)
        U = W.V[self.columns]
        U[: np.searchsorted(self.columns, W.n_penalised)] *= W.scale
        Z = self.X @ U
        R = self._objective.loss.derivative(Z, self.y)
        R /= n
        inners = np.stack([np.einsum("ij,ij->j", R, Z), self.star_scores @ R])
        gradient = TouchedGradient(W, self.columns, self.X.T @ R, curvature, inners)
        self._meter.sample_gradients += n
        self._observer(W, gradient)
        return gradient

    def descend(self, W: ScaledLanes, lr: PerLane, gradient: Gradient) -> ScaledLanes:
        """Return W - lr g, projected on the ball if there is one; uses up both."""
        assert isinstance(gradient, TouchedGradient)
        G, free = gradient.G, gradient.free
        if gradient.curvature:
            W.shrink(1.0 - lr * gradient.curvature)
        U = G * (-lr / W.scale)
        if free:
            U[-1] = -lr * G[-1]
        self._move_tracked(W, lr, gradient)
        W.V[gradient.columns] += U
        U[: len(U) - free] *= W.scale_sum
        if free:
            U[-1] *= W.count
        W.offset[gradient.columns] += U
        self.plain = self._ball is None or not self._project(W, self._ball)
        return W

    def move(self, W: ScaledLanes, D: Lanes) -> ScaledLanes:
        """Return W - D, projected on the ball if there is one; uses up W, and visits every row."""
        W.fold()
        W.V -= D
        W.refresh()
        if self._ball is not None:
            self._project(W, self._ball)
        self.plain = False
        return W

    def prox(self, W: ScaledLanes, lr: PerLane) -> ScaledLanes:
        """Return the penalty's prox at `W`, a scaling, projected on the ball; uses up W."""
        self._meter.prox_calls += 1
        self.plain = False
        W.shrink(self._objective.penalty.prox(np.ones((1, len(lr))), lr)[0])
        if self._ball is not None:
            self._project(W, self._ball)
        return W

    @staticmethod
    def _move_tracked(W: ScaledLanes, lr: PerLane, g: TouchedGradient) -> None:
        """Carry |w|^2 and <w, w_star> (already shrunk) over the step -lr (loss part)."""
        penalised = g.G[: len(g.G) - g.free]
        inner_w = g.penalised_inner(W) * (1.0 - lr * g.curvature)
        inner_star = g.loss_inner_star - (g.G[-1] * W.w_star[-1] if g.free else 0.0)
        W.norm_sq = W.norm_sq + lr * (lr * norm_sq(penalised) - 2.0 * inner_w)
        W.inner_star = W.inner_star - lr * inner_star

    @staticmethod
    def _project(W: ScaledLanes, ball: Ball) -> bool:
        """Project on a ball around the origin, a scaling; return whether any lane moved."""
        free_sq = norm_sq(W.V[W.n_penalised :])
        distance = np.sqrt(np.maximum(W.norm_sq, 0.0) + free_sq)
        factor = np.minimum(1.0, ball.radius / np.maximum(distance, np.finfo(float).tiny))
        if factor.min() >= 1.0:
            return False
        W.shrink(factor)
        W.offset[W.n_penalised :] -= W.count * W.V[W.n_penalised :] * (1.0 - factor)
        W.V[W.n_penalised :] *= factor
        return True


class ScaledWalk:
    """Minibatches of wide sparse data."""

    def __init__(
        self,
        objective: LinearObjective,
        w0: Vector,
        w_star: Vector | None,
        ball: Ball | None,
        minibatches: Minibatches,
    ) -> None:
        self.meter = Meter()
        self.iterates = ScaledIterates(w0, w_star, objective.n_penalised)
        self._objective = objective
        self._ball = ball
        self._minibatches = minibatches
        self._star_scores = objective.data.X @ self.iterates._w_star

    def offer(self, gradient: Lanes, at: ScaledLanes) -> None:
        """Do nothing: a minibatch has another gradient."""

    def oracles(self, observer: Observer) -> Iterator[TouchedOracle]:
        """Yield the oracle of each minibatch (one object, whose data change)."""
        objective, size = self._objective, self._minibatches.batch_size
        oracle = TouchedOracle(objective, self._ball, self.meter, observer)
        for chunk in self._minibatches.chunks(max(1, CHUNK_SAMPLES // size)):
            flat = chunk.ravel()
            X = objective.data.gather(flat, dense=False)
            y, star_scores = objective.y[flat], self._star_scores[flat]
            for k, index in enumerate(chunk):
                rows = slice(k * size, (k + 1) * size)
                part = row_range(X, rows)
                oracle.columns, local = np.unique(part.indices, return_inverse=True)
                shape = (size, len(oracle.columns))
                oracle.X = type(part)((part.data, local, part.indptr), shape=shape)
                oracle.index, oracle.y = index, y[rows]
                oracle.star_scores = star_scores[rows]
                yield oracle
