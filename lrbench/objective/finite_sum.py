"""The base class of problems of another kind than linear ones: the mean of terms, in plain arrays.

A subclass has the mean of some terms with its gradient, and its facts. The oracles and samplers
follow from that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from lrbench.arrays import Index, Lanes, Mask, PerLane, Scores, Vector
from lrbench.errors import ContractError
from lrbench.objective.about import ProblemFacts
from lrbench.objective.linear.dense import DenseOracle, FullBesideMinibatch, FullOracle
from lrbench.objective.linear.full import DenseFullSampler
from lrbench.objective.linear.matrix import CHUNK_SAMPLES
from lrbench.objective.linear.oracle import LinearRun, LinearSampler
from lrbench.objective.linear.plain import DenseIterates
from lrbench.objective.meter import Stopwatch
from lrbench.objective.oracle import Ball, Observer
from lrbench.objective.random_numbers import RandomNumbers
from lrbench.penalties.none import NoPenalty

if TYPE_CHECKING:
    from lrbench.objective.linear.seed_batch import SeedBatch
    from lrbench.objective.minibatches import Minibatches
    from lrbench.objective.problem import Sampler

ALL = slice(None)
"""All samples."""


class FiniteSum(ABC):
    r"""A problem whose objective is a mean of terms, convex or not.

    .. math:: F(w) = \frac1n \sum_{i=1}^n f_i(w)

    Parameters
    ----------
    name
        The problem's name in every table.
    w0
        The starting point, (n_features,).
    n_samples
        The number of terms.
    """

    def __init__(self, name: str, w0: Vector, n_samples: int) -> None:
        self.name, self.w0, self.n_samples = name, w0, n_samples

    @property
    def n_features(self) -> int:
        """The dimension of w."""
        return len(self.w0)

    @property
    def bounds(self) -> tuple[Vector, Vector]:
        """The least and the largest value of every coordinate: there are none."""
        unbounded = np.full(self.n_features, np.inf)
        return -unbounded, unbounded

    @abstractmethod
    def mean(self, W: Lanes, samples: Index | slice) -> tuple[PerLane, Lanes]:
        """Return the mean of the terms of these samples, (n_lanes,), and its gradient.

        Parameters
        ----------
        W
            (n_features, n_lanes); not to be written to.
        samples
            (size,), or the slice of all samples.

        Returns
        -------
        value, gradient
            (n_lanes,) and (n_features, n_lanes), new arrays.
        """

    def facts(self) -> ProblemFacts:
        """Return what is asked of the problem outside a run."""
        return ProblemFacts(title="", data="")

    def value(self, W: Lanes) -> PerLane:
        """Return F of every column of `W`, (n_lanes,)."""
        return self.mean(W, ALL)[0]

    def value_and_gradient(self, W: Lanes, watch: Stopwatch | None = None) -> tuple[PerLane, Lanes]:
        """Return F and its gradient for every column; the values are on the clock of `watch`."""
        del watch
        return self.mean(W, ALL)

    def measures(self, W: Lanes) -> Mapping[str, PerLane]:
        """Return no further columns of the trace."""
        del W
        return {}

    def sampler(
        self,
        w_star: Vector | None,
        ball: Ball | None,
        minibatches: Sequence[Minibatches],
        *,
        dense_iterates: bool = False,
        seeds: Sequence[int] = (0,),
    ) -> Sampler:
        """Return the sampler for full batches, or for the minibatches of a single seed."""
        del dense_iterates
        terms = MeanTerms(self)
        run = LinearRun(terms, w_star, ball, DenseIterates(self.w0), RandomNumbers(seeds))
        if not minibatches:
            return DenseFullSampler(run)
        (single,) = minibatches
        return TermSampler(run, single)


SumT = TypeVar("SumT", bound=FiniteSum, covariant=True)


class MeanTerms(Generic[SumT]):
    """A sum of terms in the words of the oracles on plain arrays: a loss without a penalty."""

    penalty = NoPenalty()

    def __init__(self, problem: SumT) -> None:
        self.problem = problem
        self.n_samples = problem.n_samples
        self.mean = problem.mean

    def mean_loss(self, W: Lanes) -> PerLane:
        """Return F of every column of `W`."""
        return self.mean(W, ALL)[0]

    def loss_gradient(self, W: Lanes) -> Lanes:
        """Return the gradient of F at every column of `W`."""
        return self.mean(W, ALL)[1]

    def derivatives(self, W: Lanes) -> Scores:
        """Raise `ContractError`: the terms are no functions of a score."""
        raise ContractError("the problem has no derivatives of single samples.")

    combine = derivatives

    def finite_penalty(self, W: Lanes) -> PerLane:
        """Return zeros: there is no penalty."""
        return np.zeros(W.shape[1])

    def add_penalty_gradient(self, G: Lanes, W: Lanes) -> None:
        """Add nothing: there is no penalty."""

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        """Return `W`: there is no penalty."""
        del lr
        return W

    def confine(self, W: Lanes) -> Mask | None:
        """Return None: there is no constraint."""
        del W
        return None


class TermOracle(DenseOracle[MeanTerms[SumT]]):
    """The mean of the terms of a minibatch."""

    index: Index

    @cached_property
    def full(self) -> FullOracle[MeanTerms[SumT]]:
        """The oracle of all samples."""
        return FullBesideMinibatch(self)

    def _mean_gradient(self, W: Lanes, batches: Sequence[SeedBatch], *, penalised: bool) -> Lanes:
        del batches, penalised  # there is no penalty
        return self._objective.mean(W, self.index)[1]

    def _value(self, W: Lanes, batches: Sequence[SeedBatch]) -> PerLane:
        del batches
        return self._objective.mean(W, self.index)[0]


class TermSampler(LinearSampler[MeanTerms[SumT], DenseIterates]):
    """The minibatches of a single seed; `oracle` is the class of their oracles."""

    def __init__(
        self,
        run: LinearRun[MeanTerms[SumT], DenseIterates],
        minibatches: Minibatches,
        oracle: type[TermOracle[SumT]] = TermOracle,
    ) -> None:
        super().__init__(run)
        self._minibatches, self._oracle = minibatches, oracle

    def oracles(self, observer: Observer) -> Iterator[TermOracle[SumT]]:
        """Yield the oracle of each step: the same object with another minibatch."""
        oracle = self._oracle(self.run, observer)
        oracle.size = self._minibatches.batch_size
        n_steps = max(1, CHUNK_SAMPLES // oracle.size)
        for chunk in self._minibatches.chunks(n_steps):
            for index in chunk:
                oracle.index = index
                yield oracle
