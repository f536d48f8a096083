"""Oracles on plain (n_features, n_lanes) arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lrbench.arrays import (
    Index,
    Lanes,
    Mask,
    PerLane,
    Scores,
    norm_sq,
    take,
)
from lrbench.objective.linear.oracle import BesideMinibatch, LinearOracle, LinearRun, ObjectiveT
from lrbench.objective.linear.plain import DenseGradient, DenseIterates
from lrbench.objective.meter import metered
from lrbench.objective.oracle import Ball, Gradient, Observer

if TYPE_CHECKING:
    from lrbench.objective.linear.seed_batch import SeedBatch


class DenseOracle(LinearOracle[ObjectiveT, DenseIterates], ABC):
    """An oracle on plain arrays; subclasses have the samples."""

    offered: tuple[Lanes, Lanes, Lanes] | None = None
    """A gradient that an evaluation has just computed, its iterate, and a copy of that."""
    size: int
    """The number of samples of a minibatch."""
    seed_batches: Sequence[SeedBatch] = ()
    """The minibatch of each seed that has lanes; none for all samples."""

    def gradient(self, W: Lanes, lanes: Mask | None = None) -> DenseGradient:
        """Return the gradient at `W`; metered as the size of the minibatch."""
        return self._gradient(W, lanes, penalised=True)

    def loss_gradient(self, W: Lanes, lanes: Mask | None = None) -> DenseGradient:
        """Return the gradient of the mean loss at `W`; metered like `gradient`."""
        return self._gradient(W, lanes, penalised=False)

    def value(self, W: Lanes, lanes: Mask | None = None) -> PerLane:
        """Return the objective at `W`, NaN for other lanes than `lanes`."""
        self._meter.sample_values += metered(self.size, lanes)
        if lanes is None:
            return self._value(W, self.seed_batches)
        columns, batches = self._restricted(lanes)
        # Padding behind the lanes of all seeds has no samples, as where all lanes are computed.
        values = np.where(lanes, self._objective.finite_penalty(W), np.nan)
        if len(columns):
            values[columns] = self._value(take(W, columns), batches)
        beyond = self._beyond(lanes)
        values[beyond] = self._objective.finite_penalty(W[:, beyond])
        return values

    def derivatives(self, W: Lanes) -> Scores:
        """Return the derivative of the loss of each sample in its score, (size, n_lanes)."""
        self._meter.sample_gradients += self.size
        return self._objective.derivatives(W)

    def combine(self, R: Scores) -> Lanes:
        """Return the mean of x_i r_i over the minibatch, (n_features, n_lanes)."""
        return self._objective.combine(R)

    def _gradient(self, W: Lanes, lanes: Mask | None, *, penalised: bool) -> DenseGradient:
        if lanes is None:
            self._meter.sample_gradients += self.size
            G = self._mean_gradient(W, self.seed_batches, penalised=penalised)
            gradient = DenseGradient(G, self._w_star)
            self.first.offer(gradient, W)
            self._observer(W, gradient)
            return gradient
        self._meter.sample_gradients += metered(self.size, lanes)
        self.first.check_taken()
        columns, batches = self._restricted(lanes)
        G = np.zeros_like(W)
        if len(columns):
            W_columns = take(W, columns)
            G[:, columns] = self._mean_gradient(W_columns, batches, penalised=penalised)
        beyond = self._beyond(lanes)
        if penalised and beyond.any():
            G_beyond = np.zeros((len(W), int(beyond.sum())))
            self._objective.add_penalty_gradient(G_beyond, W[:, beyond])
            G[:, beyond] = G_beyond
        return DenseGradient(G, self._w_star)

    def _beyond(self, lanes: Mask) -> Mask:
        """Return which of `lanes` are padding that no seed's minibatch reaches."""
        return np.zeros(len(lanes), dtype=np.bool_)

    def _restricted(self, lanes: Mask) -> tuple[Index, list[SeedBatch]]:
        """Return the columns of `lanes`, padded, and the minibatch of each seed for them."""
        return padded(np.flatnonzero(lanes), len(lanes)), []

    @abstractmethod
    def _mean_gradient(self, W: Lanes, batches: Sequence[SeedBatch], *, penalised: bool) -> Lanes:
        """Return the gradient of the mean loss, with the penalty's if `penalised`; a new array."""

    @abstractmethod
    def _value(self, W: Lanes, batches: Sequence[SeedBatch]) -> PerLane:
        """Return the mean loss and the penalty, without an indicator."""

    def descend(self, W: Lanes, lr: PerLane, gradient: Gradient) -> Lanes:
        """Return W - lr g, projected on the constraints if there are any; uses up both."""
        self.offered = None
        follows = self.first.followed(gradient, W)
        G = gradient.dense()
        G *= lr  # in place: the gradient is used up, and no array is allocated
        W -= G
        shortened = self._confine(W) if self._constrained else None
        self.off_path, self.descended = shortened if follows else self._every_lane, follows
        self.made = (W, np.array(lr))
        return W

    def move(self, W: Lanes, D: Lanes) -> Lanes:
        """Return W - D, projected on the constraints if there are any; uses up W."""
        self.offered = None
        self.first.move(W)
        W -= D
        if self._constrained:
            self._confine(W)
        self.off_path, self.descended = self._every_lane, False
        return W

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        """Return the penalty's prox at `W`, projected on the ball if there is one; uses up W."""
        self._meter.prox_calls += 1
        self.first.move(W)
        self.offered, self.off_path, self.descended = None, self._every_lane, False
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


