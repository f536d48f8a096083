"""The lanes of a solver: the values of what varies, and the initial learning rates."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lrbench.config.axes import Axis
from lrbench.config.learning_rates import LearningRate, resolve_learning_rates
from lrbench.engine.job import SeedLanes
from lrbench.errors import UsageError
from lrbench.plan.auto_grid import FIRST, PER_DECADE, grid_value
from lrbench.results import Run
from lrbench.solvers import SOLVERS
from lrbench.solvers.base import Solver


class Lane(NamedTuple):
    """A lane of one solver and seed."""

    lr0: float | None
    """None where the method has no initial learning rate."""
    over: tuple[tuple[str, float], ...]
    """What the command varies, each with its value, that of the lane axis first; nothing where the
    solver runs once a seed."""


class Cell(NamedTuple):
    """One run: a solver by its index in the plan, a seed, a lane."""

    solver: int
    seed: int
    lane: Lane


def lane_of(run: Run) -> Lane:
    """Return the lane of a run."""
    return Lane(run.lr0, tuple(run.over.items()))


class SolverAxes(NamedTuple):
    """The axes of one solver, with its own parameters."""

    solver: Solver
    axes: tuple[Axis, ...]
    """At most two, the lane axis first; none where the solver runs once a seed."""
    lr0: LearningRate | None
    """The initial learning rate where no axis is lr0; None where the method has none."""
    follows: bool
    """Whether lr0 follows from the free scale: not where --over varies lr0 itself."""

    @property
    def auto(self) -> bool:
        """Whether the grid finds its ends; it has one axis then."""
        return any(axis.auto for axis in self.axes)

    @property
    def n_lanes(self) -> int:
        """The number of lanes of a seed, of a grid that finds its ends those of the first round."""
        return len(FIRST) if self.auto else math.prod(len(axis.values) for axis in self.axes)

    def lanes(self, L: float) -> tuple[Lane, ...]:
        """Return the lanes on a problem with this L.

        Raises
        ------
        UsageError
            If a learning rate in units of 1/L has no meaning, or an lr0 is outside of float64.
        """
        if self.auto:
            return self.of_exponents(FIRST, L)
        return self._at([resolve_learning_rates(axis.values, L) for axis in self.axes], L)

    def centre(self, L: float) -> float:
        """Return the value at the centre of a grid that finds its ends: 1/L if it is a rate."""
        known = self.axes[0].parameter == "lr0" and 0.0 < L < math.inf
        return LearningRate(1.0, per_L=known).at(L)

    def of_exponents(self, exponents: Iterable[int], L: float) -> tuple[Lane, ...]:
        """Return the lanes at these exponents of a grid that finds its ends."""
        centre = self.centre(L)
        return self._at([[grid_value(centre, k) for k in exponents]], L)

    def exponent(self, value: float, L: float) -> int:
        """Return the exponent of a value of a grid that finds its ends."""
        return round(PER_DECADE * math.log10(value / self.centre(L)))

    def _at(self, values: Sequence[Sequence[float]], L: float) -> tuple[Lane, ...]:
        """Return the lanes at all combinations of the values of the axes."""
        names = [axis.parameter for axis in self.axes]
        lanes = []
        for point in itertools.product(*reversed(values)):
            over = dict(zip(names, reversed(point), strict=True))
            if self.lr0 is None:
                lanes.append(Lane(None, tuple(over.items())))
                continue
            lr0 = over["lr0"] if "lr0" in over else self.lr0.at(L)
            scale = self.solver.scale
            if self.follows and scale in over:
                lr0 = self.solver.lr0_at(over[scale], lr0)
            if not 0.0 < lr0 < math.inf or math.isinf(1.0 / lr0):
                raise UsageError(
                    f"--over {scale}: lr0 of {self.solver.name} would be {lr0:g}, which is no"
                    " learning rate in float64.",
                    "give a grid nearer to 1.",
                )
            lanes.append(Lane(lr0, tuple(over.items())))
        return tuple(lanes)


def second_scales(names: Iterable[str]) -> dict[str, str]:
    """Return solver -> its second free scale, of those of these names that have one."""
    registered = [name for name in dict.fromkeys(names) if name in SOLVERS]
    scales = {name: SOLVERS.get(name).second_scale for name in registered}
    return {name: scale for name, scale in scales.items() if scale}


def seed_lanes(seed: int, lanes: Sequence[Lane]) -> SeedLanes:
    """Return lanes of one solver as those of a job with this seed."""
    names = [name for name, _ in lanes[0].over]
    columns = zip(*([value for _, value in lane.over] for lane in lanes), strict=True)
    over = dict(zip(names, columns, strict=True)) if names != ["lr0"] else {}
    return SeedLanes(seed, tuple(lane.lr0 for lane in lanes), over)
