"""Minibatches of wide sparse data: a step visits only the columns of X that they touch."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lrbench.arrays import Index, Lanes, Mask, PerLane, PerSample, Scores, norm_sq
from lrbench.errors import ContractError
from lrbench.objective.linear.compiled import TouchedMinibatches, obstacle
from lrbench.objective.linear.matrix import CHUNK_SAMPLES, row_range
from lrbench.objective.linear.objective import LinearObjective
from lrbench.objective.linear.oracle import BesideMinibatch, LinearOracle, LinearRun, LinearSampler
from lrbench.objective.linear.scaled import ScaledIterates, ScaledLanes
from lrbench.objective.meter import metered
from lrbench.objective.oracle import Ball, Gradient, Observer, PointsNear, ValuesInParts

if TYPE_CHECKING:
    from lrbench.objective.minibatches import Minibatches


class TouchedGradient:
    """g = (a matrix on the touched columns) + curvature w."""

    def __init__(
        self,
        W: ScaledLanes,
        columns: Index,
        G: Lanes,
        curvature: float | PerLane,
        inners: Lanes,
    ) -> None:
        self.columns = columns
        self.G = G
        """The loss's part on the touched columns, (n_touched, n_lanes)."""
        self.curvature = curvature
        self.loss_inner: PerLane = inners[0]
        self.loss_inner_star: PerLane = inners[1]
        """<loss part, w> and <loss part, w_star>, from the scores."""
        self._W, self._version = W, W.version
        self._norm_sq: PerLane | None = None
        self.has_intercept = len(columns) > 0 and bool(columns[-1] >= W.n_penalised)
        """Whether the last row of G is that of the intercept."""

    def penalised_inner(self, W: ScaledLanes) -> PerLane:
        """Return <loss part, w> over the penalised rows."""
        if not self.has_intercept:
            return self.loss_inner
        inner: PerLane = self.loss_inner - self.G[-1] * W.V[-1]
        return inner

    def check_unmoved(self) -> None:
        """Raise `ContractError` where the iterate, from which the rest follows, has moved."""
        if self._W.version != self._version:
            raise ContractError("a gradient is used after the iterate at which it was taken moved.")

    def norm_sq(self) -> PerLane:
        """Return |g|^2."""
        if self._norm_sq is None:
            self.check_unmoved()
            W, c = self._W, self.curvature
            cross = c * (2 * self.penalised_inner(W) + c * W.norm_sq)
            self._norm_sq = np.maximum(norm_sq(self.G) + cross, 0.0)  # rounding may go below 0
        return self._norm_sq

    def inner(self, W: ScaledLanes) -> PerLane:
        """Return <g, w>."""
        return self.loss_inner + self.curvature * W.norm_sq

    def inner_star(self) -> PerLane:
        """Return <g, w_star>."""
        self.check_unmoved()
        return self.loss_inner_star + self.curvature * self._W.inner_star

    def dense(self) -> Lanes:
        """Return g as an array; costs O(n_features n_lanes)."""
        self.check_unmoved()
        W = self._W
        W.fold()
        g = np.zeros_like(W.V)
        g[: W.n_penalised] = self.curvature * W.V[: W.n_penalised]
        g[self.columns] += self.G
        return g


