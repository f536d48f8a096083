"""The trace of a run: columns of numbers, with one number a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray


class TableTrace(Mapping[str, NDArray[np.float64]]):
    """The trace of a lane that ran beside others, whose columns are the rows of one array.

    The columns of 100,000 lanes would be some 400 MB of objects; they are made when they are asked
    for.

    Parameters
    ----------
    places
        Column name -> its row of `table`, in the order of the rows; lanes share it.
    table
        (n_columns, n_checkpoints).
    """

    __slots__ = ("places", "table")

    def __init__(self, places: Mapping[str, int], table: NDArray[np.float64]) -> None:
        self.places = places
        self.table = table

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        column: NDArray[np.float64] = self.table[self.places[name]]
        return column

    def __contains__(self, name: object) -> bool:
        return name in self.places

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)

    def __or__(self, other: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
        return {**self, **other}


Trace: TypeAlias = dict[str, NDArray[np.float64]] | TableTrace
"""Column name -> one number a checkpoint; all of one length, NaN where there is no number.

Row T is the state after T steps: `objective` and `grad_norm_sq` are taken at w_T, and `lr` is the
rate of the last step. Averages, sums and minima are over t < T.
"""
