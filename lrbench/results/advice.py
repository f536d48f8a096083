"""The record of the advice on a sweep: a solver and a value, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

from lrbench.config.plain import Key
from lrbench.config.solver_spec import SolverSpec
from lrbench.results.lanes import OnGrid

Caution: TypeAlias = Literal[
    "lowest_lr0",  # it is an end of the grid; the value is the lr0
    "highest_lr0",
    "lower_lr0_misses",  # the next one in the grid, the value, never reaches the target
    "higher_lr0_misses",
    "long_steps",  # with full batches the last lr, the value, is above 2/L
    "scarce_budget",  # most of the budget was needed; the value is the budget in its passes
    "missing_runs",  # of the solver; the value is their number
]
"""What may go wrong with the lr0 that is advised, or with one near it."""

ObstacleKind: TypeAlias = Literal[
    "target_below_error",  # whether F - f* is at the target is not known; the value is the error
    # No lr0 reached the target, ...
    "missing_runs",  # and of some lr0 no run is finished; the value is the number of missing runs
    "lr0_too_high",  # and all are above 2/L, the value
    "lr0_too_low",  # and all are below 0.01/L; the value is 1/L
    "all_lost",  # and every run diverged or failed
    "not_reached",  # in the budget
]
"""Why there is no advice."""


@dataclass(frozen=True)
class Choice(OnGrid):
    """A solver at a value of what varies over its lanes."""

    solver: SolverSpec
    lr0: float | None
    """The initial learning rate that follows from the value; None where the method has none."""
    passes: float
    """Passes to the target."""
    usable: tuple[float, float] | None
    """The usable range of the solver; None where nothing varies."""
    usable_decades: float
    """Its width in factors of 10; 0 where nothing varies."""
    may_be_wider: bool
    """Whether that range ends where the grid does, or a value is unknown."""
    over: Annotated[Mapping[str, float], Key(earlier=())] = field(default_factory=dict)


@dataclass(frozen=True)
class Level(OnGrid):
    """The lowest suboptimality at any checkpoint of a run that did not fail."""

    solver: SolverSpec
    lr0: float | None
    suboptimality: float
    over: Annotated[Mapping[str, float], Key(earlier=())] = field(default_factory=dict)


@dataclass(frozen=True)
class Obstacle:
    """Why there is no advice, and what may help."""

    kind: ObstacleKind
    value: float | None = None
    """The number that belongs to the kind; None for a kind without one."""
    unscaled: bool = False
    """Whether it may help to scale the features."""
    eta: Sequence[str] = ()
    """The solvers to which a larger eta may help."""
    lowest: Level | None = None
    lowest_of: Annotated[Sequence[Level], Key(earlier=())] = ()
    """The same of each solver that has one."""


@dataclass(frozen=True)
class Advice:
    """The solver and the value to take on one problem, or the obstacle; one of the two is None."""

    choice: Choice | None = None
    cautions: Mapping[Caution, float] = field(default_factory=dict)
    """The cautions on the choice, with their values."""
    best: Choice | None = None
    """The solver chosen at its best value; None where that needs no fewer passes."""
    faster: Choice | None = None
    """The solver with the fewest passes, at its best value; None where it is the one chosen."""
    wider: Choice | None = None
    """A solver whose usable range is at least a decade wider, at its best value."""
    obstacle: Obstacle | None = None
    budget_passes: float | None = None
    """The budget of each run in passes; None where it is not known."""

    def __post_init__(self) -> None:
        if (self.choice is None) == (self.obstacle is None):
            raise ValueError("choice and obstacle are not one null and one not")
