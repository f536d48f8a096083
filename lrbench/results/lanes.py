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
    parameter, *others = over
    method = solver if parameter == "lr0" else solver.without(parameter)
    return method.at({name: over[name] for name in others})


class HasParameter(Protocol):
    """A record that says what varies."""

    @property
    def parameter(self) -> str:
        """The parameter of the lane axis."""
        ...


def varied(records: Iterable[HasParameter]) -> str:
    """Return the parameter that varies in all records; ``"scale"`` where it is not one."""
    parameters = {record.parameter for record in records}
    return parameters.pop() if len(parameters) == 1 else SCALE


class OnGrid:
    """The parameters that vary, and their values at a point of the grid."""

    lr0: float
    """The initial learning rate there."""
    over: Mapping[str, float]
    """Parameter -> its value, that of the lane axis first; lr0 alone where none is given."""

    def __post_init__(self) -> None:
        if not self.lr0 > 0:
            raise ValueError("lr0 is not positive")
        if [*self.over] in ([], ["lr0"]):  # one number, and not two that may differ
            object.__setattr__(self, "over", {"lr0": self.lr0})
        if not all(value > 0 for value in self.over.values()):
            raise ValueError("over is not positive")

    @property
    def parameter(self) -> str:
        """The parameter of the lane axis."""
        return next(iter(self.over))

    @property
    def value(self) -> float:
        """The value of that parameter."""
        return self.over[self.parameter]


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
    def lane(self) -> tuple[str, float]:
        """The method as tables show it, and the value of the lane axis."""
        parameter, *others = self.over
        if parameter == "lr0" and not others:
            return str(self.solver), self.lr0
        return str(self.method), self.over[parameter]
