"""The `Problem` protocol: all that the engine, and what is around it, may ask of an objective."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from lrbench.arrays import Lanes, PerLane, Vector
from lrbench.objective.about import ProblemFacts
from lrbench.objective.meter import Meter, Stopwatch
from lrbench.objective.oracle import Ball, Iterate, Iterates, Observer, Oracle

if TYPE_CHECKING:
    from lrbench.objective.linear.problem import LinearProblem
    from lrbench.objective.minibatches import Minibatches


@runtime_checkable
class Problem(Protocol):
    """An objective with its starting point.

    It need not be linear, nor convex. `facts` says what headers, estimates and checks ask of it.
    A problem whose minimum is known says that by a method of its own:
    `lrbench.optimum.other.Referenced`.
    """

    @property
    def name(self) -> str:
        """The problem's name in every table."""
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

    def facts(self) -> ProblemFacts:
        """Return what is asked of the problem outside a run."""
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


@runtime_checkable
class TwiceDifferentiable(Protocol):
    """What a problem may have beside: products with its Hessian, for methods of second order."""

    def hessian(self, w: Vector) -> Callable[[Vector], Vector]:
        """Return the function that multiplies a vector, (n_features,), by the Hessian at `w`."""
        ...


@runtime_checkable
class AnyStart(Protocol):
    """What problems of files have beside: the same problem from another starting point."""

    def started_at(self, w0: Vector) -> Problem:
        """Return the problem that starts at `w0`, (n_features,)."""
        ...


@runtime_checkable
class Reparametrised(Protocol):
    """What a problem has beside whose iterates are no weights of its linear model."""

    @property
    def plain(self) -> LinearProblem:
        """The problem in the weights."""
        ...

    @property
    def equivalent(self) -> LinearProblem | None:
        """The linear problem if it has the same infimum; else None."""
        ...

    def weights(self, W: Lanes) -> Lanes:
        """Return the weights of every column of `W`, by which the model predicts."""
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
