"""How a run goes through a linear problem: full batches, minibatches, or touched columns only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from lrbench.arrays import Index, Lanes, PerSample, Vector
from lrbench.losses.base import margin
from lrbench.objective.linear.dense import DenseIterates, FullOracle
from lrbench.objective.linear.matrix import CHUNK_BYTES, CHUNK_SAMPLES, FEW_FEATURES, Window
from lrbench.objective.linear.minibatch import ONE, MinibatchOracle, SeedBatch
from lrbench.objective.linear.touched import ScaledSampler
from lrbench.objective.oracle import Ball, Meter, Observer

if TYPE_CHECKING:
    from lrbench.objective.linear.objective import LinearObjective
    from lrbench.objective.minibatches import Minibatches

SPARSE_CALLS = 2500
"""So many entries of a dense minibatch are multiplied while SciPy begins to multiply a sparse one;
each that is not zero costs a sparse product four times as much as a dense one."""


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
        Of each seed whose lanes go together; none for full batches. With several seeds all columns
        are visited, as they are with one wherever `n_features` is at most `FEW_FEATURES`.
    dense_gradient
        Whether every step asks for the whole gradient as an array: scaled lanes do not pay then.
    """
    if not minibatches:
        return FullSampler(objective, w0, w_star, ball)
    data, n_features, size = objective.data, objective.n_features, minibatches[0].batch_size
    entries, touched = n_features * size, data.nnz / objective.n_samples * size
    small = 8 * entries <= CHUNK_BYTES // 8
    wide = data.sparse and not small and n_features > FEW_FEATURES and touched < n_features / 4
    scalable = objective.penalty.shrinks and (ball is None or not ball.centre.any())
    if wide and scalable and not dense_gradient:
        (only,) = minibatches
        return ScaledSampler(objective, w0, w_star, ball, only)
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

    def offer_gradient(self, gradient: Lanes, at: Lanes) -> None:
        """Use this gradient for the next step, if it asks for the one `at`."""
        self._offered = (gradient, at)

    def set_columns(self, slices: Sequence[slice | None]) -> None:
        """Do nothing: all lanes see all samples."""

    def oracles(self, observer: Observer) -> Iterator[FullOracle]:
        """Yield the same oracle again and again."""
        oracle = FullOracle(*self._make, observer)
        while True:
            oracle.offered, self._offered = self._offered, None
            yield oracle


class MinibatchSampler:
    """Minibatches, gathered some thousand samples at a time; densified where that is cheaper."""

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

    def offer_gradient(self, gradient: Lanes, at: Lanes) -> None:
        """Do nothing: a minibatch has another gradient."""

    def set_columns(self, slices: Sequence[slice | None]) -> None:
        """Note where the lanes of each seed stand from now on."""
        self._slices = slices

    def oracles(self, observer: Observer) -> Iterator[MinibatchOracle]:
        """Yield the oracle of each step (one object, whose minibatches change)."""
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
            placed = zip(streams, self._slices, strict=True)
            chunks = [None if lanes is None else self._gather(next(s)) for s, lanes in placed]
            slices: Sequence[slice | None] = ()
            for k in range(n_steps):
                if slices is not self._slices:
                    slices = self._slices
                    seeds = [(s, c) for s, c in zip(slices, chunks, strict=True) if s and c]
                rows = slice(k * size, (k + 1) * size)
                oracle.seed_batches = [
                    SeedBatch(lanes, index[k], *window.at(k), y if y is ONE else y[rows])
                    for lanes, (index, window, y) in seeds
                ]
                yield oracle

    def _gather(self, index: Index) -> Chunk:
        """Return some minibatches of a seed: their samples, their rows of X, their targets."""
        objective, flat = self._make[0], index.ravel()
        y, signed = objective.y[flat], margin(objective.loss)
        X = objective.data.gather(flat, self._dense, y if signed else None)
        return index, Window(X, index.shape[1]), ONE if signed else y


Chunk: TypeAlias = tuple[Index, Window, PerSample]
"""Samples, (n_steps, batch_size); their rows of X; their targets (`ONE`: X has the signs)."""
