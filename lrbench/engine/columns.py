"""The columns of the arrays in which the lanes of each seed stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lrbench.arrays import Index


class Columns(NamedTuple):
    """The lanes of all seeds side by side, those of the first seed first, and then padding.

    Parameters
    ----------
    slices
        The columns that a product for each seed covers; None for a seed without a lane. Each is
        widened to a multiple of `pad_to`, over lanes of the next seeds or over the padding. The
        slices must be used in order: the product of the next seed then overwrites that excess.
    n_lanes
        The number of columns, padding included: a multiple of `pad_to`.
    pad_to
        What the numbers of columns are padded to a multiple of.
    """

    slices: tuple[slice | None, ...]
    n_lanes: int
    pad_to: int

    @property
    def alike(self) -> list[slice]:
        """The columns that go together where bits depend on the number of columns.

        Without padding these are the lanes of each seed, so that it has the bits that it has alone.
        """
        if self.pad_to > 1:
            return [slice(0, self.n_lanes)]
        return [lanes for lanes in self.slices if lanes is not None]

    @classmethod
    def of(cls, counts: Sequence[int], pad_to: int) -> Columns:
        """Return the columns for these numbers of lanes, one for each seed."""
        slices: list[slice | None] = []
        start = stop = 0
        for count in counts:
            slices.append(slice(start, start + rounded_up(count, pad_to)) if count else None)
            stop = max(stop, start + rounded_up(count, pad_to))
            start += count  # not rounded up: padding every seed would cost more columns
        return cls(tuple(slices), rounded_up(stop, pad_to), pad_to)

    def padded(self, lanes: Index) -> Index:
        """Return the running `lanes` with copies of the last behind them, (n_lanes,)."""
        return np.concatenate([lanes, np.repeat(lanes[-1:], self.n_lanes - len(lanes))])


def rounded_up(n_lanes: int, pad_to: int) -> int:
    """Return the least multiple of `pad_to` that is at least `n_lanes`."""
    return -(-n_lanes // pad_to) * pad_to
