"""Records of a sweep: how sensitive solvers are to the learning rate, or to what else varies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias, TypedDict

from lrbench.config.plain import Form, Key, NumberOrInf, NumberOrNaN, plain
from lrbench.config.records import reader
from lrbench.config.solver_spec import SolverSpec
from lrbench.config.targets import GOALS, TargetMeasure
from lrbench.results.advice import Advice
from lrbench.results.lanes import varied
from lrbench.results.measures import Measures
from lrbench.results.records import Status
from lrbench.results.robustness import Robustness

ArrivalRule: TypeAlias = Literal["first", "confirmed", "end"]
"""When a run has arrived at a target: at its first checkpoint there; at the first look T where its
gap is there, also in the mean over [T, 2 T]; or at the first look from which on it stays there."""


Measure: TypeAlias = Literal["suboptimality", "grad_norm_sq"]


class Over(TypedDict):
    """The parameter that varies over the lanes, and its values, ascending."""

    parameter: str
    values: Sequence[float]


@dataclass(frozen=True)
class Factor:
    """The cost of a value of 10^power times the best one, relative to the best one."""

    power: int
    factor: float | None
    """Passes over `best_passes`, interpolated; inf where the target was never reached, None where
    that is not known: off the grid, or where no run is finished."""

    @property
    def on_grid(self) -> bool:
        """Whether such a value lies within the grid, and runs there are finished."""
        return self.factor is not None


class _FactorValues(TypedDict):
    """A `Factor` in JSON, where null is inf on the grid and not known off it."""

    power: int
    factor: float | None
    on_grid: bool


def read_factors(value: Any) -> tuple[Factor, ...]:
    """Return the factors in JSON."""
    factors: Sequence[_FactorValues] = reader(Sequence[_FactorValues])(value)
    cost = [math.inf if f["factor"] is None else f["factor"] for f in factors]
    return tuple(
        Factor(f["power"], c if f["on_grid"] else None) for f, c in zip(factors, cost, strict=True)
    )


def plain_factors(factors: Sequence[Factor]) -> list[dict[str, Any]]:
    """Return the factors for JSON."""
    return [{**plain(factor), "on_grid": factor.on_grid} for factor in factors]


@dataclass(frozen=True)
class AfterSteps:
    """What is measured of one solver after a number of steps, for each value of its grid."""

    iteration: int
    gap: Sequence[NumberOrInf]
    """Medians over the seeds that are known: inf where most of them diverged, NaN where none is
    known."""
    known: Sequence[int]
    """How many seeds came so far or diverged before, for each value."""
    measure: Annotated[Measure, Key(earlier="suboptimality")] = "suboptimality"
    """F - f*; or, where f* is not known, the least squared norm of the gradient so far."""

    def __post_init__(self) -> None:
        if len(self.gap) != len(self.known):
            raise ValueError(f"gap has {len(self.gap)} items, not {len(self.known)}")
        # Both are null in JSON.
        gap = tuple(g if n else math.nan for g, n in zip(self.gap, self.known, strict=True))
        object.__setattr__(self, "gap", gap)


@dataclass(frozen=True)
class Sensitivity:
    """One method over the values of one parameter: lr0, or a hyper-parameter.

    Of a method of which nothing varies, as it has no lr0, `values` is empty, and every list of a
    number for each value has one item, which is of its only run a seed.

    All figures are of the runs that are finished: those that reached the target or the end of their
    budget, stalled or diverged. A value without any of them is unknown.
    """

    solver: SolverSpec
    """Without the parameter that varies; with the one that makes a row of a second axis."""
    lr0: Sequence[float | None] = field(repr=False)
    """The initial learning rate that follows from each value; None where the method has none."""
    passes: Sequence[NumberOrInf] = field(repr=False)
    """Passes to the arrival at the target for each value, medians over seeds; inf where most seeds
    never arrived, and where none is finished."""
    first_hit: Annotated[Sequence[NumberOrInf], Key(earlier=())] = field(repr=False)
    """The same to the first look at or below the target, whether or not the run stayed there."""
    reached: Sequence[int] = field(repr=False)
    """How many seeds arrived at the target, for each value."""
    finished: Annotated[Sequence[int], Key(earlier=())] = field(repr=False)
    """How many seeds are finished, for each value; where it is 0 nothing is known."""
    n_seeds: int
    best_lr0: float | None
    """The lr0 that follows from `best_value`."""
    best_passes: NumberOrInf
    """The passes at the best value, or of the only run; inf where none reached the target."""
    usable: tuple[float, float] | None
    """The widest range of neighbouring values that all reach the target, ends included."""
    usable_decades: float
    """Its width in factors of 10; 0 where it is one lr0 or none."""
    usable_interval: tuple[float, float] | None
    """95 % interval of that width over seeds; None with one seed."""
    at_edge: tuple[bool, bool]
    """Whether the usable range begins, and ends, where the grid does; it may then be wider."""
    statuses: Mapping[str, int]
    """Status -> the number of runs that ended so, over all values and seeds."""
    missing: int
    """Runs that were interrupted, failed or never began, and are not known to reach the target."""
    final_lr_L: float | None
    """The last lr at the best value, in units of 1/L; None where either is unknown."""
    factors: Annotated[Sequence[Factor], Form(read_factors, plain_factors)]
    """The cost of a wrong value: a hundredth, a tenth, ten and a hundred times the best one."""
    measures: Annotated[Measures, Key(inline=True)]
    """The other measures of sensitivity; their keys stand beside these."""
    at: Annotated[Sequence[AfterSteps], Key(earlier=())] = field(default=(), repr=False)
    """What was asked for after some numbers of steps."""
    over: Annotated[Over | None, Key(earlier=None)] = None
    """What varies; None where nothing does. In a file it may be missing for lr0."""
    best_value: Annotated[float | None, Key(earlier=None)] = None
    """The value of the fewest passes, amid those that tie; None where none reached the target."""
    second_axis: Annotated[Mapping[str, float], Key(earlier=())] = field(default_factory=dict)
    """The parameter of a second axis with the value that makes this row; empty without one."""
    robustness: Annotated[Sequence[Robustness] | None, Key(earlier=None)] = field(
        default=None, repr=False
    )
    """The bounds of theorems over the grid; None where they are not known."""

    def __post_init__(self) -> None:
        second = dict(self.second_axis)
        object.__setattr__(self, "second_axis", second)
        rates = [lr0 for lr0 in self.lr0 if lr0 is not None]
        if rates and len(rates) < len(self.lr0):
            raise ValueError("lr0 has nulls and numbers")
        # One list, and not two that may differ; with a second axis lr0 may follow from both.
        if rates and (self.over is None or (self.parameter == "lr0" and not second)):
            object.__setattr__(self, "over", Over(parameter="lr0", values=tuple(rates)))
            object.__setattr__(self, "best_value", self.best_lr0)
        if any(not a < b for a, b in zip((0.0, *self.values), self.values, strict=False)):
            key = "lr0" if self.parameter == "lr0" else "over"
            raise ValueError(f"{key} is not positive and ascending")
        if not all(v > 0 for v in rates):
            raise ValueError("lr0 is not positive")
        if len(self.values or (None,)) != len(self.lr0):
            raise ValueError(f"lr0 has {len(self.lr0)} items, not {len(self.values)}")
        # Earlier versions saved neither seeds that are not finished nor statuses that they lacked.
        finished = self.finished or (self.n_seeds,) * len(self.lr0)
        object.__setattr__(self, "finished", finished)
        statuses = {str(status): self.statuses.get(str(status), 0) for status in Status}
        object.__setattr__(self, "statuses", statuses)
        # Earlier versions knew no other arrival than the first hit.
        object.__setattr__(self, "first_hit", self.first_hit or self.passes)
        named = ("passes", "first_hit", "reached", "finished")
        lists = {name: getattr(self, name) for name in named}
        lists |= {f"at[{k}].gap": after.gap for k, after in enumerate(self.at)}
        lists |= {f"robustness[{k}].gap": r.gap for k, r in enumerate(self.robustness or ())}
        for name, items in lists.items():
            if len(items) != len(self.lr0):
                raise ValueError(f"{name} has {len(items)} items, not {len(self.lr0)}")
        if self.best_lr0 is not None and not self.best_lr0 > 0:
            raise ValueError("best_lr0 is not positive")

    @property
    def parameter(self) -> str:
        """What varies over the lanes; empty where nothing does."""
        return "" if self.over is None else self.over["parameter"]

    @property
    def values(self) -> Sequence[float]:
        """The grid, ascending; empty where nothing varies."""
        return () if self.over is None else self.over["values"]

    @property
    def unknown(self) -> Sequence[float]:
        """The values without a finished run; if there are any, the usable range may be wider."""
        if not self.values:
            return ()
        return tuple(v for v, n in zip(self.values, self.finished, strict=True) if not n)

    @property
    def may_be_wider(self) -> bool:
        """Whether the usable range ends at an end of the grid, or a value is unknown."""
        return any(self.at_edge) or len(self.unknown) > 0


@dataclass(frozen=True)
class Sweep:
    """The sensitivity of every solver on one problem."""

    target: NumberOrNaN
    """The level that a run has to reach; NaN where it is one of F - f*, and f* is not known."""
    iterations: int | None
    """The budget of each run; None where every run ended early."""
    solvers: Sequence[Sensitivity]
    arrival: Annotated[ArrivalRule, Key(earlier="first")] = "first"
    """When a run has arrived at the target."""
    advice: Annotated[Advice | None, Key(earlier=None)] = None
    """None in a result of a version that did not save it; `lrbench.study.advise` returns it."""
    target_measure: Annotated[TargetMeasure, Key(earlier="suboptimality")] = "suboptimality"
    """What the target is a level of: F - f*, ``"loss"`` for F itself, or the held-out error."""

    @property
    def goal(self) -> str:
        """What pages write before the number of the target: ``F - f* <=``."""
        return GOALS[self.target_measure]

    @property
    def parameter(self) -> str:
        """What varies over the lanes of the solvers; ``"scale"`` where it is not one parameter."""
        return varied(self.solvers)

    @property
    def has_target(self) -> bool:
        """Whether there is a level to reach; one of F - f* needs f*."""
        return not math.isnan(self.target)

    @property
    def missing(self) -> int:
        """The number of missing runs of all solvers; figures are of the others."""
        return sum(s.missing for s in self.solvers)

    def of(self, solver: str) -> Sensitivity:
        """Return the sensitivity of one solver, by its name in tables or without parameters.

        Raises
        ------
        KeyError
            If there is no such solver, or there are several; the message lists their names.
        """
        matches = [s for s in self.solvers if str(s.solver) == solver]
        matches = matches or [s for s in self.solvers if s.solver.name == solver]
        if len(matches) != 1:
            fault = f"several solvers are {solver!r}" if matches else f"there is no {solver!r}"
            names = ", ".join(str(s.solver) for s in matches or self.solvers)
            raise KeyError(f"{fault} in this sweep: take one of {names}")
        return matches[0]
