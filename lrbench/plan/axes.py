"""What varies over the lanes of each solver, which it must be able to take."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from lrbench.config.axes import AUTO, MOST_AXES, SCALE, Axes, Axis, axis_names, parse_axes
from lrbench.config.learning_rates import LearningRate
from lrbench.config.parameters import checked_parameter, choices, number_fields
from lrbench.config.registry import did_you_mean
from lrbench.errors import LrbenchError, UsageError, quoted
from lrbench.plan.auto_grid import FIRST, grid_value
from lrbench.plan.lanes import SolverAxes
from lrbench.solvers import SOLVERS
from lrbench.solvers.base import Solver, with_parameters


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
