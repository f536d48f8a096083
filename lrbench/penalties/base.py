"""The base class of the penalties."""

from __future__ import annotations

import math
from typing import ClassVar, Final

import numpy as np

from lrbench.arrays import Lanes, PerLane, Vector, norm_sq

OUTSIDE: Final = 1e-12
"""Distance from its set that an indicator ignores as rounding, relative to the size of the set."""


class Penalty:
    r"""A convex function of the penalised coefficients, or a constraint on them.

    .. math:: R(w) = \begin{cases} \lambda_1 \|w\|_1 + \tfrac{c}{2} \|w\|^2 & w \in C \\
              \infty & \text{else} \end{cases}

    `W` has the penalised rows only: the problem removes the intercept before it calls a penalty.
    `l1` and `curvature` are the two factors. An *indicator*, that is, a constraint, is 0 on its set
    C, and defines its own value, prox and conjugate.

    Notes
    -----
    A reference solver handles a set that is a box, with its `bounds`, or a ball, with its `radius`.
    Penalties are frozen dataclasses whose fields are their parameters: numbers, each with a
    default but for the weight.
    """

    name: ClassVar[str]
    indicator: ClassVar[bool] = False
    """Whether it is 0 on a set and inf outside; its prox is then the projection onto the set."""
    weight: float
    """The factor in front of the penalty; 0 if it has none, as an indicator."""

    @property
    def l1(self) -> float:
        """The factor of |w|_1."""
        return 0.0

    @property
    def curvature(self) -> float:
        """The factor of |w|^2 / 2: the strong convexity that the penalty adds."""
        return 0.0

    @property
    def radius(self) -> float:
        """The radius of the ball around 0 that is the set; inf if the set is no ball."""
        return math.inf

    def bounds(self, n_penalised: int) -> tuple[Vector, Vector]:
        """Return the least and the largest value of every coordinate, (n_penalised,) each.

        They are those of a box, and infinite where there is none.
        """
        unbounded = np.full(n_penalised, math.inf)
        return -unbounded, unbounded

    @property
    def vanishes(self) -> bool:
        """Whether it is 0 everywhere."""
        return not (self.l1 or self.curvature or self.indicator)

    @property
    def shrinks(self) -> bool:
        """Whether the gradient is `curvature` times W, so that its step only scales W."""
        return not (self.l1 or self.indicator)

    @property
    def smoothness(self) -> float:
        """The Lipschitz constant of its gradient; inf if not smooth, 0 for an indicator."""
        return math.inf if self.l1 else self.curvature

    def lipschitz(self, n_penalised: int) -> float:
        """Return the sup of |gradient| over w in this dimension; inf if unbounded."""
        if self.curvature and n_penalised:
            return math.inf
        return self.l1 * math.sqrt(n_penalised)

    def slopes(self, n_penalised: int) -> tuple[Vector, Vector]:
        """Return the inf and the sup of the subgradients in every coordinate, (n_penalised,) each.

        Between them lies the domain of the conjugate. Where w is bounded above, there is no sup.
        """
        lower, upper = self.bounds(n_penalised)
        everywhere = self.curvature > 0.0 or math.isfinite(self.radius)
        least = np.where(everywhere | np.isfinite(lower), -math.inf, -self.l1)
        return least, np.where(everywhere | np.isfinite(upper), math.inf, self.l1)

    def reach(self, w: Vector) -> float:
        """Return how far from `w`, a point of the set, the set extends; inf if unbounded."""
        lower, upper = self.bounds(len(w))
        in_box = float(np.linalg.norm(np.maximum(upper - w, w - lower)))
        return min(in_box, float(np.linalg.norm(w)) + self.radius)

    def diameter(self, n_penalised: int) -> float:
        """Return the largest distance of two points of the set; inf if unbounded."""
        lower, upper = self.bounds(n_penalised)
        return min(float(np.linalg.norm(upper - lower)), 2.0 * self.radius)

    def value(self, W: Lanes) -> PerLane:
        """Return the penalty of every column."""
        out = np.zeros(W.shape[1])
        if self.l1:
            out += self.l1 * np.abs(W).sum(axis=0)
        if self.curvature:
            out += 0.5 * self.curvature * norm_sq(W)
        return out

    def gradient(self, W: Lanes) -> Lanes:
        """Return a subgradient, shape of `W`: that of l1 is 0 at 0; zeros for an indicator."""
        if not self.l1:
            return self.curvature * W if self.curvature else np.zeros_like(W)
        G = self.l1 * np.sign(W)
        return G + self.curvature * W if self.curvature else G

    def prox(self, W: Lanes, lr: PerLane) -> Lanes:
        """Return argmin_V lr * penalty(V) + |V - W|^2 / 2, column by column.

        With l1, W moves towards 0 by lr l1, and becomes 0 where that would change its sign. Without
        a penalty the result is `W` itself, not a copy.
        """
        if self.l1:
            W = soft_threshold(W, lr * self.l1)
        return W / (1.0 + lr * self.curvature) if self.curvature else W

    def conjugate(self, V: Lanes) -> PerLane:
        """Return sup_w <w, V> - penalty(w), column by column; inf where unbounded."""
        if self.curvature:
            excess = soft_threshold(V, self.l1) if self.l1 else V
            return norm_sq(excess) / (2.0 * self.curvature)
        return np.where(np.all(np.abs(V) <= self.l1, axis=0), 0.0, math.inf)


def soft_threshold(W: Lanes, threshold: PerLane | float) -> Lanes:
    """Return sign(W) (|W| - threshold)_+."""
    out = np.abs(W)
    out -= threshold
    np.maximum(out, 0.0, out=out)
    return np.copysign(out, W, out=out)
