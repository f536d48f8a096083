"""The oracles of normalised problems."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from lrbench.arrays import Index, Lanes, Mask, PerLane
from lrbench.objective.linear.dense import DenseOracle, FullBesideMinibatch, FullOracle
from lrbench.objective.linear.minibatch import DenseMinibatchOracle, MinibatchOracle
from lrbench.objective.linear.oracle import LinearRun, ObjectiveT
from lrbench.objective.linear.plain import DenseGradient

if TYPE_CHECKING:
    from lrbench.objective.linear.plain import DenseIterates
    from lrbench.objective.network.normalised import NormalisedProblem
    from lrbench.objective.oracle import Gradient, Observer

NormalisedT = TypeVar("NormalisedT", bound="NormalisedProblem")


class OwnRate(DenseOracle[ObjectiveT]):
    """An oracle that steps along some rows by itself, where these have a rate of their own.

    The solver then sees 0 in these rows of the gradient, and whatever step it takes they go down
    along the first gradient of all lanes. So every rule drives the others alone.
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
    @abstractmethod
    def _rate(self) -> float | None:
        """The rate of those rows; None where they have none of their own."""

    @property
    @abstractmethod
    def _rows(self) -> slice | Index:
        """Those rows."""

    def _hold(self, own: Lanes) -> None:
        if self._own is None:
            self._own = own

    def _with_own(self, W: Lanes) -> Lanes:
        rate, own = self._rate, self._own
        if rate is not None and own is not None:
            W[self._rows] -= rate * own
            self._own = None
        return W


class OwnGammaRate(OwnRate[NormalisedT]):
    """An oracle that steps along gamma and beta by itself, where these have a rate of their own."""

    @property
    def _rate(self) -> float | None:
        return self._objective.form.gamma_lr

    @property
    def _rows(self) -> slice:
        """The rows behind v."""
        return slice(self._objective.n_weights, None)


class NormalisedFullOracle(OwnGammaRate[NormalisedT], FullOracle[NormalisedT]):
    """The objective on all samples."""


class NormalisedBesideMinibatch(
    FullBesideMinibatch[NormalisedT], NormalisedFullOracle[NormalisedT]
):
    """All samples, for a step that also asks for a minibatch; the step is the minibatch's."""

    _minibatch: NormalisedOracle[NormalisedT]

    def _hold(self, own: Lanes) -> None:
        self._minibatch._hold(own)


class NormalisedOracle(OwnGammaRate[NormalisedT], DenseMinibatchOracle[NormalisedT]):
    """The objective on minibatches."""

    def __init__(self, run: LinearRun[NormalisedT, DenseIterates], observer: Observer) -> None:
        super().__init__(run, observer)
        plain = LinearRun(run.objective.plain, run.w_star, run.ball, run.iterates, run.numbers)
        self._plain = MinibatchOracle(plain, observer)

    @property
    def linear(self) -> MinibatchOracle:
        """The oracle of the linear problem on the same minibatch."""
        self._plain.size = self.size
        return self._plain

    @cached_property
    def full(self) -> FullBesideMinibatch[NormalisedT]:
        """The oracle of all samples."""
        return NormalisedBesideMinibatch(self)
