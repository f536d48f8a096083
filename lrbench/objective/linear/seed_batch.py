"""The minibatches of one seed: the rows of the present one, and the lanes that it is for."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np

from lrbench.arrays import Index, Lanes, PerSample, Scores
from lrbench.losses.base import UNIT_TARGET
from lrbench.objective.linear.matrix import block, product


class SeedBatch:
    """A minibatch of one seed, which moves over a chunk of gathered samples.

    Parameters
    ----------
    lanes
        The lanes of the seed. These may extend over lanes of the next seeds: see
        `lrbench.engine.columns.Columns`.
    index
        The samples of the chunk, (n_steps, batch_size).
    X
        Their rows, an array or in CSR form; no entry is copied.
    y
        Their targets; `UNIT_TARGET` where the rows of X have the signs.
    """

    __slots__ = ("X", "XT", "_chunk", "_index", "_step", "_targets", "lanes", "size", "y")

    def __init__(self, lanes: slice, index: Index, X: Any, y: PerSample) -> None:
        self.lanes = lanes
        self.size = index.shape[1]
        """The number of samples."""
        self._index, self._targets = index, y
        self._chunk: Any = block(X, slice(0, index.size))
        self.X: Any = self._chunk[: self.size]
        """The rows of the minibatch, an array or `SparseRows`."""
        self.XT: Any = self.X.T
        """The transpose of X."""
        self.y = y
        """The targets of the minibatch; `UNIT_TARGET` where the rows have the signs."""
        self.move_to(0)

    @property
    def samples(self) -> Index:
        """The samples of the minibatch, (batch_size,)."""
        samples: Index = self._index[self._step]
        return samples

    def move_to(self, step: int) -> None:
        """Move to the minibatch of a step of the chunk."""
        self._step = step
        rows = slice(step * self.size, (step + 1) * self.size)
        if isinstance(self._chunk, np.ndarray):
            self.X = self._chunk[rows]
            self.XT = self.X.T
        else:  # the same objects with other ends of rows
            self.X.ends = self.XT.ends = self._chunk.ends[rows.start : rows.stop + 1]
        if self._targets is not UNIT_TARGET:
            self.y = self._targets[rows]

    def for_lanes(self, lanes: slice) -> SeedBatch:
        """Return the same minibatch for other lanes."""
        other = copy(self)  # of the present step: the rows move with those of this one
        other.lanes = lanes
        return other


def scores(batches: Sequence[SeedBatch], W: Lanes) -> Scores:
    """Return X @ W, with the rows of each seed for its own lanes, (batch_size, n_lanes)."""
    first = batches[0]
    if len(batches) == 1:
        return product(first.X, W)
    Z = np.zeros((first.size, W.shape[1]))  # padding that no lanes reach keeps the zeros
    for batch in batches:
        product(batch.X, W[:, batch.lanes], Z[:, batch.lanes])
    return Z
