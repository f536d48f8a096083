"""How a run goes through a linear problem: full batches, minibatches, or touched columns only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from lrbench.arrays import Lanes, Vector
from lrbench.dense import DenseIterates, FullOracle, MinibatchOracle
from lrbench.losses.base import margin
from lrbench.matrix import CHUNK_BYTES, CHUNK_SAMPLES, row_range
from lrbench.oracle import Ball, Meter, Observer
from lrbench.scaled import ScaledWalk

if TYPE_CHECKING:
    from lrbench.linear import LinearObjective
    from lrbench.minibatches import Minibatches


ONE = np.ones(1)


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
        oracle.size, signed = size, margin(objective.loss)
        samples = CHUNK_SAMPLES
        if self._dense:
            samples = min(samples, CHUNK_BYTES // (8 * objective.n_features))
        for chunk in self._minibatches.chunks(max(1, samples // size)):
            flat = chunk.ravel()
            y = objective.y[flat]
            X = objective.data.gather(flat, self._dense, y if signed else None)
            for k, index in enumerate(chunk):
                rows = slice(k * size, (k + 1) * size)
                oracle.index, oracle.X = index, row_range(X, rows)
                oracle.y = ONE if signed else y[rows]
                yield oracle
