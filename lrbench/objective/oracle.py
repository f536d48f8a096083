"""What a solver may ask, and the meter of what it asked.

A solver sees the objective through an `Oracle`: a gradient on the present minibatch, for all lanes
at once, and a step along it. The iterate `W` that travels between the two is opaque to the solver:
it is a plain (n_features, n_lanes) array, or, for wide sparse data, a
`lrbench.objective.linear.scaled.ScaledLanes` whose untouched rows are never visited.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np

from lrbench.arrays import Index, Lanes, Mask, PerLane, Vector

Iterate: TypeAlias = Any
"""Lanes, or ScaledLanes for wide sparse data; only the oracle looks inside."""


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
    """All that a solver may know of the objective, on one minibatch, for all lanes."""

    off_path: Mask | None
    """The lanes whose last step was not W - lr g itself; None for no lane.

    A constraint cut it short, or it was no `descend`."""

    @property
    def index(self) -> Index | None:
        """The samples of this minibatch, (batch_size,); None is all of them.

        Where lanes of several seeds go together: (n_seeds, batch_size), of those that have lanes.
        """
        ...

    def gradient(self, W: Iterate) -> Gradient:
        """Return the gradient at `W`, a subgradient where F is not smooth.

        Metered as the size of the minibatch.
        """
        ...

    def loss_gradient(self, W: Iterate) -> Gradient:
        """Return the gradient at `W` without the penalty's part; metered like `gradient`."""
        ...

    def descend(self, W: Iterate, lr: PerLane, gradient: Gradient) -> Iterate:
        """Return W - lr g, projected on the constraints if there are any.

        These are the set of an indicator penalty and the ball. Both `W` and `gradient` are used up:
        their memory may serve the result.
        """
        ...

    def move(self, W: Iterate, D: Lanes) -> Iterate:
        """Return W - D, projected on the constraints if there are any; `W` is used up.

        For methods whose step is not a multiple of the gradient. It costs O(n_features n_lanes).
        """
        ...

    def prox(self, W: Iterate, lr: PerLane) -> Iterate:
        """Return the penalty's prox at `W`, then projected on the ball; `W` is used up.

        Metered as a prox call. Without a penalty it is `W` itself. The prox and the projection
        together are the prox of no function in general: with a ball the theorems on proximal
        methods do not apply.
        """
        ...


class Iterates(Protocol):
    """How a run keeps its iterates: the present one of every lane, and their running sum."""

    def start(self, n_lanes: int) -> Iterate:
        """Return the starting point, once a lane."""
        ...

    def accumulate(self, W: Iterate) -> None:
        """Add the present iterate to the running sum."""
        ...

    def dense(self, W: Iterate) -> Lanes:
        """Return the present iterate as an array (not to be written to).

        What `W` carries along by recurrences is computed anew, for all lanes: to be called at
        iterations that are fixed beforehand, lest the bits of a lane depend on its neighbours.
        """
        ...

    def part(self, W: Iterate, lanes: slice) -> Lanes:
        """Return these lanes of the present iterate (not to be written to); `W` stays as it is."""
        ...

    def mean(self, W: Iterate, count: int, lanes: slice) -> Lanes:
        """Return the running sum of these lanes over `count`; `W` stays as it is."""
        ...

    def finish(self, W: Iterate, count: int) -> tuple[Lanes, Lanes]:
        """Return the iterate and the running sum over `count`, the iterate itself for 0 of them.

        Both `W` and the running sum are used up.
        """
        ...

    def keep(self, W: Iterate, lanes: Index | Mask) -> Iterate:
        """Return these lanes of `W`; the running sum follows."""
        ...


def take(A: Any, lanes: Index | Mask) -> Any:
    """Return these lanes of an array whose last axis they are, in C order."""
    return np.take(A, np.arange(A.shape[-1])[lanes], axis=-1)


@dataclass
class Stopwatch:
    """Seconds of solver time; evaluation and what certificates need are off this clock."""

    seconds: float = 0.0
    _since: float | None = None

    def start(self) -> None:
        """Let it run."""
        self._since = time.perf_counter()

    def stop(self) -> None:
        """Hold it."""
        if self._since is not None:
            self.seconds += time.perf_counter() - self._since
            self._since = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Hold it inside the block, if it runs."""
        running = self._since is not None
        self.stop()
        try:
            yield
        finally:
            if running:
                self.start()


@dataclass
class Meter:
    """What was asked so far; every lane of the bundle is served by each call."""

    sample_gradients: int = 0
    """Gradients of single samples, per lane."""
    prox_calls: int = 0
    """Proxes, per lane."""


Observer: TypeAlias = Callable[[Iterate, Gradient], None]
"""Called with each gradient before the solver sees it."""


@dataclass(frozen=True)
class Ball:
    """The constraint |w - centre| <= radius."""

    centre: Vector
    radius: float
