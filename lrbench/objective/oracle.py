"""The oracle that a solver asks, and the protocol of iterates.

A solver knows the objective only by an `Oracle`, which computes the gradient on the present
minibatch for all lanes at once and takes a step along it. The iterate `W` is opaque to the solver:
it is a plain (n_features, n_lanes) array or, for wide sparse data, a
`lrbench.objective.linear.scaled.ScaledLanes`, of which a step visits the touched rows only.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Index, Lanes, Mask, PerLane, Scores, Vector

Iterate: TypeAlias = Any
"""Lanes, or ScaledLanes for wide sparse data; only the oracle and the iterates use its content."""

PROBE_STEP = 2.0**-10
"""How far from an iterate its minibatch's objective is evaluated, relative to a direction."""


PointsNear: TypeAlias = Callable[[Index | slice, slice], tuple[list[Lanes], Lanes]]
"""Coordinates and lanes -> some points near an iterate, and how far they reach."""

ValuesInParts: TypeAlias = Generator[None, None, tuple[Lanes, PerLane]]
"""Values at these points and their rounding, computed in parts."""


class Gradient(Protocol):
    """The gradient of the objective on one minibatch, for every lane."""

    def norm_sq(self) -> PerLane:
        """Return |g|^2."""
        ...

    def inner(self, W: Iterate) -> PerLane:
        """Return <g, w> with the iterate at which the gradient was taken."""
        ...

    def inner_star(self) -> PerLane:
        """Return <g, w_star>."""
        ...

    def dense(self) -> Lanes:
        """Return g itself, (n_features, n_lanes); costly where the data are wide and sparse."""
        ...


class Oracle(Protocol):
    """All that a solver may know of the objective, on one minibatch and for all lanes.

    Where a method takes `lanes`, a mask, only these lanes are computed and metered. A line search
    thus costs a lane that has finished nothing more.
    """

    off_path: Mask | None
    """The lanes whose last step was not W - lr g itself with the first gradient; None for no lane.

    A constraint shortened the step, it was a `move` or a `prox`, or it followed another gradient
    than the first one that was asked for, or one that was not taken at the iterate of the step.
    """

    descended: bool
    """Whether the last step was W - lr g with the first gradient, before a constraint."""

    made: tuple[Iterate, PerLane] | None
    """The iterate and the rates of the last `descend`."""

    @property
    def index(self) -> Index | None:
        """The samples of this minibatch, (size,); (size, n_lanes) with lanes of several seeds.

        None for all samples.
        """
        ...

    def begin(self, W: Iterate) -> None:
        """Begin a step at the iterate `W`; called by the loop before the solver's step."""
        ...

    @property
    def size(self) -> int:
        """The number of samples of the minibatch."""
        ...

    @property
    def full(self) -> Oracle:
        """The oracle of all samples; a step along its gradients is that of this oracle."""
        ...

    def gradient(self, W: Iterate, lanes: Mask | None = None) -> Gradient:
        """Return the gradient at `W`, a subgradient where F is not smooth.

        Metered as the size of the minibatch. The gradient of other lanes than `lanes` is 0.

        Raises
        ------
        ContractError
            If the first gradient of a step is not that of all lanes.
        """
        ...

    def loss_gradient(self, W: Iterate, lanes: Mask | None = None) -> Gradient:
        """Return the gradient at `W` without the penalty's part; metered like `gradient`."""
        ...

    def value(self, W: Iterate, lanes: Mask | None = None) -> PerLane:
        """Return the minibatch's objective at `W`, (n_lanes,), without an indicator.

        Metered as sample values. The value of other lanes than `lanes` is NaN.
        """
        ...

    def derivatives(self, W: Iterate) -> Scores:
        """Return the derivatives of the loss of each sample in its score, (size, n_lanes).

        Metered like a gradient. Linear problems have them; a solver declares ``"derivatives"``
        among its needs.
        """
        ...

    def combine(self, R: Scores) -> Lanes:
        """Return the mean of x_i r_i over the minibatch, (n_features, n_lanes); not metered."""
        ...

    def draw(self, sample: Callable[[np.random.Generator], Any]) -> NDArray[Any]:
        """Return random numbers with the lanes as the last axis, from the run's own generator.

        Parameters
        ----------
        sample
            Called with the generator of a seed; the numbers are those of all lanes of the seed.
        """
        ...

    def descend(self, W: Iterate, lr: PerLane, gradient: Gradient) -> Iterate:
        """Return W - lr g, projected on the constraints if there are any.

        The constraints are the set of an indicator penalty and the ball. Both `W` and `gradient`
        are used up: the result may use their memory.
        """
        ...

    def move(self, W: Iterate, D: Lanes) -> Iterate:
        """Return W - D, projected on the constraints if there are any; `W` is used up.

        This is for methods whose step is not a multiple of the gradient. It costs
        O(n_features n_lanes).
        """
        ...

    def prox(self, W: Iterate, lr: PerLane) -> Iterate:
        """Return the penalty's prox at `W`, then projected on the ball; `W` is used up.

        Metered as a prox call. Without a penalty it is `W` itself. Together the prox and the
        projection are in general the prox of no function, so that with a ball the theorems on
        proximal methods do not apply.
        """
        ...


