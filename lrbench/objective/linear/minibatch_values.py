"""The objective of minibatches near an iterate, in parts: what gradients are checked against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lrbench.arrays import Index, Lanes, PerSample, column_sums, inner, row_slices
from lrbench.losses.base import UNIT_TARGET
from lrbench.objective.linear.matrix import DataMatrix, block, product
from lrbench.objective.linear.objective import EPS, UNDERFLOW
from lrbench.objective.linear.sparse_rows import SparseRows
from lrbench.objective.oracle import PROBE_STEP, PointsNear, ValuesInParts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lrbench.objective.linear.objective import LinearObjective

LANES = 64
"""The most lanes of a part. Its width is a multiple of 8, so that the bits of a lane are those
beside any other lanes; where there are fewer lanes, it is theirs."""

NUMBERS = 1 << 20
"""A part has fewer lanes, but at least 8, where a point has more numbers than this: 8 MiB."""

ROWS = 1 << 10
"""The most rows of a part: 64 lanes have 512 KiB of scores, which fit into a core's cache."""

ENTRIES = 1 << 19
"""The most entries of the rows of a part, each of which meets all lanes at every point."""


class RowsOfSamples:
    """The rows of some samples, (size, n_features), gathered where a part is asked for."""

    def __init__(self, data: DataMatrix, samples: Index) -> None:
        self._data, self._samples = data, samples
        self.shape = (len(samples), data.shape[1])

    @property
    def n_entries(self) -> int:
        """About how many entries the rows have."""
        return self._data.nnz * len(self._samples) // self._data.shape[0]

    def __getitem__(self, rows: slice) -> Any:
        """Return some of the rows, an array or `SparseRows`."""
        samples = self._samples[rows]
        return block(self._data.gather(samples, dense=False), slice(0, len(samples)))


class RowsOfLanes(NamedTuple):
    """A minibatch, and the lanes that it is for."""

    lanes: slice
    X: Any
    """Its rows, an array, `SparseRows` or `RowsOfSamples`, (size, n_columns)."""
    y: PerSample
    """Their targets; 1 for rows that have the signs of two classes."""
    columns: Index | slice = slice(None)
    """The columns of the data that X has."""


class GatheredInParts:
    """The objective on one minibatch of each seed, whose rows are not yet gathered.

    Parameters
    ----------
    objective
        The loss and the penalty, with the data.
    minibatches
        The lanes and the samples of each seed that has lanes.
    """

    def __init__(
        self, objective: LinearObjective, minibatches: Sequence[tuple[slice, Index]]
    ) -> None:
        self._objective, self._minibatches = objective, minibatches

    def minibatch_values(self, points: PointsNear, n_lanes: int) -> ValuesInParts:
        """Return the minibatches' objectives at some points, and the size of their rounding."""
        data, y = self._objective.data, self._objective.y
        own = [
            RowsOfLanes(lanes, RowsOfSamples(data, samples), y[samples])
            for lanes, samples in self._minibatches
        ]
        return minibatch_values(self._objective, own, points, n_lanes)


def minibatch_values(
    objective: LinearObjective, minibatches: Sequence[RowsOfLanes], points: PointsNear, n_lanes: int
) -> ValuesInParts:
    """Return the objective of minibatches at some points, and the size of its rounding.

    Parameters
    ----------
    objective
        The loss and the penalty.
    minibatches
        Those of the lanes. Lanes of several belong to the last of them.
    points
        As for `lrbench.objective.oracle.MinibatchValues`.
    n_lanes
        The number of lanes.
    """
    values: Lanes | None = None
    rounding = np.zeros(n_lanes)
    for batch in minibatches:
        batch = _of_few_columns(batch)
        n_columns = batch.X.shape[1]
        width = min(LANES, max(8, NUMBERS // max(1, n_columns) // 8 * 8))
        start, stop, _ = batch.lanes.indices(n_lanes)
        for k in range(start, stop, width):
            lanes = slice(k, min(k + width, stop))
            own, rounding[lanes] = yield from _values_of_lanes(objective, batch, points, lanes)
            if values is None:
                values = np.zeros((len(own), n_lanes))
            values[:, lanes] = own
    assert values is not None
    return values, rounding


def _of_few_columns(batch: RowsOfLanes) -> RowsOfLanes:
    """Return a minibatch with the columns alone in which it has entries, where these are few."""
    if _n_entries(batch.X) >= batch.X.shape[1]:
        return batch
    X = batch.X[:] if isinstance(batch.X, RowsOfSamples) else batch.X
    if not isinstance(X, SparseRows):
        return batch
    inside = slice(X.ends[0], X.ends[-1])
    columns, positions = np.unique(X.columns[inside], return_inverse=True)
    ends, shape = X.ends - X.ends[0], (X.shape[0], len(columns))
    own = SparseRows(shape, ends, positions, X.entries[inside])
    if not isinstance(batch.columns, slice):
        columns = batch.columns[columns]
    return batch._replace(X=own, columns=columns)


def _values_of_lanes(
    objective: LinearObjective, batch: RowsOfLanes, points: PointsNear, lanes: slice
) -> ValuesInParts:
    """Return the values of some lanes, (n_points, n_lanes), and their rounding."""
    X, loss, penalty = batch.X, objective.loss, objective.penalty
    near, reach = points(batch.columns, lanes)
    values, total = np.zeros((len(near), reach.shape[1])), np.zeros(reach.shape[1])
    yield
    for rows in _parts(X):
        X_rows, y = X[rows], batch.y if batch.y is UNIT_TARGET else batch.y[rows]
        scores = [product(X_rows, W) for W in near]
        sizes = product(abs(X_rows), reach)
        # A derivative does not decrease: it is largest at an end of the interval of all scores.
        width = 2.0 * PROBE_STEP * sizes
        ends = [np.abs(loss.derivative(scores[0] + s * width, y)) for s in (-1.0, 1.0)]
        terms = np.maximum(*ends) * sizes
        for k, Z in enumerate(scores):
            value, size = loss.value_and_magnitude(Z, y)
            values[k] += column_sums(value)
            np.maximum(terms, size, out=terms)
        total += column_sums(terms)
        yield
    n = X.shape[0]
    values /= n
    total *= 2.0 / n
    if penalty.weight:
        for rows in row_slices(objective.n_penalised):
            near, reach = points(rows, lanes)
            values += np.stack([penalty.value(W) for W in near])
            total += 2.0 * inner(penalty.gradient(reach), reach)
            yield
    return values, EPS * (objective.n_features + n + 16) * total + UNDERFLOW


def _parts(X: Any) -> Iterator[slice]:
    """Yield the rows of each part of a minibatch."""
    n = X.shape[0]
    size = max(1, min(ROWS, ENTRIES * n // max(1, _n_entries(X))))
    return (slice(k, min(k + size, n)) for k in range(0, n, size))


def _n_entries(X: Any) -> int:
    if isinstance(X, np.ndarray):
        return X.size
    return X.n_entries if isinstance(X, RowsOfSamples) else int(X.ends[-1] - X.ends[0])
