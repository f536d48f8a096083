"""The length of a run, and the iterations at which it is measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lrbench.config.targets import TargetMeasure

if TYPE_CHECKING:
    from lrbench.results import ArrivalRule


@dataclass(frozen=True)
class Arrival:
    """What a run of a sweep has to reach, and when it is looked whether it has arrived.

    Parameters
    ----------
    rule
        ``"confirmed"`` or ``"end"``: see `lrbench.engine.arrival`.
    targets
        The suboptimalities, ascending; a run ends by the first.
    looks
        The iterations of `lrbench.config.looks.look_grid`, up to twice the budget.
    stays
        Whether a lane that has arrived goes on to the end of its budget.
    """

    rule: ArrivalRule
    targets: Sequence[float]
    looks: Sequence[int]
    stays: bool = False


@dataclass(frozen=True)
class Budget:
    """The length of a run, and the iterations at which it is measured.

    Parameters
    ----------
    iterations
        The number of steps T.
    checkpoints
        The iterations at which the trace has a row, among them 0 and T.
    target
        A lane ends at the first checkpoint whose suboptimality is at most this; None for never.
    averages
        The checkpoints at which F is also evaluated at the average; None for all of them.
    gradients
        Whether a checkpoint measures the norm of the gradient of F even if no step needs it.
    arrival
        The targets of a sweep in which passing through a target is no arrival; None for none. The
        trace has a row at every look, too.
    measure
        What is to come to the targets.
    """

    iterations: int
    checkpoints: Sequence[int]
    target: float | None = None
    averages: Sequence[int] | None = None
    gradients: bool = True
    arrival: Arrival | None = None
    measure: TargetMeasure = "suboptimality"

    @property
    def rows(self) -> list[int]:
        """The iterations at which the trace has a row, as far as the run goes."""
        looks = [] if self.arrival is None else self.arrival.looks
        return sorted({*self.checkpoints, *(t for t in looks if t <= self.last)})

    @property
    def last(self) -> int:
        """The last iteration that a run may come to: beyond T only to confirm an arrival."""
        confirms = self.arrival is not None and self.arrival.rule == "confirmed"
        return 2 * self.iterations if confirms else self.iterations


def checkpoint_grid(iterations: int, per_decade: int) -> list[int]:
    """Return 0, the 1-2-5 series, `per_decade` points a decade, and `iterations` itself."""
    decades = math.log10(max(iterations, 1))
    fine = {round(10 ** (i / per_decade)) for i in range(math.floor(decades * per_decade) + 1)}
    coarse = {m * 10**e for e in range(math.floor(decades) + 1) for m in (1, 2, 5)}
    return sorted({0, iterations} | {t for t in fine | coarse if t < iterations})
