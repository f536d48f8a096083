"""The `Problem` protocol, and the linear problem that implements it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from lrbench.arrays import Lanes, PerLane, Vector
from lrbench.cache.content_hash import content_hash, digest, parameters_text
from lrbench.objective.about import About
from lrbench.objective.linear.objective import LinearHeldOut, LinearObjective
from lrbench.objective.linear.sampler import linear_sampler
from lrbench.objective.meter import Meter, Stopwatch
from lrbench.objective.oracle import Ball, Iterate, Iterates, Observer, Oracle

if TYPE_CHECKING:
    from lrbench.objective.minibatches import Minibatches


class Problem(Protocol):
    """A convex objective with its starting point, as the engine uses it."""

    @property
    def name(self) -> str:
        """The problem's name in every table."""
        ...

    @property
    def about(self) -> About:
        """Its description in reports."""
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

    @property
    def bounds(self) -> tuple[Vector, Vector]:
        """The least and the largest value of every coordinate, (n_features,) each."""
        ...

    def value(self, W: Lanes) -> PerLane:
        """Return F of every column."""
        ...

    def value_and_gradient(self, W: Lanes, watch: Stopwatch | None = None) -> tuple[PerLane, Lanes]:
        """Return F and its gradient for every column; a running `watch` pauses for the values."""
        ...

    def measures(self, W: Lanes) -> Mapping[str, PerLane]:
        """Return further columns of the trace by name, with a number for every column of `W`."""
        ...

    def sampler(
        self,
        w_star: Vector | None,
        ball: Ball | None,
        minibatches: Sequence[Minibatches],
        *,
        dense_iterates: bool = False,
        seeds: Sequence[int] = (0,),
    ) -> Sampler:
        """Return the sampler of a run on this problem.

        Parameters
        ----------
        w_star
            The minimiser, (n_features,); None where there is none.
        ball
            The constraint, None without one.
        minibatches
            Those of each seed whose lanes run together; none for full batches.
        dense_iterates
            Whether the iterates must be plain arrays.
        seeds
            Those of the lanes that run together, from which solvers get random numbers.
        """
        ...


class Sampler(Protocol):
    """The iterates and the oracles of a run on a problem."""

    @property
    def iterates(self) -> Iterates:
        """The iterates and their running sum."""
        ...

    @property
    def meter(self) -> Meter:
        """The calls so far of each lane."""
        ...

    def set_columns(self, slices: Sequence[slice | None]) -> None:
        """Set the columns of the lanes of each seed; None for a seed without lanes."""
        ...

    def oracles(self, observer: Observer) -> Iterator[Oracle]:
        """Yield the oracles of step 0, 1, …, endlessly."""
        ...

    def offer_gradient(self, gradient: Lanes, W: Iterate) -> None:
        """Use this gradient of F for the next step, if that step asks for it at `W`.

        Samplers of minibatches ignore it.
        """
        ...


@dataclass(frozen=True, eq=False)
class LinearProblem(LinearObjective):
    """A linear model with its name, its starting point and its description.

    Parameters
    ----------
    data, y, loss, penalty, intercept
        The objective: see `LinearObjective`.
    name
        The problem's name in every table.
    w0
        The starting point, (n_features,).
    about
        Its description in reports.
    test
        The samples that are held out; None for none.
    X_hash
        The content hash of the data set if X is its very array; empty if X was made from it.
    """

    name: str
    w0: Vector
    about: About
    test: LinearHeldOut | None = None
    X_hash: str = ""

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the problem as it was built, without the samples held out.

        It covers X, y and w_0 to the last bit, and the loss and the penalty with their parameters.
        Unlike ``about.fingerprint`` it does not depend on the specification, so that an optimum or
        a cell stored under it is not used after a change of the code that reads or scales data.
        """
        # Hashing X takes a second a gigabyte; where X is that of the data set, its hash is known.
        X = self.X_hash or content_hash(self.data.X)
        parts = f"{parameters_text(self.loss)}\n{parameters_text(self.penalty)}"
        text = f"{X}\n{digest(self.y)}\n{digest(self.w0)}\n{parts}\n{self.intercept}"
        return hashlib.sha256(text.encode()).hexdigest()

    def measures(self, W: Lanes) -> dict[str, PerLane]:
        """Return the loss, and for two classes the accuracy, on the samples held out."""
        return {} if self.test is None else self.test.measures(W)

    def sampler(
        self,
        w_star: Vector | None,
        ball: Ball | None,
        minibatches: Sequence[Minibatches],
        *,
        dense_iterates: bool = False,
        seeds: Sequence[int] = (0,),
    ) -> Sampler:
        """Return the cheapest sampler for full batches, or for these minibatches."""
        return linear_sampler(
            self,
            self.w0,
            w_star,
            ball,
            minibatches,
            dense_iterates=dense_iterates,
            seeds=seeds,
        )
