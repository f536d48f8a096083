"""What records know of their lane: the parameters that the command varied, and their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from lrbench.config.axes import SCALE
from lrbench.config.solver_spec import SolverSpec


def method_of(solver: SolverSpec, over: Mapping[str, float]) -> SolverSpec:
    """Return the solver of a lane without the parameter of the lane axis.

    A second axis is among its parameters, also where that is lr0.
    """
    if not over:
        return solver
    parameter, *others = over
    method = solver if parameter == "lr0" else solver.without(parameter)
    return method.at({name: over[name] for name in others})


def is_rate(parameter: str) -> bool:
    """Return whether a parameter that varies is lr0, or on a page lr0 over another one."""
    return parameter.partition("/")[0] == "lr0"


class HasParameter(Protocol):
    """A record that says what varies."""

    @property
    def parameter(self) -> str:
        """The parameter of the lane axis; empty where nothing varies."""
        ...


def varied(records: Iterable[HasParameter]) -> str:
    """Return the parameter that varies in all records; ``"scale"`` where it is not one.

    Records in which nothing varies do not count; it is ``"lr0"`` where there are no others.
    """
    parameters = {record.parameter for record in records} - {""} or {"lr0"}
    return parameters.pop() if len(parameters) == 1 else SCALE


def lane_text(method: str, value: float | None, parameter: str = "lr0") -> str:
    """Return ``"wngrad, lr0 = 1"``; where nothing varies the method alone."""
    return method if value is None else f"{method}, {parameter} = {value:g}"


class OnGrid:
    """The parameters that vary, and their values at a point of the grid."""

    lr0: float | None
    """The initial learning rate there; None where the method has none."""
    over: Mapping[str, float]
    """Parameter -> its value, that of the lane axis first; lr0 alone where none is given, and empty
    where nothing varies."""

    def __post_init__(self) -> None:
        if self.lr0 is not None and not self.lr0 > 0:
            raise ValueError("lr0 is not positive")
        if self.lr0 is None and "lr0" in self.over:
            raise ValueError("over has an lr0, and lr0 is null")
        # One number, and not two that may differ.
        if self.lr0 is not None and [*self.over] in ([], ["lr0"]):
            object.__setattr__(self, "over", {"lr0": self.lr0})
        if not all(value > 0 for value in self.over.values()):
            raise ValueError("over is not positive")

    @property
    def parameter(self) -> str:
        """The parameter of the lane axis; empty where nothing varies."""
        return next(iter(self.over), "")

    @property
    def value(self) -> float | None:
        """The value of that parameter; None where nothing varies."""
        return self.over.get(self.parameter)


class Varied(OnGrid):
    """The lane of a run and of a verdict.

    The values of a second axis make methods of their own.
    """

    solver: SolverSpec
    """With the values of this lane."""

    @property
    def method(self) -> SolverSpec:
        """The solver without the parameter of the lane axis, the same for all lanes of a curve."""
        return method_of(self.solver, self.over)

    @property
    def lane(self) -> tuple[str, float | None]:
        """The method as tables show it, and the value of the lane axis."""
        if [*self.over] in ([], ["lr0"]):
            return str(self.solver), self.lr0
        return str(self.method), self.value
