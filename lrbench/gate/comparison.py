"""What a comparison of two results says, lane by lane."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from lrbench.config.plain import NumberOrInf, NumberOrNaN
from lrbench.results.lanes import lane_text

ComparedQuantity: TypeAlias = Literal["suboptimality", "passes"]
"""F - f* of the answers (F where f* is not known), or the passes to a target."""


ONLY_BASE = "it is in the base alone"
ONLY_OTHER = "it is not in the base"


class Change(StrEnum):
    """What became of a lane."""

    WORSE = "worse"
    BETTER = "better"
    UNCLEAR = "unclear"
    SAME = "same"
    NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True)
class LaneComparison:
    """One solver and value in two results. The names of the attributes are the keys in JSON."""

    solver: str
    parameter: str
    value: float | None
    """That of the parameter that varies; None where nothing does."""
    change: Change
    reason: str = ""
    """Why the lanes cannot be compared, or why nothing can be said of their difference."""
    seeds: tuple[int, ...] = ()
    """The seeds that both have."""
    iteration: int | None = None
    """The checkpoint at which both are taken; None for passes."""
    ends: tuple[int, int] | None = None
    """The last checkpoints of both, where they differ."""
    base: NumberOrInf = math.nan
    """Mean over seeds, and for passes the median; inf where a run was lost or never arrived."""
    other: NumberOrInf = math.nan
    ratio: NumberOrNaN = math.nan
    """other / base, the geometric mean over seeds; NaN where a number is not positive."""
    ratio_interval: tuple[NumberOrNaN, NumberOrNaN] | None = None
    """95 % interval of the ratio; None with one seed."""
    p: float | None = None
    """Of the paired test, two-sided; None where nothing is tested."""
    p_adjusted: float | None = None
    """The same, adjusted for all tests of the comparison (Holm, 1979)."""


@dataclass(frozen=True)
class ProblemComparison:
    """The lanes of one problem in two results."""

    name: str
    quantity: str
    """What is compared, as pages say it: ``"F - f*"``, ``"F"``, or ``"passes to F - f* <= 1e-3"``.
    """
    lanes: tuple[LaneComparison, ...]


@dataclass(frozen=True)
class Comparison:
    """A result compared with the base."""

    environment: Mapping[str, tuple[Any, Any]]
    """What of the environment differs: key -> the values in the base and in the other."""
    problems: tuple[ProblemComparison, ...]
    only_base: tuple[str, ...]
    """The problems that the other does not have."""
    only_other: tuple[str, ...]
    """The problems that the base does not have."""

    def changed(self) -> Comparison:
        """Return the comparison without the lanes that are the same."""
        problems = (
            replace(p, lanes=tuple(lane for lane in p.lanes if lane.change is not Change.SAME))
            for p in self.problems
        )
        return replace(self, problems=tuple(problems))

    def count(self, change: Change) -> int:
        """Return the number of lanes of which this became."""
        return sum(lane.change is change for p in self.problems for lane in p.lanes)

    def lost(self) -> list[str]:
        """Return what of the base is not compared: its lanes with the reasons, and problems."""
        lanes = [
            f"{lane_text(lane.solver, lane.value, lane.parameter)} of {p.name}, as {lane.reason}"
            for p in self.problems
            for lane in p.lanes
            if lane.change is Change.NOT_COMPARABLE and lane.reason != ONLY_OTHER
        ]
        return lanes + [f"{name}, as {ONLY_BASE}" for name in self.only_base]
