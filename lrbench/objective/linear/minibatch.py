"""Minibatches in plain arrays, for the lanes of one seed or of several."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lrbench.arrays import Index, Lanes, Mask, PerLane, Scores
from lrbench.losses.base import UNIT_TARGET
from lrbench.objective.linear.compiled import (
    LinearMinibatches,
    TouchedMinibatches,
    obstacle,
    visits_few_columns,
)
from lrbench.objective.linear.dense import DenseOracle, FullBesideMinibatch, padded
from lrbench.objective.linear.matrix import CHUNK_BYTES, CHUNK_SAMPLES, product
from lrbench.objective.linear.objective import LinearObjective
from lrbench.objective.linear.oracle import LinearRun, LinearSampler
from lrbench.objective.linear.plain import DenseIterates
from lrbench.objective.linear.seed_batch import SeedBatch, scores
from lrbench.objective.oracle import Observer, PointsNear, ValuesInParts

if TYPE_CHECKING:
    from lrbench.objective.minibatches import Minibatches
    from lrbench.objective.oracle_objective import DataObjective

DataObjectiveT = TypeVar("DataObjectiveT", bound="DataObjective", covariant=True)


class DenseMinibatchOracle(DenseOracle[DataObjectiveT]):
    """The lanes of each seed on the minibatch of that seed; subclasses have the objective."""

    signed = True
    """Whether rows may be multiplied by their targets, where the loss depends on y z alone."""

    @property
    def index(self) -> Index:
        """The samples of this minibatch, (size,); (size, n_lanes) with lanes of several seeds."""
        if len(self.seed_batches) == 1:
            return self.seed_batches[0].samples
        out = np.zeros((self.size, self.run.iterates.n_lanes), dtype=np.intp)
        for batch in self.seed_batches:
            out[:, batch.lanes] = batch.samples[:, None]
        return out

    @cached_property
    def full(self) -> FullBesideMinibatch[DataObjectiveT]:
        """The oracle of all samples."""
        return FullBesideMinibatch(self)

    def _beyond(self, lanes: Mask) -> Mask:
        """Return which of `lanes` are padding that no seed's minibatch reaches."""
        beyond = lanes.copy()
        beyond[: self._reached(len(lanes))] = False
        return beyond

    def _reached(self, n_lanes: int) -> int:
        """Return the number of columns that the slices of the seeds reach."""
        return self.seed_batches[-1].lanes.indices(n_lanes)[1]

    def _restricted(self, lanes: Mask) -> tuple[Index, list[SeedBatch]]:
        """Return the columns of `lanes`, padded, and the minibatch of each seed for them."""
        # A slice may reach over lanes of the next seed: a seed's own lanes end where those begin.
        ranges = [batch.lanes.indices(len(lanes)) for batch in self.seed_batches]
        starts, end = [start for start, *_ in ranges], ranges[-1][1]
        columns: list[Index] = []
        batches: list[SeedBatch] = []
        width = 0
        for batch, (start, stop) in zip(
            self.seed_batches, itertools.pairwise([*starts, end]), strict=True
        ):
            own = padded(start + np.flatnonzero(lanes[start:stop]), len(lanes))
            if len(own):
                columns.append(own)
                batches.append(batch.for_lanes(slice(width, width + len(own))))
                width += len(own)
        return np.concatenate(columns) if columns else np.empty(0, dtype=np.intp), batches


class MinibatchOracle(DenseMinibatchOracle[LinearObjective]):
    """The objective of a linear model on minibatches."""

    def derivatives(self, W: Lanes) -> Scores:
        """Return the derivative of the loss of each sample in its score, (size, n_lanes)."""
        self._meter.sample_gradients += self.size
        return self._with_signs(self._derivative(scores(self.seed_batches, W), self.seed_batches))

    def combine(self, R: Scores) -> Lanes:
        """Return the mean of x_i r_i over the minibatch, (n_features, n_lanes)."""
        R = self._with_signs(R)
        R *= 1.0 / self.size
        return self._combined(self.seed_batches, R)

    def _with_signs(self, R: Scores) -> Scores:
        """Return `R` times the targets of its rows where the rows of X have these signs."""
        if self.seed_batches[0].y is not UNIT_TARGET:
            return R.copy()
        targets = self._objective.y[self.index]
        return R * (targets if targets.ndim == 2 else targets[:, None])

    def minibatch_values(self, points: PointsNear, n_lanes: int) -> ValuesInParts:
        """Return the minibatches' objectives at some points, and the size of their rounding."""
        from lrbench.objective.linear.minibatch_values import RowsOfLanes, minibatch_values

        own = [RowsOfLanes(batch.lanes, batch.X, batch.y) for batch in self.seed_batches]
        return minibatch_values(self._objective, own, points, n_lanes)

    def _mean_gradient(self, W: Lanes, batches: Sequence[SeedBatch], *, penalised: bool) -> Lanes:
        R = self._derivative(scores(batches, W), batches, 1.0 / self.size)
        return self._combined(batches, R, W if penalised else None)

    def _combined(self, batches: Sequence[SeedBatch], R: Scores, W: Lanes | None = None) -> Lanes:
        """Return X'R, with the gradient of the penalty at `W`; None for no penalty."""
        if len(batches) > 1:
            # Of padding that no lanes reach it is the penalty's.
            G = np.zeros((self._objective.n_features, R.shape[1]))
            if W is not None:
                self._objective.add_penalty_gradient(G, W)
            for batch in batches:
                lanes = batch.lanes
                at = None if W is None else W[:, lanes]
                G[:, lanes] = self._combined([batch], R[:, lanes], at)
            return G
        XT = batches[0].XT
        if W is None:
            return product(XT, R)
        if isinstance(XT, np.ndarray):
            G = product(XT, R)
            self._objective.add_penalty_gradient(G, W)
            return G
        G = self._objective.penalty_gradient(W)
        XT.add_product(G, R)
        return G

    def _value(self, W: Lanes, batches: Sequence[SeedBatch]) -> PerLane:
        Z, loss = scores(batches, W), self._objective.loss
        totals = np.zeros(W.shape[1])
        for batch in batches:
            totals[batch.lanes] = loss.sums(Z[:, batch.lanes], batch.y)
        totals /= self.size
        return totals + self._objective.finite_penalty(W)

    def _derivative(self, Z: Scores, batches: Sequence[SeedBatch], factor: float = 1.0) -> Scores:
        """Return `factor` times the derivative of the loss in the scores, which are used up."""
        derivative, first = self._objective.loss.scaled_derivative, batches[0]
        if len(batches) == 1 or first.y is UNIT_TARGET:
            return derivative(Z, first.y, factor)
        R = np.empty_like(Z)
        for batch in batches:
            R[:, batch.lanes] = derivative(Z[:, batch.lanes].copy(), batch.y, factor)
        return R


