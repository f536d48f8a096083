"""The seconds of steps and of evaluation, split among the seeds that run together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Index, PerLane
from lrbench.objective.meter import Stopwatch


class Clock:
    """The clock of lanes of several seeds.

    Parameters
    ----------
    seed_of
        The seed of each running lane, as an index.
    n_seeds
        The number of seeds.
    """

    def __init__(self, seed_of: Index, n_seeds: int) -> None:
        self.steps = Stopwatch()
        """It runs while a solver does."""
        self.evaluation_seconds = np.zeros(n_seeds)
        """Seconds of evaluation of each seed, split like those of the steps."""
        self._seconds = np.zeros(n_seeds)
        self._split = 0.0
        self._seed_of = seed_of

    def _fractions(self) -> NDArray[np.float64]:
        """Return the fraction of the running lanes that each seed has, (n_seeds,)."""
        counts = np.bincount(self._seed_of, minlength=len(self._seconds))
        fractions: NDArray[np.float64] = counts / len(self._seed_of)
        return fractions

    def seconds(self) -> PerLane:
        """Return the seconds of steps so far of each running lane's seed, (n_running,)."""
        self._seconds += (self.steps.seconds - self._split) * self._fractions()
        self._split = self.steps.seconds
        out: PerLane = self._seconds[self._seed_of]
        return out

    def keep(self, seed_of: Index) -> None:
        """Go on with fewer running lanes, whose seeds these are."""
        self.seconds()  # the others ran until now
        self._seed_of = seed_of

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Count the time of the block as evaluation, except for gradients that a step needs."""
        # The fractions of the beginning: lanes may end inside the block.
        fractions, step_seconds, block = self._fractions(), self.steps.seconds, Stopwatch()
        block.start()
        yield
        block.stop()
        off_clock = block.seconds - (self.steps.seconds - step_seconds)
        self.evaluation_seconds += off_clock * fractions
