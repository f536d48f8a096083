"""What a sampler offers to compiled steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerLane
from lrbench.objective.oracle import Iterate, MinibatchValues

Fields: TypeAlias = Mapping[str, NDArray[Any] | float | None]
"""Some fields of `lrbench.kernels.library.Steps`, by name."""


class CompiledBatches(Protocol):
    """The data, the lanes and the batches of steps that compiled code makes."""

    def fields(self, W: Iterate) -> Fields:
        """Return the objective, the constraints, the iterate and the running sum."""
        ...

    def take(self, W: Iterate, fields: Fields) -> None:
        """Let `W` be what steps have made of its `fields`, as far as these are copies."""
        ...

    def scale_sums(self, W: Iterate, factor: PerLane) -> None:
        """Multiply the running sum of each lane by its factor."""
        ...

    def seeds(self) -> Sequence[tuple[int, int]]:
        """Return the first lane of each seed that has lanes, and that behind its last one."""
        ...

    def samples(self, n_steps: int) -> tuple[Fields, int]:
        """Return the minibatches of at most `n_steps` next steps, and the number of these."""
        ...

    def visited(self, n_steps: int) -> None:
        """Note that so many of the minibatches that `samples` returned were visited."""
        ...

    def oracle(self) -> MinibatchValues | None:
        """Return the objective on the minibatch of the next step; None for full batches."""
        ...

    def draw(self, sample: Callable[[np.random.Generator], Any]) -> NDArray[Any]:
        """Return random numbers as `lrbench.objective.oracle.Oracle.draw` does."""
        ...


@runtime_checkable
class CompiledSampler(Protocol):
    """A sampler on which compiled steps may be possible."""

    obstacle_in_parts: str
    """Why NumPy makes the steps around a rule in Python, in words; else nothing."""

    def obstacle(self) -> str:
        """Return why NumPy makes the steps, in words; else nothing."""
        ...

    def compiled(self, *, scaled: bool) -> CompiledBatches | None:
        """Return what compiled steps need; None where NumPy makes the steps.

        `scaled` is whether these may make the iterates scaled ones, which have no steps in parts.
        """
        ...
