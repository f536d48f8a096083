"""The objective: the `Problem` protocol and the linear model that implements it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from lrbench.arrays import Lanes, PerLane, Vector
from lrbench.cache.content_hash import content_hash, parameters_text
from lrbench.objective.linear.objective import LinearHeldOut, LinearObjective
from lrbench.objective.linear.sampler import linear_sampler
from lrbench.objective.oracle import Ball, Iterate, Iterates, Meter, Observer, Oracle, Stopwatch

if TYPE_CHECKING:
    from lrbench.objective.minibatches import Minibatches


@dataclass(frozen=True)
class AboutTest:
    """What a report says of the samples that are held out."""

    data: str
    n_samples: int
    fraction: float | None
    """The share of the samples that it is; None for data of their own."""
    seed: int | None
    """Which share it is; None for data of their own."""
    features_left_out: int
    """How many features it has that the training data do not have."""


@dataclass(frozen=True)
class About:
    """What a report says of a problem beside its numbers."""

    title: str
    data: str
    scale: str
    start: str
    labels: Mapping[str, str] | None = None
    """For two classes: ``{"+1": "malignant", "-1": "benign"}``."""
    fingerprint: str = ""
    """A hash of the training data and of the canonical specification."""
    test: AboutTest | None = None
    """None where nothing is held out."""


class Problem(Protocol):
    """A convex objective with its starting point: all that the engine asks of it."""

    @property
    def name(self) -> str:
        """The problem's name in every table."""
        ...

    @property
    def about(self) -> About:
        """What reports say of it."""
        ...

    @property
    def w0(self) -> Vector:
        """The starting point, (n_features,)."""
        ...

    @property
    def n_samples(self) -> int:
        """The number of terms of the sum."""
        ...

    @property
    def n_features(self) -> int:
        """The dimension of w, the intercept included."""
        ...

    def value(self, W: Lanes) -> PerLane:
        """Return F of every column."""
        ...

    def value_and_gradient(self, W: Lanes, watch: Stopwatch | None = None) -> tuple[PerLane, Lanes]:
        """Return F and its gradient, column by column; a running `watch` pauses for the value."""
        ...

    def measures(self, W: Lanes) -> Mapping[str, PerLane]:
        """Return what else a trace records of every column, by name; empty for nothing."""
        ...

    def sampler(
        self,
        w_star: Vector | None,
        ball: Ball | None,
        minibatches: Sequence[Minibatches],
        *,
        dense_gradient: bool = False,
    ) -> Sampler:
        """Return how a run goes through this problem.

        `minibatches` are those of each seed whose lanes go together, none for full batches;
        `dense_gradient` says that every step will ask for the gradient as an array.
        """
        ...


class Sampler(Protocol):
    """One run's way through a problem: its iterates and its oracles."""

    @property
    def iterates(self) -> Iterates:
        """The iterates and their running sum."""
        ...

    @property
    def meter(self) -> Meter:
        """What was asked so far."""
        ...

    def set_columns(self, slices: Sequence[slice | None]) -> None:
        """Note where the lanes of each seed stand from now on."""
        ...

    def oracles(self, observer: Observer) -> Iterator[Oracle]:
        """Yield the oracle of step 0, 1, … without end."""
        ...

    def offer_gradient(self, gradient: Lanes, at: Iterate) -> None:
        """Use this gradient for the next step, if it asks for the one `at` (full batches only)."""
        ...


@dataclass(frozen=True, eq=False)
class LinearProblem(LinearObjective):
    """A linear model with its name, its starting point and what reports say of it.

    Parameters
    ----------
    data, y, loss, penalty, intercept
        The objective: see `LinearObjective`.
    name
        The problem's name in every table.
    w0
        The starting point, (n_features,).
    about
        What reports say of it.
    test
        The samples that are held out; None for none.
    """

    name: str
    w0: Vector
    about: About
    test: LinearHeldOut | None = None

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the problem as it was built, without the samples held out.

        That is X, y and w_0 to the last bit, and the loss and the penalty with their parameters.
        Unlike ``about.fingerprint`` it knows nothing of the words that led there, so that what is
        kept under it cannot outlive a change of the code that reads or scales data.
        """
        arrays = content_hash(self.data.X, y=self.y, w0=self.w0)
        parts = f"{parameters_text(self.loss)}\n{parameters_text(self.penalty)}"
        return hashlib.sha256(f"{arrays}\n{parts}\n{self.intercept}".encode()).hexdigest()

    def measures(self, W: Lanes) -> dict[str, PerLane]:
        """Return the loss, and for two classes the accuracy, on the samples held out."""
        return {} if self.test is None else self.test.measures(W)

    def sampler(
        self,
        w_star: Vector | None,
        ball: Ball | None,
        minibatches: Sequence[Minibatches],
        *,
        dense_gradient: bool = False,
    ) -> Sampler:
        """Return how a run goes through this problem: full batches, or these minibatches."""
        return linear_sampler(
            self, self.w0, w_star, ball, minibatches, dense_gradient=dense_gradient
        )
