"""Seeded minibatches: the order of the samples, the same for all lanes and solvers of a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lrbench.arrays import Index
from lrbench.objective.constants import Sampling

STREAM = (1,)
"""The spawn key of these random numbers, which differ from those of ``default_rng(seed)``."""


@dataclass(frozen=True)
class Minibatches:
    """Seeded minibatches of one size.

    Parameters
    ----------
    n_samples
        The number of samples to draw from.
    batch_size
        The size of every minibatch, 1 <= batch_size <= n_samples.
    sampling
        ``"replacement"``: independent and uniform, the setting of the theorems. ``"reshuffle"``:
        a sequence of random permutations, cut into minibatches, which may span two of them.
    seed
        The seed of the order. Equal seeds give equal minibatches, independent of what else is
        drawn with the same seed (generated data, a random start).
    """

    n_samples: int
    batch_size: int
    sampling: Sampling
    seed: int

    def chunks(self, n_steps: int) -> Iterator[Index]:
        """Yield the indices of the next `n_steps` minibatches, (n_steps, batch_size), endlessly."""
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=STREAM))
        shape = (n_steps, self.batch_size)
        if self.sampling == "replacement":
            while True:
                yield rng.integers(0, self.n_samples, size=shape, dtype=np.intp)
        rest = np.empty(0, dtype=np.intp)
        size = n_steps * self.batch_size
        while True:
            permutations = [rest]
            while sum(map(len, permutations)) < size:
                permutations.append(rng.permutation(self.n_samples).astype(np.intp, copy=False))
            stream = np.concatenate(permutations)
            rest = stream[size:]
            yield stream[:size].reshape(shape)


@dataclass(frozen=True, eq=False)
class DrawnMinibatch(Minibatches):
    """A minibatch whose samples are drawn elsewhere."""

    __eq__ = object.__eq__  # of arrays that are overwritten nothing is equal
    __hash__ = object.__hash__

    samples: Index
    """(batch_size,), overwritten for each minibatch."""

    def chunks(self, n_steps: int) -> Iterator[Index]:
        """Yield the present samples, (1, batch_size), once."""
        del n_steps
        yield self.samples[None, :]
