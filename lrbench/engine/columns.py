"""Where the lanes of each seed stand in a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lrbench.arrays import Index


@dataclass(frozen=True)
class Columns:
    """Lanes side by side, those of the first seed first, then padding.

    Parameters
    ----------
    slices
        The columns that a product for each seed covers; None for a seed without a lane. Each is
        widened to a multiple (of 8 in a sweep), over lanes of the next seeds or over the
        padding: what is computed there in excess is overwritten when the slices are used in order.
    n_lanes
        How many columns there are, padding included: a multiple of the same.
    """

    slices: tuple[slice | None, ...]
    n_lanes: int

    @classmethod
    def of(cls, counts: Sequence[int], pad_to: int) -> Columns:
        """Return the layout for so many lanes of each seed."""
        slices: list[slice | None] = []
        start = stop = 0
        for count in counts:
            slices.append(slice(start, start + rounded_up(count, pad_to)) if count else None)
            stop = max(stop, start + rounded_up(count, pad_to))
            start += count
        return cls(tuple(slices), rounded_up(stop, pad_to))

    def padded(self, lanes: Index) -> Index:
        """Return the running `lanes` with copies of the last behind them, (n_lanes,)."""
        return np.concatenate([lanes, np.repeat(lanes[-1:], self.n_lanes - len(lanes))])


def rounded_up(n_lanes: int, pad_to: int) -> int:
    """Return the next multiple of `pad_to`."""
    return -(-n_lanes // pad_to) * pad_to
