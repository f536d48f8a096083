"""What a run costs: the calls of its oracles for each lane, and the seconds of its solver."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Index, Mask, take


@dataclass
class Stopwatch:
    """Seconds of solver time, without evaluation and the measurements for certificates."""

    seconds: float = 0.0
    _since: float | None = None

    def start(self) -> None:
        """Start or continue to count."""
        self._since = time.perf_counter()

    def stop(self) -> None:
        """Stop counting."""
        if self._since is not None:
            self.seconds += time.perf_counter() - self._since
            self._since = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop counting inside the block, if the stopwatch runs."""
        running = self._since is not None
        self.stop()
        try:
            yield
        finally:
            if running:
                self.start()


Count: TypeAlias = int | NDArray[np.int64]
"""A number that is the same for all lanes, or (n_lanes,)."""


@dataclass(eq=False)
class Meter:
    """The calls so far of each lane."""

    sample_gradients: Count = 0
    """Gradients, or derivatives of the loss, of single samples."""
    sample_values: Count = 0
    """Values of single samples."""
    prox_calls: Count = 0
    """Proxes of the penalty."""

    def keep(self, lanes: Index | Mask) -> None:
        """Drop all lanes but these."""
        for name, count in vars(self).items():
            if isinstance(count, np.ndarray):
                setattr(self, name, take(count, lanes))


def metered(count: int, lanes: Mask | None) -> Count:
    """Return what a call of `count` samples adds to a meter, for `lanes` or for all."""
    return count if lanes is None else count * lanes.astype(np.int64)
