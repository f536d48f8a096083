"""Iterates and gradients as plain (n_features, n_lanes) arrays."""

from __future__ import annotations

import random

import numpy as np

from lrbench.arrays import (
    CACHED_ROWS,
    Index,
    Lanes,
    Mask,
    PerLane,
    Vector,
    column_sums,
    inner,
    take,
)


class DenseIterates:
    """Iterates as plain (n_features, n_lanes) arrays."""

    amplification = 1.0

    def __init__(self, w0: Vector) -> None:
        self.w0 = w0
        self.direction = signs(len(w0))
        self._sum: Lanes = np.zeros((len(w0), 0))
        self.n_lanes = 0
        """The number of columns; no property, because every step asks for it."""

    def start(self, n_lanes: int) -> Lanes:
        """Return w_0, repeated for every lane."""
        self._sum, self.n_lanes = np.zeros((len(self.w0), n_lanes)), n_lanes
        return np.repeat(self.w0[:, None], n_lanes, axis=1)

    @property
    def running_sum(self) -> Lanes:
        """The running sum, (n_features, n_lanes)."""
        return self._sum

    def checksum(self, W: Lanes, out: PerLane) -> None:
        """Write <r, w> to `out`."""
        self.direction.dot(W, out)  # on small arrays half the time of @

    def accumulate(self, W: Lanes) -> None:
        """Add `W` to the running sum."""
        self._sum += W

    def dense(self, W: Lanes) -> Lanes:
        """Return `W`."""
        return W

    def part(self, W: Lanes, lanes: slice) -> Lanes:
        """Return these lanes of `W`."""
        return W[:, lanes]

    def mean(self, W: Lanes, count: int, lanes: slice) -> Lanes:
        """Return the running sum of these lanes divided by `count`."""
        return self._sum[:, lanes] / count

    def finish(self, W: Lanes, count: int) -> tuple[Lanes, Lanes]:
        """Return `W` and the running sum divided by `count`; the running sum is used up."""
        self._sum /= max(count, 1)
        return W, self._sum if count else W

    def keep(self, W: Lanes, lanes: Index | Mask) -> Lanes:
        """Return these lanes of `W`, and keep the same lanes of the running sum."""
        self._sum = take(self._sum, lanes)
        self.n_lanes = self._sum.shape[1]
        out: Lanes = take(W, lanes)
        return out


class DenseGradient:
    """A gradient that is a plain (n_features, n_lanes) array."""

    __slots__ = ("_G", "_norm_sq", "_w_star")

    def __init__(self, G: Lanes, w_star: Vector | None) -> None:
        self._G = G
        self._w_star = w_star
        self._norm_sq: PerLane | None = None

    def norm_sq(self) -> PerLane:
        """Return |g|^2."""
        if self._norm_sq is None:
            self._norm_sq = small_inner(self._G, self._G)
        return self._norm_sq

    def inner(self, W: Lanes) -> PerLane:
        """Return <g, w>."""
        return small_inner(self._G, W)

    def inner_star(self) -> PerLane:
        """Return <g, w_star>."""
        assert self._w_star is not None
        inner: PerLane = self._w_star.dot(self._G)
        return inner

    def dense(self) -> Lanes:
        """Return g."""
        return self._G


def signs(n: int) -> Vector:
    """Return 1 or -1 for each of `n` coordinates, the same ones in every run: each counts alike.

    Python draws them, because to import `numpy.random` takes a fiftieth of a short run.
    """
    drawn = np.frombuffer(random.Random(n).randbytes(-(-n // 8)), np.uint8)
    return np.where(np.unpackbits(drawn, count=n), -1.0, 1.0)


def small_inner(U: Lanes, V: Lanes) -> PerLane:
    """Return `inner(U, V)`, in half the time where the arrays are small."""
    return column_sums(U * V) if len(U) <= CACHED_ROWS else inner(U, V)