class FullOracle(DenseOracle[ObjectiveT]):
    """The objective on all samples."""

    index: Index | None = None

    def __init__(self, run: LinearRun[ObjectiveT, DenseIterates], observer: Observer) -> None:
        super().__init__(run, observer)
        self.size = run.objective.n_samples

    @property
    def full(self) -> FullOracle[ObjectiveT]:
        """The oracle itself."""
        return self

    def gradient(self, W: Lanes, lanes: Mask | None = None) -> DenseGradient:
        """Return the gradient of F at `W`; metered as n_samples."""
        # A solver may have changed its iterate in place before it asks.
        offered = self.offered if lanes is None else None
        if offered is None or offered[1] is not W or not np.array_equal(W, offered[2]):
            gradient = super().gradient(W, lanes)
        else:
            self._meter.sample_gradients += self.size
            gradient = DenseGradient(offered[0], self._w_star)
            self.first.offer(gradient, W)
            self._observer(W, gradient)
        self.offered = None
        return gradient

    def _mean_gradient(self, W: Lanes, batches: Sequence[SeedBatch], *, penalised: bool) -> Lanes:
        del batches
        G = self._objective.loss_gradient(W)
        if penalised:
            self._objective.add_penalty_gradient(G, W)
        return G

    def _value(self, W: Lanes, batches: Sequence[SeedBatch]) -> PerLane:
        del batches
        return self._objective.mean_loss(W) + self._objective.finite_penalty(W)


class FullBesideMinibatch(BesideMinibatch, FullOracle[ObjectiveT]):
    """All samples, for a step that also asks for a minibatch; the step is the minibatch's."""

    def __init__(self, minibatch: DenseOracle[ObjectiveT]) -> None:
        super().__init__(minibatch.run, lambda W, gradient: None)
        self._minibatch = minibatch
        self.first.ignore()


def project(W: Lanes, ball: Ball) -> Mask | None:
    """Project the columns of `W` on the ball in place; return which were outside, None for none."""
    centre = ball.centre[:, None]
    distance = np.sqrt(norm_sq(W - centre))
    outside: Mask = distance > ball.radius
    if not outside.any():
        return None
    W[:, outside] = centre + (W[:, outside] - centre) * (ball.radius / distance[outside])
    return outside


def padded(columns: Index, n_lanes: int) -> Index:
    """Return `columns` with copies of the last behind them, up to a multiple of 8 if needed.

    Where `n_lanes` is a multiple of 8, the bits of a column do not depend on how many there are, as
    long as that is a multiple of 8, too.
    """
    missing = 0 if n_lanes % 8 else -len(columns) % 8
    return np.concatenate([columns, np.repeat(columns[-1:], missing)]) if missing else columns
