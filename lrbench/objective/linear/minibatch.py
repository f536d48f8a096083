"""The oracle of minibatches: one for each seed whose lanes go together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from lrbench.arrays import Index, Lanes, PerSample, Scores
from lrbench.objective.linear.dense import DenseGradient, DenseOracle
from lrbench.objective.linear.matrix import per_seed

ONE = np.ones(1)
"""The targets of rows that carry their signs: one for all."""


class SeedBatch(NamedTuple):
    """A minibatch of one seed, and the lanes that see it."""

    lanes: slice
    """May reach over lanes of the next shares: see `lrbench.engine.columns.Layout`."""
    samples: Index
    """(batch_size,)."""
    X: Any
    """Their rows."""
    XT: Any
    """The transpose."""
    y: PerSample
    """Their targets; `ONE` where X carries their signs."""


class MinibatchOracle(DenseOracle):
    """The gradient on one minibatch after another, for the lanes of each seed on its own."""

    seed_batches: Sequence[SeedBatch]
    size: int
    """Of every minibatch."""

    @property
    def index(self) -> Index | None:
        """The samples of this minibatch, (batch_size,); of several seeds (n_seeds, batch_size)."""
        seen = [batch.samples for batch in self.seed_batches]
        return seen[0] if len(seen) == 1 else np.stack(seen)

    def gradient(self, W: Lanes) -> DenseGradient:
        """Return the gradient on the minibatch at `W`; metered as its size."""
        G = self._mean(W)
        self._objective.add_penalty_gradient(G, W)
        return self._observed(W, G, self.size)

    def loss_gradient(self, W: Lanes) -> DenseGradient:
        """Return the gradient of the loss on the minibatch at `W`; metered as its size."""
        return self._observed(W, self._mean(W), self.size)

    def _mean(self, W: Lanes) -> Lanes:
        R = self._derivative(per_seed([(s.lanes, s.X) for s in self.seed_batches], W))
        R *= 1.0 / self.size
        return per_seed([(s.lanes, s.XT) for s in self.seed_batches], R)

    def _derivative(self, Z: Scores) -> Scores:
        """Return the derivative of the loss in the scores, (batch_size, n_lanes)."""
        derivative, first = self._objective.loss.derivative, self.seed_batches[0]
        if len(self.seed_batches) == 1 or first.y is ONE:
            return derivative(Z, first.y)
        R = np.empty_like(Z)
        for batch in self.seed_batches:
            R[:, batch.lanes] = derivative(Z[:, batch.lanes], batch.y)
        return R
