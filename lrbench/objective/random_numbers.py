"""The random numbers of solvers: a stream for each seed, apart from that of the minibatches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

STREAM = (2,)
"""The spawn key, which makes the numbers independent of the minibatches of the same seed."""


class RandomNumbers:
    """Random numbers that all lanes of a seed share, whatever runs beside them.

    Parameters
    ----------
    seeds
        Those of the lanes, in the order of the lanes.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self._seeds = seeds

    @cached_property  # most solvers draw nothing, and need not import `numpy.random`
    def _generators(self) -> list[np.random.Generator]:
        sequences = [np.random.SeedSequence(seed, spawn_key=STREAM) for seed in self._seeds]
        return [np.random.default_rng(sequence) for sequence in sequences]

    def draw(
        self,
        sample: Callable[[np.random.Generator], Any],
        slices: Sequence[slice | None],
        n_lanes: int,
    ) -> NDArray[Any]:
        """Return what `sample` draws for each seed, with the lanes as the last axis.

        Parameters
        ----------
        sample
            Called once for each seed that has lanes; it returns a number or an array.
        slices
            The columns of each seed: see `lrbench.engine.columns.Columns`.
        n_lanes
            The number of columns, padding included.
        """
        out: NDArray[Any] | None = None
        for generator, lanes in zip(self._generators, slices, strict=True):
            if lanes is None:
                continue
            numbers = np.asarray(sample(generator))
            if out is None:  # padding gets the numbers of the first seed
                out = np.repeat(numbers[..., None], n_lanes, axis=-1)
            out[..., lanes] = numbers[..., None]
        assert out is not None
        return out
