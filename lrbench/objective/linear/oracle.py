"""What all oracles of a linear problem share, on plain arrays and on touched columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Lanes, Mask, PerLane, Vector
from lrbench.objective.compiled import CompiledBatches
from lrbench.objective.first_gradient import FirstGradient
from lrbench.objective.meter import Meter
from lrbench.objective.oracle import Ball, Gradient, Iterate, Iterates, Observer
from lrbench.objective.random_numbers import RandomNumbers

if TYPE_CHECKING:
    from lrbench.objective.linear.dense import DenseOracle
    from lrbench.objective.linear.touched import TouchedOracle
    from lrbench.objective.oracle_objective import OracleObjective

# No oracle puts another objective in the place of its own.
ObjectiveT = TypeVar("ObjectiveT", bound="OracleObjective", covariant=True)
IteratesT = TypeVar("IteratesT", bound=Iterates)


@dataclass(eq=False)
class LinearRun(Generic[ObjectiveT, IteratesT]):
    """What the oracles of a run share.

    Parameters
    ----------
    objective
        F.
    w_star
        The minimiser, (n_features,); None where there is none.
    ball
        The constraint, None without one.
    iterates
        The iterates and their running sum.
    numbers
        The random numbers of each seed.
    slices
        The columns of each seed; None for a seed without lanes.
    """

    objective: ObjectiveT
    w_star: Vector | None
    ball: Ball | None
    iterates: IteratesT
    numbers: RandomNumbers
    slices: Sequence[slice | None] = (slice(None),)
    meter: Meter = field(default_factory=Meter)


class LinearOracle(Generic[ObjectiveT, IteratesT]):
    """The parts of an oracle that do not depend on how iterates are stored."""

    off_path: Mask | None = None
    descended = False

    def __init__(self, run: LinearRun[ObjectiveT, IteratesT], observer: Observer) -> None:
        self.run = run
        self.first = FirstGradient()
        # These are looked up in every step.
        self._objective, self._w_star, self._ball = run.objective, run.w_star, run.ball
        self._meter, self._observer = run.meter, observer
        self._constrained = run.ball is not None or run.objective.penalty.indicator
        self._every_lane: Mask = np.ones(0, dtype=np.bool_)
        self.made: tuple[Iterate, PerLane] | None = None
        """The iterate and the rates of the last descent."""

    def begin(self, W: Iterate) -> None:
        """Begin a step at the iterate `W`."""
        self.first.begin(W)
        n_lanes = self.run.iterates.n_lanes
        if len(self._every_lane) != n_lanes:
            self._every_lane = np.ones(n_lanes, dtype=np.bool_)
        # Until `descend` shows that the step is W - lr g, for a solver that moves W by itself, too.
        self.off_path, self.descended = self._every_lane, False

    def draw(self, sample: Callable[[np.random.Generator], Any]) -> NDArray[Any]:
        """Return random numbers of each seed, with the lanes as the last axis."""
        return self.run.numbers.draw(sample, self.run.slices, self.run.iterates.n_lanes)


class BesideMinibatch:
    """The steps of an oracle of all samples that a step asks beside its minibatch's."""

    _minibatch: DenseOracle[Any] | TouchedOracle

    def descend(self, W: Iterate, lr: PerLane, gradient: Gradient) -> Iterate:
        """Take the step of the minibatch's oracle."""
        return self._minibatch.descend(W, lr, gradient)

    def move(self, W: Iterate, D: Lanes) -> Iterate:
        """Take the step of the minibatch's oracle."""
        return self._minibatch.move(W, D)

    def prox(self, W: Iterate, lr: PerLane) -> Iterate:
        """Take the step of the minibatch's oracle."""
        return self._minibatch.prox(W, lr)


class LinearSampler(Generic[ObjectiveT, IteratesT]):
    """The parts of a sampler that do not depend on how minibatches are drawn."""

    obstacle_in_parts = ""
    """Why NumPy makes the steps around a rule in Python, in words; else nothing."""

    def __init__(self, run: LinearRun[ObjectiveT, IteratesT]) -> None:
        self.run = run
        self.meter = run.meter

    @property
    def iterates(self) -> IteratesT:
        """The iterates and their running sum."""
        return self.run.iterates

    def set_columns(self, slices: Sequence[slice | None]) -> None:
        """Set the columns of the lanes of each seed; None for a seed without lanes."""
        self.run.slices = slices

    def offer_gradient(self, gradient: Lanes, W: Iterate) -> None:
        """Do nothing: a minibatch has another gradient."""

    def obstacle(self) -> str:
        """Return why NumPy makes the steps."""
        return "it is no linear model in its own variables"

    def compiled(self, *, scaled: bool) -> CompiledBatches | None:
        """Return None: NumPy makes the steps."""
        del scaled
        return None
