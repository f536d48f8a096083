"""Convex functions of one variable that are made of lines and parabolas."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerSample

OfKinks = NDArray[np.float64]
"""One number for each kink of each function, (n_kinks, n_samples)."""


@dataclass(frozen=True, eq=False)
class Pieces:
    r"""Functions of a score that are sums of functions of one kink each.

    .. math:: \varphi(z) = \sum_k \max_{l_k \le u \le h_k} u (z - t_k) - \tfrac{c}{2} u^2

    Parameters
    ----------
    kink
        t, ascending along the first axis, (n_kinks, n_samples).
    least, most
        l and h, (n_kinks, n_samples); infinite where the slope is unbounded on that side.
    dual_curvature
        c, 0 or 1: with 0 the two lines meet in a kink, with 1 in a parabola.
    """

    kink: OfKinks
    least: OfKinks
    most: OfKinks
    dual_curvature: float

    @cached_property
    def slopes(self) -> tuple[PerSample, ...]:
        """The slopes left of the first kink, between the kinks, and right of the last.

        There are n_kinks + 1 arrays (n_samples,).
        """
        n_kinks = len(self.kink)
        sums = (self.most[:k].sum(axis=0) + self.least[k:].sum(axis=0) for k in range(n_kinks + 1))
        return tuple(sums)


def one_kink(y: PerSample, least: float, most: float, dual_curvature: float = 0.0) -> Pieces:
    """Return the functions whose kink is at `y` and whose slopes have the same bounds."""
    kink = y[None]
    return Pieces(kink, np.full_like(kink, least), np.full_like(kink, most), dual_curvature)


def margin_kink(y: PerSample, steepest: float, dual_curvature: float = 0.0) -> Pieces:
    """Return functions of the margin with their kink at yz = 1, flat beyond it, y = -1 or 1.

    `steepest` is the sup of their absolute slope. At yz = 1 the score is y, because 1 = y^2.
    """
    kink, slope = y[None], -steepest * y[None]
    return Pieces(kink, np.minimum(slope, 0.0), np.maximum(slope, 0.0), dual_curvature)
