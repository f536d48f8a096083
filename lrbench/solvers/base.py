"""What a solver is: a step rule, for all lanes at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol

from lrbench.arrays import Mask, PerLane
from lrbench.oracle import Iterate, Oracle


class Step(NamedTuple):
    """What a step returns."""

    W: Iterate
    """The next iterate."""
    lr: PerLane
    """The learning rate of this step: W_next = W - lr g (before a projection)."""
    state: Any
    """The next state: a NamedTuple of arrays whose last axis is the lanes."""


@dataclass(frozen=True)
class SolverSpec:
    """A solver's name and all its parameters, defaults included."""

    name: str
    params: Mapping[str, float | str] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    """The parameters that are part of the method's name in tables."""

    def __str__(self) -> str:
        inside = ",".join(
            f"{k}={v:g}" if isinstance(v, float) else f"{k}={v}"
            for k, v in self.params.items()
            if k in self.shown
        )
        return f"{self.name}[{inside}]" if inside else self.name


class Solver(Protocol):
    """A step rule: no loop, no stopping, no printing.

    Hyper-parameters are the fields of a frozen dataclass; lr0 is the lane axis. Dropping a lane
    applies one generic function to the state, so every array in it has the lanes on its last axis.
    """

    name: ClassVar[str]
    traced: ClassVar[tuple[str, ...]]
    """Fields of the state that the trace records."""
    shown: ClassVar[tuple[str, ...]]
    """Parameters that belong to the method's name in every table."""

    def init(self, W: Iterate, lr0: PerLane) -> Any:
        """Return the state before the first step from `W` at initial learning rates `lr0`."""
        ...

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        """Take one step; `W` is used up."""
        ...


def keep_lanes(state: Any, mask: Mask) -> Any:
    """Return `state` with the lanes in `mask` only."""
    return type(state)(*(field[..., mask] for field in state))
