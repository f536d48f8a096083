"""The oracles and samplers of normalised problems."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lrbench.arrays import Index, Lanes, Mask, PerLane
from lrbench.objective.linear.dense import DenseOracle, FullBesideMinibatch, FullOracle
from lrbench.objective.linear.full import FullSampler
from lrbench.objective.linear.minibatch import MinibatchOracle, MinibatchSampler
from lrbench.objective.linear.oracle import LinearSampler
from lrbench.objective.linear.plain import DenseGradient

if TYPE_CHECKING:
    from lrbench.objective.linear.oracle import LinearRun
    from lrbench.objective.linear.plain import DenseIterates
    from lrbench.objective.oracle import Gradient, Observer


class OwnRate(DenseOracle):
    """An oracle that steps along some rows by itself, where these have a rate of their own.

    The solver then sees 0 in these rows of the gradient, gamma and beta, and whatever step it takes
    they go down along the first gradient of all lanes. So every rule drives the others alone.
    """

    _own: Lanes | None = None
    """Those rows of this step's gradient, until they are used up."""

    def begin(self, W: Lanes) -> None:
        """Begin a step at the iterate `W`."""
        super().begin(W)
        self._own = None

    def gradient(self, W: Lanes, lanes: Mask | None = None) -> DenseGradient:
        """Return the gradient at `W`, with 0 in the rows that have a rate of their own."""
        gradient = super().gradient(W, lanes)
        if self._rate is None:
            return gradient
        G = gradient.dense()
        if lanes is None:
            self._hold(G[self._rows].copy())
        G[self._rows] = 0.0
        # Another object: the step is none along the gradient that was observed, and counts so.
        return DenseGradient(G, self._w_star)

    def descend(self, W: Lanes, lr: PerLane, gradient: Gradient) -> Lanes:
        """Return W - lr g, with the own step of those rows; uses up both."""
        return self._with_own(super().descend(W, lr, gradient))

    def move(self, W: Lanes, D: Lanes) -> Lanes:
        """Return W - D, with the own step of those rows; uses up W."""
        return self._with_own(super().move(W, D))

    @property
    def _rate(self) -> float | None:
        rate: float | None = self._problem.form.gamma_lr
        return rate

    @property
    def _rows(self) -> slice | Index:
        """The rows of gamma and beta, behind v."""
        return slice(self._problem.n_weights, None)

    @property
    def _problem(self) -> Any:
        """The normalised problem, which stands in the place of a linear objective."""
        return self._objective

    def _hold(self, own: Lanes) -> None:
        if self._own is None:
            self._own = own

    def _with_own(self, W: Lanes) -> Lanes:
        rate, own = self._rate, self._own
        if rate is not None and own is not None:
            W[self._rows] -= rate * own
            self._own = None
        return W


class NormalisedFullOracle(OwnRate, FullOracle):
    """The objective on all samples."""


class NormalisedFullSampler(FullSampler):
    """Every step uses the whole gradient."""

    oracle = NormalisedFullOracle

    def obstacle(self) -> str:
        """Return why NumPy makes the steps."""
        return LinearSampler.obstacle(self)


class NormalisedBesideMinibatch(FullBesideMinibatch, NormalisedFullOracle):
    """All samples, for a step that also asks for a minibatch; the step is the minibatch's."""

    def _hold(self, own: Lanes) -> None:
        self._minibatch._hold(own)


class NormalisedOracle(OwnRate, MinibatchOracle):
    """The objective on minibatches."""

    def __init__(self, run: LinearRun[DenseIterates], observer: Observer) -> None:
        super().__init__(run, observer)
        problem: Any = run.objective
        self._plain = MinibatchOracle(replace(run, objective=problem.plain), observer)

    @property
    def linear(self) -> MinibatchOracle:
        """The oracle of the linear problem on the same minibatch."""
        self._plain.size = self.size
        return self._plain

    @cached_property
    def full(self) -> FullBesideMinibatch:
        """The oracle of all samples."""
        return NormalisedBesideMinibatch(self)


class NormalisedSampler(MinibatchSampler):
    """Minibatches in plain arrays, whose steps are NumPy's."""

    def obstacle(self) -> str:
        """Return why NumPy makes the steps."""
        return LinearSampler.obstacle(self)