class DenseMinibatchSampler(LinearSampler[DataObjectiveT, DenseIterates]):
    """Minibatches in plain arrays, gathered some thousand samples at a time.

    `dense` says whether the rows of sparse data are made dense, where that is cheaper, and `oracle`
    which class of oracles they have.
    """

    def __init__(
        self,
        run: LinearRun[DataObjectiveT, DenseIterates],
        minibatches: Sequence[Minibatches],
        *,
        dense: bool,
        oracle: type[DenseMinibatchOracle[DataObjectiveT]],
    ) -> None:
        super().__init__(run)
        self.oracle = oracle
        self._minibatches = minibatches
        self._dense = dense

    def oracles(self, observer: Observer) -> Iterator[DenseMinibatchOracle[DataObjectiveT]]:
        """Yield the oracle of each step: the same object with other minibatches."""
        objective, size = self.run.objective, self._minibatches[0].batch_size
        oracle = self.oracle(self.run, observer)
        oracle.size = size
        samples = CHUNK_SAMPLES
        if self._dense:
            row_bytes = 8 * objective.n_features * len(self._minibatches)
            samples = min(samples, CHUNK_BYTES // row_bytes)
        n_steps = max(1, samples // size)
        streams = [minibatches.chunks(n_steps) for minibatches in self._minibatches]
        while True:
            # A seed without lanes never gets any again: its stream need not go on.
            pairs = zip(streams, self.run.slices, strict=True)
            batches = [
                None if lanes is None else self._gather(lanes, next(s)) for s, lanes in pairs
            ]
            slices: Sequence[slice | None] = ()
            for k in range(n_steps):
                if slices is not self.run.slices:  # a new chunk, or lanes were dropped
                    slices, oracle.seed_batches = self.run.slices, []
                    for batch, lanes in zip(batches, slices, strict=True):
                        if batch is not None and lanes is not None:
                            batch.lanes = lanes
                            oracle.seed_batches.append(batch)
                for batch in oracle.seed_batches:
                    batch.move_to(k)
                yield oracle

    def _gather(self, lanes: slice, index: Index) -> SeedBatch:
        """Return the minibatches of a seed in a chunk of samples, at the first one."""
        objective, flat = self.run.objective, index.ravel()
        # Where the loss depends on y z alone the rows get the signs: to broadcast y is slow.
        y, signed = objective.y[flat], objective.loss.margin and self.oracle.signed
        X = objective.data.gather(flat, self._dense, y if signed else None)
        return SeedBatch(lanes, index, X, UNIT_TARGET if signed else y)


class MinibatchSampler(DenseMinibatchSampler[LinearObjective]):
    """Minibatches of a linear problem, whose steps compiled code may make."""

    def __init__(
        self,
        run: LinearRun[LinearObjective, DenseIterates],
        minibatches: Sequence[Minibatches],
        *,
        dense: bool,
    ) -> None:
        super().__init__(run, minibatches, dense=dense, oracle=MinibatchOracle)

    def obstacle(self) -> str:
        """Return why NumPy makes the steps; else nothing."""
        return obstacle(self.run.objective, self.run.ball)

    def compiled(self, *, scaled: bool) -> LinearMinibatches | None:
        """Return what compiled steps need; None where NumPy makes the steps.

        With `scaled` the iterates become scaled ones where steps visit few columns.
        """
        run, minibatches = self.run, self._minibatches
        if self.obstacle():
            return None
        if not scaled or not visits_few_columns(run.objective, run.ball, minibatches[0].batch_size):
            return LinearMinibatches(run, minibatches)
        from lrbench.objective.linear.scaled import ScaledIterates

        # No step of NumPy uses these, and no lane has begun.
        scaled_run: LinearRun[LinearObjective, Any] = run
        w0, n_penalised = run.iterates.w0, run.objective.n_penalised
        scaled_run.iterates = ScaledIterates(w0, run.w_star, n_penalised)
        return TouchedMinibatches(scaled_run, minibatches)
