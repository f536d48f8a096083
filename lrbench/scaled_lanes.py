"""Lanes for wide sparse data: a step visits only the columns that its minibatch touches.

An l2 penalty shrinks all of w in every step. With w = s v (a scale per lane) the shrinking costs
O(n_lanes), and the rest of the step changes only the rows of V that the minibatch touches. The
running average follows lazily: with S = sum_i s_i the sum of the iterates is S v - c, where c
changes only on touched rows too. Norms and inner products come from the scores. Everything agrees
with plain arrays to rounding; a solver that asks for a dense gradient pays for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrbench.arrays import Lanes, Mask, PerLane, Vector, norm_sq

SMALLEST_SCALE = 1e-4
LARGEST_SCALE = 1e4
"""Outside this range the scale is multiplied into V: the running sum loses as many digits."""


@dataclass
class ScaledLanes:
    """W = V diag(s), but for the intercept's row, which is kept as it is."""

    V: Lanes
    scale: PerLane
    """s: (n_lanes,)."""
    offset: Lanes
    """c: the sum of the iterates is scale_sum V - offset."""
    scale_sum: PerLane
    """S: the sum of the scales since they were last folded into V."""
    count: int
    """The iterates summed since then: the intercept's S."""
    norm_sq: PerLane
    """|w|^2 over the penalised rows."""
    inner_star: PerLane
    """<w, w_star> over the penalised rows."""
    n_penalised: int
    w_star: Vector

    def fold(self) -> None:
        """Multiply the scale into V in place; what is tracked by recurrence is computed anew."""
        p = self.n_penalised
        self.offset[:p] -= self.scale_sum * self.V[:p]
        self.offset[p:] -= self.count * self.V[p:]
        self.V[:p] *= self.scale
        self.scale = np.ones_like(self.scale)
        self.scale_sum = np.zeros_like(self.scale_sum)
        self.count = 0
        self.refresh()

    def refresh(self) -> None:
        """Compute the norm and the inner product with w_star from V (scale one)."""
        self.norm_sq = norm_sq(self.V[: self.n_penalised])
        self.inner_star = self.w_star[: self.n_penalised] @ self.V[: self.n_penalised]

    def shrink(self, factor: PerLane) -> None:
        """Multiply the penalised rows by `factor`."""
        scale = self.scale * factor
        size = np.abs(scale)
        if size.min() < SMALLEST_SCALE or size.max() > LARGEST_SCALE:
            self.fold()
            self.V[: self.n_penalised] *= factor
        else:
            self.scale = scale
        self.norm_sq = self.norm_sq * factor * factor
        self.inner_star = self.inner_star * factor


class ScaledIterates:
    """Scaled lanes and their running sum."""

    def __init__(self, w0: Vector, w_star: Vector | None, n_penalised: int) -> None:
        self.w0 = w0
        self._w_star = np.zeros_like(w0) if w_star is None else w_star
        self._n_penalised = n_penalised

    def start(self, n_lanes: int) -> ScaledLanes:
        """Return w_0 once a lane."""
        W = ScaledLanes(
            V=np.repeat(self.w0[:, None], n_lanes, axis=1),
            scale=np.ones(n_lanes),
            offset=np.zeros((len(self.w0), n_lanes)),
            scale_sum=np.zeros(n_lanes),
            count=0,
            norm_sq=np.zeros(n_lanes),
            inner_star=np.zeros(n_lanes),
            n_penalised=self._n_penalised,
            w_star=self._w_star,
        )
        W.refresh()
        return W

    def accumulate(self, W: ScaledLanes) -> None:
        """Add `W` to the running sum, lazily."""
        W.scale_sum += W.scale
        W.count += 1

    def dense(self, W: ScaledLanes) -> Lanes:
        """Return the iterate as an array, without a copy."""
        W.fold()
        return W.V

    def mean(self, W: ScaledLanes, count: int, lanes: slice) -> Lanes:
        """Return the running sum of these lanes over `count`."""
        W.fold()
        return W.offset[:, lanes] / -count

    def keep(self, W: ScaledLanes, mask: Mask) -> ScaledLanes:
        """Return the lanes in `mask`; the running sum follows."""
        W.fold()
        W.V, W.offset = np.compress(mask, W.V, axis=1), np.compress(mask, W.offset, axis=1)
        W.scale, W.scale_sum = W.scale[mask], W.scale_sum[mask]
        W.refresh()
        return W
