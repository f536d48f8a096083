"""The interface of a penalty."""

from __future__ import annotations

from typing import ClassVar, Final, Protocol

from lrbench.arrays import Lanes, PerLane

OUTSIDE: Final = 1e-12
"""Distance from its set that an indicator ignores as rounding, relative to the size of the set."""


class Penalty(Protocol):
    """A convex function of the penalised coefficients.

    `W` has the penalised rows only: the problem removes the intercept before it calls a penalty.
    An indicator (box, ball) is 0 on a set and inf outside, that is, a constraint.
    """

    name: ClassVar[str]
    shrinks: ClassVar[bool]
    """Whether the gradient is `curvature` times W, so that its step only scales W."""
    indicator: ClassVar[bool]
    """Whether it is 0 on a set and inf outside; its prox is then the projection onto the set."""

    @property
    def weight(self) -> float:
        """The factor in front of the penalty; 0 if it has none."""
        ...

    @property
    def curvature(self) -> float:
        """The strong convexity that the penalty adds."""
        ...

    @property
    def smoothness(self) -> float:
        """The Lipschitz constant of its gradient; inf if not smooth, 0 for an indicator."""
        ...

    def lipschitz(self, n_penalised: int) -> float:
        """Return the sup of |gradient| over w in this dimension; inf if unbounded."""
        ...

    def value(self, W: Lanes) -> PerLane:
        """Return the penalty of every column."""
        ...

    def gradient(self, W: Lanes) -> Lanes:
        """Return a subgradient, shape of `W`; zeros for an indicator."""
        ...

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        """Return argmin_V lr * penalty(V) + |V - W|^2 / 2, column by column."""
        ...

    def conjugate(self, V: Lanes) -> PerLane:
        """Return sup_w <w, V> - penalty(w), column by column; inf where unbounded."""
        ...
