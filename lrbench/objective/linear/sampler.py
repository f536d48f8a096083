"""The samplers of the linear model: full batches, minibatches, or touched columns only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from lrbench.arrays import Index, Lanes, PerLane, PerSample, Scores, Vector
from lrbench.objective.linear.dense import DenseGradient, DenseIterates, DenseOracle, FullOracle
from lrbench.objective.linear.matrix import (
    CHUNK_BYTES,
    CHUNK_SAMPLES,
    FEW_FEATURES,
    Window,
    per_seed,
)
from lrbench.objective.linear.touched import ScaledSampler
from lrbench.objective.oracle import Ball, Meter, Observer

if TYPE_CHECKING:
    from lrbench.objective.linear.objective import LinearObjective
    from lrbench.objective.minibatches import Minibatches

SPARSE_CALLS = 2500
"""The cost of calling SciPy's sparse products for a minibatch, in entries of a dense product. Each
non-zero then costs a sparse product four times as much as an entry costs a dense one."""

UNIT_TARGET = np.ones(1)
"""The targets of rows that are multiplied by their signs: a single 1 for all of them."""


def linear_sampler(
    objective: LinearObjective,
    w0: Vector,
    w_star: Vector | None,
    ball: Ball | None,
    minibatches: Sequence[Minibatches],
    *,
    dense_gradient: bool = False,
) -> FullSampler | MinibatchSampler | ScaledSampler:
    """Return the cheapest sampler for this data.

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
        Those of each seed whose lanes run together; none for full batches. With several seeds all
        columns are visited, as with a single seed if `n_features` is at most `FEW_FEATURES`.
    dense_gradient
        Whether every step asks for the whole gradient as an array. Scaled lanes then save nothing.
    """
    if not minibatches:
        return FullSampler(objective, w0, w_star, ball)
    data, n_features, size = objective.data, objective.n_features, minibatches[0].batch_size
    entries, touched = n_features * size, data.nnz / objective.n_samples * size
    small = 8 * entries <= CHUNK_BYTES // 8  # at most 1 MiB as a dense array
    wide = data.sparse and not small and n_features > FEW_FEATURES and touched < n_features / 4
    # A projection on a ball scales w only if the centre of the ball is the origin.
    scalable = objective.penalty.shrinks and (ball is None or not ball.centre.any())
    if wide and scalable and not dense_gradient:
        (single,) = minibatches  # several seeds run together on few features only
        return ScaledSampler(objective, w0, w_star, ball, single)
    dense = not data.sparse or (small and entries <= 4 * touched + SPARSE_CALLS)
    return MinibatchSampler(objective, w0, w_star, ball, minibatches, dense=dense)


class FullSampler:
    """Every step uses the whole gradient."""

    def __init__(
        self, objective: LinearObjective, w0: Vector, w_star: Vector | None, ball: Ball | None
    ) -> None:
        self.meter = Meter()
        self.iterates = DenseIterates(w0)
        self._make = (objective, w_star, ball, self.meter)
        self._offered: tuple[Lanes, Lanes] | None = None

    def offer_gradient(self, gradient: Lanes, W: Lanes) -> None:
        """Use this gradient for the next step, if that step asks for the gradient at `W`."""
        self._offered = (gradient, W)

    def set_columns(self, slices: Sequence[slice | None]) -> None:
        """Do nothing: all lanes see all samples."""

    def oracles(self, observer: Observer) -> Iterator[FullOracle]:
        """Yield the same oracle in every step."""
        oracle = FullOracle(*self._make, observer)
        while True:
            oracle.offered, self._offered = self._offered, None
            oracle.first.begin()
            yield oracle


class SeedBatch(NamedTuple):
    """A minibatch of one seed, and the lanes of that seed."""

    lanes: slice
    """These may extend over lanes of the next seeds: see `lrbench.engine.columns.Columns`."""
    samples: Index
    """(batch_size,)."""
    X: Any
    """The rows of these samples."""
    XT: Any
    """The transpose of X."""
    y: PerSample
    """The targets of these samples; `UNIT_TARGET` where the rows of X have the signs."""


class MinibatchOracle(DenseOracle):
    """The gradient on minibatches, for the lanes of each seed on the minibatch of that seed."""

    seed_batches: Sequence[SeedBatch]
    size: int
    """The number of samples of a minibatch."""

    @property
    def index(self) -> Index | None:
        """The samples of this minibatch, (batch_size,); of several seeds (n_seeds, batch_size)."""
        samples = [batch.samples for batch in self.seed_batches]
        return samples[0] if len(samples) == 1 else np.stack(samples)

    def gradient(self, W: Lanes) -> DenseGradient:
        """Return the gradient on the minibatch at `W`; metered as its size."""
        G = self._mean_gradient(W)
        self._objective.add_penalty_gradient(G, W)
        return self._observed(W, G, self.size)

    def loss_gradient(self, W: Lanes) -> DenseGradient:
        """Return the gradient of the loss on the minibatch at `W`; metered as its size."""
        return self._observed(W, self._mean_gradient(W), self.size)

    def minibatch_values(self, points: Sequence[Lanes], reach: Lanes) -> tuple[Lanes, PerLane]:
        """Return the minibatches' objectives at some points, and the size of their rounding."""
        values, rounding = np.zeros((len(points), reach.shape[1])), np.zeros(reach.shape[1])
        for batch in self.seed_batches:
            lanes = batch.lanes
            values[:, lanes], rounding[lanes] = self._objective.minibatch_values(
                batch.X, batch.y, [W[:, lanes] for W in points], reach[:, lanes]
            )
        return values, rounding

    def _mean_gradient(self, W: Lanes) -> Lanes:
        """Return the gradient of the mean loss on the minibatches."""
        R = self._derivative(per_seed([(b.lanes, b.X) for b in self.seed_batches], W))
        R *= 1.0 / self.size
        return per_seed([(b.lanes, b.XT) for b in self.seed_batches], R)

    def _derivative(self, Z: Scores) -> Scores:
        """Return the derivative of the loss in the scores, (batch_size, n_lanes)."""
        derivative, first = self._objective.loss.derivative, self.seed_batches[0]
        if len(self.seed_batches) == 1 or first.y is UNIT_TARGET:
            return derivative(Z, first.y)
        R = np.empty_like(Z)
        for batch in self.seed_batches:
            R[:, batch.lanes] = derivative(Z[:, batch.lanes], batch.y)
        return R