class ParameterParts(Protocol):
    """The parts of the parameters of a problem, by which a solver may have norms and rates."""

    def norm_sq(self, G: Lanes) -> Lanes:
        """Return the squared norm of each part of a gradient, (n_parts, n_lanes)."""
        ...

    def scale(self, G: Lanes, factors: Lanes) -> Lanes:
        """Return G with each part multiplied by its factor, (n_parts, n_lanes); G is used up."""
        ...


class PartsOracle(Protocol):
    """What an oracle has beside where the problem's facts say that its parameters have parts."""

    def parts(self, scope: str) -> ParameterParts:
        """Return the parts: ``"layer"`` for those of layers, ``"row"`` for those of units."""
        ...


@runtime_checkable
class MinibatchValues(Protocol):
    """An oracle whose gradients can be checked against its minibatch's objective."""

    def minibatch_values(self, points: PointsNear, n_lanes: int) -> ValuesInParts:
        """Return the minibatch's objective at some points, and the size of its rounding.

        It is not metered, and constraints are left out.

        Parameters
        ----------
        points
            Returns the points of some lanes in some coordinates, and the reach there: arrays of
            (n_coordinates, n_lanes). The first point is an iterate W, the reach is at least |W|,
            and the others differ from W by at most `PROBE_STEP` times the reach.
        n_lanes
            The number of lanes.

        Yields
        ------
        None
            Between two parts, each of which takes some hundredths of a second.

        Returns
        -------
        values
            (n_points, n_lanes).
        rounding
            (n_lanes,): the error of a value, and that of the product of the gradient at the first
            point with a vector of at most the reach, are below this.
        """
        ...


class Iterates(Protocol):
    """The iterates of a run: how the present ones are stored, and their running sum."""

    direction: Vector
    """A fixed vector r, by which `checksum` tests the running sum."""
    n_lanes: int
    """The number of columns."""
    amplification: float
    """How much more than their sum in a plain array the rounding of the running sum may be."""

    def checksum(self, W: Iterate, out: PerLane) -> None:
        """Write <r, w> of the present iterate to `out`, in at most O(n_features n_lanes)."""
        ...

    def start(self, n_lanes: int) -> Iterate:
        """Return the starting point, repeated for every lane."""
        ...

    def accumulate(self, W: Iterate) -> None:
        """Add the present iterate to the running sum."""
        ...

    def dense(self, W: Iterate) -> Lanes:
        """Return the present iterate as an array (not to be written to).

        Whatever `W` updates by recurrences is computed anew for all lanes. Call this only at
        iterations that are fixed beforehand, or the bits of a lane depend on its neighbours.
        """
        ...

    def part(self, W: Iterate, lanes: slice) -> Lanes:
        """Return these lanes of the present iterate (not to be written to); `W` does not change."""
        ...

    def mean(self, W: Iterate, count: int, lanes: slice) -> Lanes:
        """Return the running sum of these lanes divided by `count`; `W` does not change."""
        ...

    def finish(self, W: Iterate, count: int) -> tuple[Lanes, Lanes]:
        """Return the iterate and the running sum divided by `count`; for count 0 the iterate twice.

        Both `W` and the running sum are used up.
        """
        ...

    def keep(self, W: Iterate, lanes: Index | Mask) -> Iterate:
        """Return these lanes of `W`, and keep the same lanes of the running sum."""
        ...


Observer: TypeAlias = Callable[[Iterate, Gradient], None]
"""Called with each gradient before the solver sees it."""


class Ball(NamedTuple):
    """The constraint |w - centre| <= radius."""

    centre: Vector
    radius: float
