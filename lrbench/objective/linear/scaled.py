"""Scaled lanes for wide sparse data, whose steps visit only the columns that a minibatch touches.

An l2 penalty shrinks all of w in every step. With w = s v (a scale for each lane) the shrinking
costs O(n_lanes), and the rest of the step changes only the rows of V that the minibatch touches.
The sum of the iterates is S v + c with S = sum_i s_i, where c changes on touched rows only, too.
Norms and inner products follow from the scores. All results agree with those of plain arrays to
rounding. A dense gradient costs O(n_features n_lanes).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrbench.arrays import Index, Lanes, Mask, PerLane, Vector, norm_sq, row_slices, take

SMALLEST_SCALE = 1 / 32
LARGEST_SCALE = 32.0
"""The range of a scale. Outside it the scale is multiplied into V, because the running sum loses as
many digits as the scale has decades."""


@dataclass(eq=False)
class ScaledLanes:
    """W = V diag(s), except for the row of the intercept, which is not scaled."""

    V: Lanes
    scale: PerLane
    """s: (n_lanes,)."""
    offset: Lanes
    """c: the sum of the iterates is scale_sum V + offset."""
    scale_sum: PerLane
    """S: the sum of the scales since they were last folded into V."""
    count: PerLane
    """The number of iterates summed since then, which is S for the intercept."""
    norm_sq: PerLane
    """|w|^2 over the penalised rows."""
    inner_star: PerLane
    """<w, w_star> over the penalised rows."""
    norm_peak: PerLane
    """The largest |w|^2 since compiled steps measured it; NaN where they have not yet."""
    n_penalised: int
    w_star: Vector
    version: int = 0
    """Rises when the iterate moves, and not when it is only stored in another way."""

    def fold(self, lanes: Mask | None = None) -> None:
        """Multiply the scale of these lanes (None: all) into V in place.

        Their norms and inner products are computed anew. Other lanes keep their bits.
        """
        where: Mask | bool = True if lanes is None else lanes
        p = self.n_penalised
        # c becomes c + S V before S becomes 0: the sum of the iterates does not change.
        for rows in row_slices(p):
            V, c = self.V[rows], self.offset[rows]
            np.add(c, self.scale_sum * V, out=c, where=where)
            np.multiply(V, self.scale, out=V, where=where)
        c_intercept = self.offset[p:]
        np.add(c_intercept, self.count * self.V[p:], out=c_intercept, where=where)
        self.scale = np.where(where, 1.0, self.scale)
        self.scale_sum = np.where(where, 0.0, self.scale_sum)
        self.count = np.where(where, 0.0, self.count)
        self.refresh(where)

    def refresh(self, lanes: Mask | bool = True) -> None:
        """Compute |w|^2 and <w, w_star> of these lanes from V, where their scale is 1."""
        V = self.V[: self.n_penalised]
        self.norm_sq = np.where(lanes, norm_sq(V), self.norm_sq)
        self.inner_star = np.where(lanes, self.w_star[: self.n_penalised] @ V, self.inner_star)
        self.norm_peak = np.where(lanes, np.nan, self.norm_peak)

    def shrink(self, factor: PerLane) -> None:
        """Multiply the penalised rows by `factor`; fold lanes whose scale leaves its range."""
        magnitude = np.abs(self.scale * factor)
        outside = (magnitude < SMALLEST_SCALE) | (magnitude > LARGEST_SCALE)
        if outside.any():  # only these lanes, lest the bits of the others depend on them
            self.fold(outside)
            V = self.V[: self.n_penalised]
            np.multiply(V, factor, out=V, where=outside)
        self.scale = np.where(outside, 1.0, self.scale * factor)
        self.norm_sq = self.norm_sq * factor * factor
        self.inner_star = self.inner_star * factor


class ScaledIterates:
    """Scaled lanes and their running sum."""

    amplification = LARGEST_SCALE / SMALLEST_SCALE

    def __init__(self, w0: Vector, w_star: Vector | None, n_penalised: int) -> None:
        self.w0 = w0
        self.w_star: Vector = np.zeros_like(w0) if w_star is None else w_star
        self._n_penalised = n_penalised
        self.n_lanes = 0
        # Products with w_star are updated anyway, and only over the penalised rows.
        self.direction: Vector = self.w_star.copy()
        self.direction[n_penalised:] = 0.0

    def start(self, n_lanes: int) -> ScaledLanes:
        """Return w_0, repeated for every lane."""
        self.n_lanes = n_lanes
        W = ScaledLanes(
            V=np.repeat(self.w0[:, None], n_lanes, axis=1),
            scale=np.ones(n_lanes),
            offset=np.zeros((len(self.w0), n_lanes)),
            scale_sum=np.zeros(n_lanes),
            count=np.zeros(n_lanes),
            norm_sq=np.zeros(n_lanes),
            inner_star=np.zeros(n_lanes),
            norm_peak=np.full(n_lanes, np.nan),
            n_penalised=self._n_penalised,
            w_star=self.w_star,
        )
        W.refresh()
        return W

    def checksum(self, W: ScaledLanes, out: PerLane) -> None:
        """Write <r, w> to `out`, with r = w_star on the penalised rows."""
        out[:] = W.inner_star

    def accumulate(self, W: ScaledLanes) -> None:
        """Add `W` to the running sum, in O(n_lanes)."""
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
        """Return the running sum of these lanes divided by `count`."""
        out = self._scaled(W, lanes, W.scale_sum[lanes], W.count[lanes])
        out += W.offset[:, lanes]
        out /= count
        out += 0.0  # no -0.0, which depends on how many lanes end together
        return out

    def finish(self, W: ScaledLanes, count: int) -> tuple[Lanes, Lanes]:
        """Return the iterate and the running sum divided by `count`; both are used up."""
        W.fold()
        W.offset /= max(count, 1)
        W.offset += 0.0
        return W.V, W.offset if count else W.V

    @staticmethod
    def _scaled(W: ScaledLanes, lanes: slice, scale: PerLane, intercept_scale: PerLane) -> Lanes:
        """Return V times `scale`, and its row of the intercept times `intercept_scale`."""
        out: Lanes = W.V[:, lanes] * scale
        out[W.n_penalised :] = W.V[W.n_penalised :, lanes] * intercept_scale
        return out

    def keep(self, W: ScaledLanes, lanes: Index | Mask) -> ScaledLanes:
        """Return these lanes of `W`, with their running sums."""
        per_lane = (
            "V",
            "scale",
            "offset",
            "scale_sum",
            "count",
            "norm_sq",
            "norm_peak",
            "inner_star",
        )
        kept = replace(W, **{name: take(getattr(W, name), lanes) for name in per_lane})
        self.n_lanes = len(kept.scale)
        return kept