Chunk: TypeAlias = tuple[Index, Window, PerSample]
"""Samples, (n_steps, batch_size); their rows of X; their targets, or `UNIT_TARGET`."""


class MinibatchSampler:
    """Minibatches in plain arrays, gathered some thousand samples at a time.

    `dense` says whether the rows of sparse data are made dense, where that is cheaper.
    """

    def __init__(
        self,
        objective: LinearObjective,
        w0: Vector,
        w_star: Vector | None,
        ball: Ball | None,
        minibatches: Sequence[Minibatches],
        *,
        dense: bool,
    ) -> None:
        self.meter = Meter()
        self.iterates = DenseIterates(w0)
        self._make = (objective, w_star, ball, self.meter)
        self._minibatches = minibatches
        self._dense = dense
        self._slices: Sequence[slice | None] = (slice(None),)

    def offer_gradient(self, gradient: Lanes, W: Lanes) -> None:
        """Do nothing: the next minibatch has another gradient."""

    def set_columns(self, slices: Sequence[slice | None]) -> None:
        """Set the columns of the lanes of each seed; None for a seed without lanes."""
        self._slices = slices

    def oracles(self, observer: Observer) -> Iterator[MinibatchOracle]:
        """Yield the oracle of each step: the same object with other minibatches."""
        objective, size = self._make[0], self._minibatches[0].batch_size
        oracle = MinibatchOracle(*self._make, observer)
        oracle.size = size
        samples = CHUNK_SAMPLES
        if self._dense:
            row_bytes = 8 * objective.n_features * len(self._minibatches)
            samples = min(samples, CHUNK_BYTES // row_bytes)
        n_steps = max(1, samples // size)
        streams = [minibatches.chunks(n_steps) for minibatches in self._minibatches]
        while True:
            # A seed without lanes never gets any again: its stream need not go on.
            pairs = zip(streams, self._slices, strict=True)
            chunks = [None if lanes is None else self._gather(next(s)) for s, lanes in pairs]
            slices: Sequence[slice | None] = ()
            for k in range(n_steps):
                if slices is not self._slices:  # a new chunk, or lanes were dropped
                    slices = self._slices
                    seeds = [(s, c) for s, c in zip(slices, chunks, strict=True) if s and c]
                rows = slice(k * size, (k + 1) * size)
                oracle.seed_batches = [
                    SeedBatch(
                        lanes, index[k], *window.move_to(k), y if y is UNIT_TARGET else y[rows]
                    )
                    for lanes, (index, window, y) in seeds
                ]
                oracle.first.begin()
                yield oracle

    def _gather(self, index: Index) -> Chunk:
        """Return some minibatches of a seed: their samples, rows of X and targets."""
        objective, flat = self._make[0], index.ravel()
        # Where the loss depends on y z alone the rows get the signs: to broadcast y is slow.
        y, signed = objective.y[flat], objective.loss.margin
        X = objective.data.gather(flat, self._dense, y if signed else None)
        return index, Window(X, index.shape[1]), UNIT_TARGET if signed else y