class TouchedOracle(LinearOracle[LinearObjective, ScaledIterates]):
    """The objective on a minibatch, on its touched columns only."""

    index: Index | None = None
    X: Any
    """The minibatch's rows, (size, n_touched)."""
    y: PerSample
    columns: Index
    star_scores: PerSample

    def visit(self, rows: Any) -> None:
        """Let these sparse rows be those of the minibatch."""
        from lrbench.objective.linear.sparse_rows import SparseRows

        self.columns, positions = np.unique(rows.indices, return_inverse=True)
        shape = (rows.shape[0], len(self.columns))
        self.X = SparseRows(shape, rows.indptr, positions, rows.data)

    @property
    def size(self) -> int:
        """The number of samples of the minibatch."""
        return len(self.y)

    @cached_property
    def full(self) -> TouchedOracle:
        """The oracle of all samples."""
        return FullBesideTouched(self)

    def gradient(self, W: ScaledLanes, lanes: Mask | None = None) -> TouchedGradient:
        """Return the gradient on the minibatch at `W`; metered as its size."""
        return self._gradient(W, self._objective.penalty.curvature, lanes)

    def loss_gradient(self, W: ScaledLanes, lanes: Mask | None = None) -> TouchedGradient:
        """Return the gradient of the loss on the minibatch at `W`; metered as its size."""
        return self._gradient(W, 0.0, lanes)

    def value(self, W: ScaledLanes, lanes: Mask | None = None) -> PerLane:
        """Return the objective on the minibatch at `W`, NaN for other lanes than `lanes`."""
        self._meter.sample_values += metered(self.size, lanes)
        Z = self.X @ self._touched(W, slice(None))
        values: PerLane = self._objective.loss.sums(Z, self.y) / self.size
        values += 0.5 * self._objective.penalty.curvature * W.norm_sq
        return values if lanes is None else np.where(lanes, values, np.nan)

    def derivatives(self, W: ScaledLanes) -> Scores:
        """Return the derivative of the loss of each sample in its score, (size, n_lanes)."""
        self._meter.sample_gradients += self.size
        return self._objective.loss.derivative(self.X @ self._touched(W, slice(None)), self.y)

    def combine(self, R: Scores) -> Lanes:
        """Return the mean of x_i r_i over the minibatch, (n_features, n_lanes)."""
        G = np.zeros((self._objective.n_features, R.shape[1]))
        G[self.columns] = self.X.T @ R / self.size
        return G

    def _touched(self, W: ScaledLanes, lanes: Index | slice) -> Lanes:
        """Return the touched rows of these lanes of the iterate."""
        U: Lanes = W.V[self.columns][:, lanes]  # a copy, which is scaled in place
        penalised = U[: np.searchsorted(self.columns, W.n_penalised)]
        penalised *= W.scale[lanes]
        return U

    def _gradient(self, W: ScaledLanes, curvature: float, lanes: Mask | None) -> TouchedGradient:
        self._meter.sample_gradients += metered(self.size, lanes)
        if lanes is not None:
            self.first.check_taken()
        chosen = slice(None) if lanes is None else np.flatnonzero(lanes)
        Z = self.X @ self._touched(W, chosen)
        R = self._objective.loss.derivative(Z, self.y)
        R /= self.size
        inners = np.stack([np.einsum("ij,ij->j", R, Z), self.star_scores @ R])
        G = self.X.T @ R
        if lanes is not None:
            G, inners = (_spread(A, lanes) for A in (G, inners))
            return TouchedGradient(W, self.columns, G, np.where(lanes, curvature, 0.0), inners)
        gradient = TouchedGradient(W, self.columns, G, curvature, inners)
        self.first.offer(gradient, W)
        self._observer(W, gradient)
        return gradient

    def minibatch_values(self, points: PointsNear, n_lanes: int) -> ValuesInParts:
        """Return the minibatch's objective at some points, and the size of its rounding."""
        from lrbench.objective.linear.minibatch_values import RowsOfLanes, minibatch_values

        own = RowsOfLanes(slice(None), self.X, self.y, self.columns)
        return minibatch_values(self._objective, [own], points, n_lanes)

    def descend(self, W: ScaledLanes, lr: PerLane, gradient: Gradient) -> ScaledLanes:
        """Return W - lr g, projected on the ball if there is one; uses up both."""
        assert isinstance(gradient, TouchedGradient)
        gradient.check_unmoved()
        follows = self.first.followed(gradient, W)
        G, has_intercept = gradient.G, gradient.has_intercept
        if np.any(gradient.curvature):
            # First, because w becomes (1 - lr curvature) w - lr (loss part), and G is divided below
            # by the new scale.
            W.shrink(1.0 - lr * gradient.curvature)
        U = G * (-lr / W.scale)
        if has_intercept:
            U[-1] = -lr * G[-1]
        self._update_inners(W, lr, gradient)
        W.V[gradient.columns] += U
        # S V + c must not change with V: c changes by -S U on the touched rows.
        penalised = U[: len(U) - has_intercept]
        penalised *= W.scale_sum
        if has_intercept:
            U[-1] *= W.count
        W.offset[gradient.columns] -= U
        W.version += 1
        self.made = (W, np.array(lr))
        shortened = None if self._ball is None else self._project(W, self._ball)
        self.off_path, self.descended = shortened if follows else self._every_lane, follows
        return W

    def move(self, W: ScaledLanes, D: Lanes) -> ScaledLanes:
        """Return W - D, projected on the ball if there is one; uses up W and visits every row."""
        self.first.move(W)
        W.version += 1
        W.fold()
        W.V -= D
        W.refresh()
        if self._ball is not None:
            self._project(W, self._ball)
        self.off_path, self.descended = self._every_lane, False
        return W

    def prox(self, W: ScaledLanes, lr: PerLane) -> ScaledLanes:
        """Return the penalty's prox at `W`, a scaling, projected on the ball; uses up W."""
        self._meter.prox_calls += 1
        self.first.move(W)
        W.version += 1
        self.off_path, self.descended = self._every_lane, False
        # The prox of 1 is the factor by which the prox of l2 scales every coordinate.
        W.shrink(self._objective.penalty.prox(np.ones((1, len(lr))), lr)[0])
        if self._ball is not None:
            self._project(W, self._ball)
        return W

    @staticmethod
    def _update_inners(W: ScaledLanes, lr: PerLane, g: TouchedGradient) -> None:
        """Update |w|^2 and <w, w_star>, which are already shrunk, for the step -lr (loss part)."""
        penalised = g.G[: len(g.G) - g.has_intercept]
        inner_w = g.penalised_inner(W) * (1.0 - lr * g.curvature)
        inner_star = g.loss_inner_star - (g.G[-1] * W.w_star[-1] if g.has_intercept else 0.0)
        W.norm_sq = W.norm_sq + lr * (lr * norm_sq(penalised) - 2.0 * inner_w)
        W.inner_star = W.inner_star - lr * inner_star

    @staticmethod
    def _project(W: ScaledLanes, ball: Ball) -> Mask | None:
        """Project on a ball around the origin, by a scaling; return which lanes moved, or None."""
        intercept_sq = norm_sq(W.V[W.n_penalised :])
        distance = np.sqrt(np.maximum(W.norm_sq, 0.0) + intercept_sq)
        # `tiny` is for a lane at the origin, which stays there.
        factor = np.minimum(1.0, ball.radius / np.maximum(distance, np.finfo(float).tiny))
        moved: Mask = factor < 1.0
        if not moved.any():
            return None
        W.shrink(factor)
        # As in `descend`, c changes by S times the change of V; on other rows only s has changed.
        W.offset[W.n_penalised :] += W.count * W.V[W.n_penalised :] * (1.0 - factor)
        W.V[W.n_penalised :] *= factor
        return moved


