"""What a penalty is."""

from __future__ import annotations

from typing import ClassVar, Protocol

from lrbench.arrays import Lanes, PerLane


class Penalty(Protocol):
    """A convex function of the penalised coefficients.

    `W` holds the penalised rows only: the problem takes the intercept away first.
    """

    name: ClassVar[str]
    shrinks: ClassVar[bool]
    """Whether the gradient is `curvature` times W, so that a step only scales W."""

    @property
    def weight(self) -> float:
        """The strength in front of the penalty; 0 where there is none."""
        ...

    @property
    def curvature(self) -> float:
        """Both the smoothness and the strong convexity that the penalty adds (l2: its weight)."""
        ...

    def value(self, W: Lanes) -> PerLane:
        """Return the penalty of every column."""
        ...

    def gradient(self, W: Lanes) -> Lanes:
        """Return a gradient (a subgradient where not smooth), shape of `W`."""
        ...

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        """Return argmin_V lr * penalty(V) + |V - W|^2 / 2, column by column."""
        ...
