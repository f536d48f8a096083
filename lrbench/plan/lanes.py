"""The lanes of a solver: the values of what varies, and the initial learning rates."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from lrbench.config.axes import AUTO, MOST_AXES, SCALE, Axes, Axis, axis_names, parse_axes
from lrbench.config.learning_rates import LearningRate, resolve_learning_rates
from lrbench.config.parameters import checked_parameter, choices, number_fields
from lrbench.config.registry import did_you_mean
from lrbench.engine.job import SeedLanes
from lrbench.errors import LrbenchError, UsageError, quoted
from lrbench.plan.auto_grid import FIRST, PER_DECADE, grid_value
from lrbench.results import Run
from lrbench.solvers import SOLVERS
from lrbench.solvers.base import Solver, with_parameters


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


def solver_axes(
    solver: Solver, axes: Sequence[Axis], lr0: Sequence[LearningRate], fixed: Iterable[str]
) -> SolverAxes:
    """Return the axes of a solver: those of --over, and that of --lr0 where it has several values.

    A solver without an initial learning rate has no axis of lr0, whichever option gives it, and one
    without a free scale has none of the scale.

    Parameters
    ----------
    solver
        The solver.
    axes
        Those of --over.
    lr0
        The values of --lr0.
    fixed
        The parameters that the text of the solver gives in its brackets.

    Raises
    ------
    UsageError
        If the solver cannot take a value, has the parameter in its brackets, or would have three
        axes.
    """
    own = [Axis(solver.scale if a.parameter == SCALE else a.parameter, a.values) for a in axes]
    without = {""} if solver.has_lr0 else {"", "lr0"}
    own = [axis for axis in own if axis.parameter not in without]
    for axis in own:
        _check(solver, axis, fixed)
    names = [axis.parameter for axis in own]
    if len(set(names)) < len(names):
        raise UsageError(
            f"--over gives {names[0]} of {solver.name} twice, once as its scale.",
            "give one of them.",
        )
    if solver.has_lr0 and (not own or (len(lr0) != 1 and "lr0" not in names)):
        own.append(Axis("lr0", tuple(lr0)))
    if len(own) > 1 and any(axis.auto for axis in own):
        raise UsageError(
            f"{solver.name} has a second axis beside one that is {AUTO}.",
            "give values for both, or one axis.",
        )
    if len(own) > MOST_AXES:
        raise UsageError(
            f"--over and several --lr0 give {solver.name} {len(own)} axes.",
            "give one --lr0, or one --over.",
        )
    held = (lr0[0] if lr0 else LearningRate(1.0)) if solver.has_lr0 else None
    return SolverAxes(solver, tuple(own), held, follows="lr0" not in names)


def read_axes(over: Axes | None, solvers: Sequence[Solver]) -> tuple[Axis, ...]:
    """Return the axes of --over, each of which is a parameter of every solver.

    Raises
    ------
    UsageError
        If one is not, or as `parse_axes`; of a parameter whose values are words it says so.
    """
    try:
        axes = parse_axes(over)
    except UsageError:
        if isinstance(over, str | Sequence | Mapping):
            _check_names([n for n in axis_names(over) if _of_words(n, solvers)], solvers)
        raise
    _check_names([axis.parameter for axis in axes], solvers)
    return axes


def _check_names(names: Iterable[str], solvers: Sequence[Solver]) -> None:
    own = {s.name: [*["lr0"] * s.has_lr0, SCALE, *number_fields(s)] for s in solvers}
    for name in names:
        # lr0 is no axis of a solver that has none.
        lacking = [solver for solver, all_of in own.items() if name not in {*all_of, "lr0"}]
        if lacking:
            have = "have" if len(lacking) > 1 else "has"
            raise UsageError(
                f"--over {quoted(name)}: {' and '.join(lacking)} {have} no number of this name as"
                " a parameter.",
                _of_words(name, solvers)
                or _axis_hint(name, own, [solver for solver in own if solver not in lacking]),
            )


def _of_words(name: str, solvers: Iterable[Solver]) -> str:
    """Return how to vary a parameter that a solver has, and whose values are words; else empty."""
    for solver in solvers:
        if words := choices(solver, name):
            each = " ".join(f"-s '{solver.name}[{name}={word}]'" for word in words)
            return f"{name} is one of {', '.join(words)}: give a solver for each, {each}."
    return ""


def _axis_hint(name: str, own: Mapping[str, Collection[str]], having: Sequence[str]) -> str:
    """Return what to give in the place of an axis that some of the solvers do not have."""
    shared = [
        each
        for each in dict.fromkeys(itertools.chain(*own.values()))
        if all(each in names for names in own.values())
    ]
    hint = did_you_mean(name, shared)
    if not hint.startswith("choose"):
        return hint
    having = having or [
        solver for solver, cls in SOLVERS.available().items() if name in number_fields(cls)
    ]
    if not having:
        return hint
    have = "all of them have" if len(own) > 1 else f"{next(iter(own))} has"
    return f"give --solver {having[0]} --over {name}; {have} {', '.join(shared)}."


def _check(solver: Solver, axis: Axis, fixed: Iterable[str]) -> None:
    """Raise `UsageError` if a solver cannot take a value of an axis, or has it in its brackets."""
    name = axis.parameter
    if name == "lr0":
        return
    kinds = number_fields(solver)
    if name in fixed:
        raise UsageError(
            f"{name} of {solver.name} is given twice, in its brackets and by --over.",
            "leave one of them out.",
        )
    for value in axis.values:
        if value.per_L:
            raise UsageError(
                f"--over {name}={value} is in units of 1/L, and {name} of {solver.name} is no"
                " learning rate.",
                "give numbers.",
            )
    if kinds[name] is int:
        _check_whole(solver, axis)
    values = [grid_value(1.0, k) for k in FIRST] if axis.auto else [v.value for v in axis.values]
    try:
        with_parameters(solver, {name: np.array(values)})
    except LrbenchError:
        raise
    except Exception as error:  # whatever a class of the user raises
        raise UsageError(
            f"--over {name}: {solver.name} cannot have a value of it for each lane:"
            f" {type(error).__name__}: {' '.join(str(error).split()).rstrip('.')}.",
            f"let its __post_init__ take arrays, as in np.any(self.{name} <= 0).",
        ) from error


def _check_whole(solver: Solver, axis: Axis) -> None:
    """Raise `UsageError` if the values of a parameter that is a whole number are none."""
    name, called = axis.parameter, f"solver {solver.name}"
    if axis.auto:
        raise UsageError(
            f"--over {name}: {name} of {solver.name} is a whole number, which has no {AUTO} grid.",
            f"give values, as in --over {name}=1,2,3.",
        )
    for value in axis.values:
        checked_parameter(value.value, name, int, None, called)


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
