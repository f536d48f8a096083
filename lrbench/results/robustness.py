"""Records of bounds over a scale: what a theorem promises where the scale is not its best one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lrbench.config.plain import NumberOrNaN

ScaleVerdict: TypeAlias = Literal["pass", "vacuous", "fail", "none", "unknown", "inapplicable"]
"""The verdict on a bound at one value of a scale. The first four are those of
`lrbench.results.Verdict.bound_verdict`; ``"unknown"``: what the theorem bounds was not measured
after so many steps; ``"inapplicable"``: a hypothesis fails there."""


@dataclass(frozen=True)
class Robustness:
    """An a-priori bound over the values of a scale, beside what is measured after T steps.

    Lists have an item for each value of the grid.
    """

    theorem: str
    measure: str
    """``"suboptimality"`` or ``"grad_norm_sq"``."""
    iterate: str
    iteration: int
    """T, the budget of the runs."""
    best_scale: float | None
    """The scale at which the bound is least; None where it has no least value between 10^-20 and
    10^20 that is lower than at both ends."""
    best_bound: float | None
    """The bound there."""
    rho: Sequence[float]
    """Value / `best_scale`; empty where that is None."""
    bound: Sequence[NumberOrNaN]
    """NaN where a hypothesis fails, and where the theorem says nothing."""
    gap: Sequence[NumberOrNaN]
    """What the theorem bounds, the mean over seeds; NaN where it is not known for some seed, and
    where one has diverged."""
    verdict: Sequence[ScaleVerdict]

    def __post_init__(self) -> None:
        for name in ("bound", "gap"):  # infinities are null in JSON, too
            numbers = getattr(self, name)
            if len(numbers) != len(self.verdict):
                raise ValueError(f"{name} has {len(numbers)} items, not {len(self.verdict)}")
            known = tuple(number if math.isfinite(number) else math.nan for number in numbers)
            object.__setattr__(self, name, known)
        if self.rho and len(self.rho) != len(self.verdict):
            raise ValueError(f"rho has {len(self.rho)} items, not {len(self.verdict)}")
