"""Lanes for wide sparse data: a step visits only the columns that its minibatch touches.

An l2 penalty shrinks all of w in every step. With w = s v (a scale per lane) the shrinking costs
O(n_lanes), and the rest of the step changes only the rows of V that the minibatch touches. The
running average follows lazily: with S = sum_i s_i the sum of the iterates is S v - c, where c
changes only on touched rows too. Norms and inner products come from the scores. Everything agrees
with plain arrays to rounding; a solver that asks for a dense gradient pays for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrbench.arrays import Index, Lanes, Mask, PerLane, Vector, norm_sq, row_slices
from lrbench.objective.oracle import take

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
    count: PerLane
    """The iterates summed since then: the intercept's S."""
    norm_sq: PerLane
    """|w|^2 over the penalised rows."""
    inner_star: PerLane
    """<w, w_star> over the penalised rows."""
    n_penalised: int
    w_star: Vector

    def fold(self, lanes: Mask | None = None) -> None:
        """Multiply the scale of these lanes (None: all) into V in place.

        What is tracked by recurrence is computed anew. Other lanes keep their bits.
        """
        these: Mask | bool = True if lanes is None else lanes
        p = self.n_penalised
        for rows in row_slices(p):
            V, c = self.V[rows], self.offset[rows]
            np.subtract(c, self.scale_sum * V, out=c, where=these)
            np.multiply(V, self.scale, out=V, where=these)
        free = self.offset[p:]
        np.subtract(free, self.count * self.V[p:], out=free, where=these)
        self.scale = np.where(these, 1.0, self.scale)
        self.scale_sum = np.where(these, 0.0, self.scale_sum)
        self.count = np.where(these, 0.0, self.count)
        self.refresh(these)

    def refresh(self, lanes: Mask | bool = True) -> None:
        """Compute the norm and the inner product with w_star of these lanes from V (scale one)."""
        V = self.V[: self.n_penalised]
        self.norm_sq = np.where(lanes, norm_sq(V), self.norm_sq)
        self.inner_star = np.where(lanes, self.w_star[: self.n_penalised] @ V, self.inner_star)

    def shrink(self, factor: PerLane) -> None:
        """Multiply the penalised rows by `factor`; lanes that leave the range are folded."""
        size = np.abs(self.scale * factor)
        out = (size < SMALLEST_SCALE) | (size > LARGEST_SCALE)
        if out.any():
            self.fold(out)
            V = self.V[: self.n_penalised]
            np.multiply(V, factor, out=V, where=out)
        self.scale = np.where(out, 1.0, self.scale * factor)
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
            count=np.zeros(n_lanes),
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

    def part(self, W: ScaledLanes, lanes: slice) -> Lanes:
        """Return these lanes of the iterate as a new array."""
        return self._scaled(W, lanes, W.scale[lanes], np.ones_like(W.scale[lanes]))

    def mean(self, W: ScaledLanes, count: int, lanes: slice) -> Lanes:
        """Return the running sum of these lanes over `count`."""
        out = self._scaled(W, lanes, W.scale_sum[lanes], W.count[lanes])
        out -= W.offset[:, lanes]
        out /= count
        return out

    def finish(self, W: ScaledLanes, count: int) -> tuple[Lanes, Lanes]:
        """Return the iterate and the running sum over `count`; both are used up."""
        W.fold()
        W.offset /= -max(count, 1)
        return W.V, W.offset if count else W.V

    @staticmethod
    def _scaled(W: ScaledLanes, lanes: slice, scale: PerLane, free: PerLane) -> Lanes:
        out: Lanes = W.V[:, lanes] * scale
        out[W.n_penalised :] = W.V[W.n_penalised :, lanes] * free
        return out

    def keep(self, W: ScaledLanes, lanes: Index | Mask) -> ScaledLanes:
        """Return these lanes; the running sum follows."""
        per_lane = ("V", "scale", "offset", "scale_sum", "count", "norm_sq", "inner_star")
        return replace(W, **{name: take(getattr(W, name), lanes) for name in per_lane})