class FullBesideTouched(BesideMinibatch, TouchedOracle):
    """All samples, for a step that also asks for a minibatch; the step is the minibatch's."""

    def __init__(self, minibatch: TouchedOracle) -> None:
        run = minibatch.run
        super().__init__(run, lambda W, gradient: None)
        self._minibatch = minibatch
        self.first.ignore()
        self.X, self.y = run.objective.data.X, run.objective.y
        self.columns = np.arange(run.objective.n_features)
        self.star_scores = run.objective.data.X @ run.iterates.w_star


def _spread(A: Lanes, lanes: Mask) -> Lanes:
    """Return an array with the columns of `A` at `lanes`, and zeros elsewhere."""
    out = np.zeros((len(A), len(lanes)))
    out[:, lanes] = A
    return out


class ScaledSampler(LinearSampler[LinearObjective, ScaledIterates]):
    """Minibatches of wide sparse data, whose steps visit touched columns only."""

    def __init__(
        self, run: LinearRun[LinearObjective, ScaledIterates], minibatches: Minibatches
    ) -> None:
        super().__init__(run)
        self._minibatches = minibatches

    obstacle_in_parts = (
        "its data are so wide that a step touches the columns of its minibatch alone"
    )

    def obstacle(self) -> str:
        """Return why NumPy makes the steps, in words; else nothing."""
        if self.run.ball is not None:
            return "it has a ball, and its data are so wide that a step touches few columns"
        return obstacle(self.run.objective, None)

    def oracles(self, observer: Observer) -> Iterator[TouchedOracle]:
        """Yield the oracle of each minibatch: the same object with other data."""
        objective, size = self.run.objective, self._minibatches.batch_size
        all_star_scores = objective.data.X @ self.iterates.w_star
        oracle = TouchedOracle(self.run, observer)
        for chunk in self._minibatches.chunks(max(1, CHUNK_SAMPLES // size)):
            flat = chunk.ravel()
            X = objective.data.gather(flat, dense=False)
            y, star_scores = objective.y[flat], all_star_scores[flat]
            for k, index in enumerate(chunk):
                rows = slice(k * size, (k + 1) * size)
                oracle.visit(row_range(X, rows))
                oracle.index, oracle.y = index, y[rows]
                oracle.star_scores = star_scores[rows]
                yield oracle

    def compiled(self, *, scaled: bool) -> TouchedMinibatches | None:
        """Return what compiled steps need; None where NumPy makes the steps."""
        del scaled
        if self.obstacle():
            return None
        return TouchedMinibatches(self.run, [self._minibatches])
