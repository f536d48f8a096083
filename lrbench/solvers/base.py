"""What a solver is: a step rule for all lanes at once; and what several solvers use."""

from __future__ import annotations

import math
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from lrbench.arrays import Index, Lanes, Mask, PerLane, norm_sq
from lrbench.errors import UsageError
from lrbench.objective.oracle import Gradient, Iterate, Oracle, take


class Step(NamedTuple):
    """What a step returns."""

    W: Iterate
    """The next iterate."""
    lr: PerLane
    """The learning rate of this step: W_next = W - lr g (before a projection).

    Where the step is no multiple of g, it is what the solver documents: see `rate_of`.
    """
    state: Any
    """The next state: a NamedTuple of arrays whose last axis is the lanes."""


class Solver(Protocol):
    """A step rule: no loop, no stopping, no printing.

    Hyper-parameters are the fields of a frozen dataclass; lr0 is the lane axis. Dropping a lane
    applies one generic function to the state, so every array in it has the lanes on its last axis.

    A solver that asks for the gradient as an array in every step declares ``dense_gradient:
    ClassVar[bool] = True``: its iterates are then plain arrays on wide sparse data, too. Without
    the declaration it has the same result, and takes longer.

    A proximal solver, which asks for the gradient of the loss and for the prox of the penalty,
    declares ``proximal: ClassVar[bool] = True``: its iterates are plain arrays, it is never offered
    the gradient of F, and its trace has no least gradient norm, because the gradients that it uses
    are not those of F.
    """

    name: ClassVar[str]
    traced: ClassVar[tuple[str, ...]]
    """Fields of the state that the trace records."""
    label_fields: ClassVar[tuple[str, ...]]
    """Parameters that belong to the method's name in every table."""

    def init(self, W: Iterate, lr0: PerLane) -> Any:
        """Return the state before the first step from `W` at initial learning rates `lr0`."""
        ...

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        """Take one step; `W` is used up."""
        ...


def needs_dense_gradient(solver: Solver) -> bool:
    """Return whether `solver` asks for the whole gradient as an array in every step."""
    return bool(getattr(solver, "dense_gradient", False)) or proximal(solver)


def proximal(solver: Solver) -> bool:
    """Return whether `solver` takes the gradient of the loss and the prox of the penalty."""
    return bool(getattr(solver, "proximal", False))


def rate_of(D: Lanes, gradient: Gradient) -> PerLane:
    """Return |D| / |g|, the learning rate of a step -D that is no multiple of g; 0 where g = 0."""
    length, size = np.sqrt(norm_sq(D)), np.sqrt(gradient.norm_sq())
    rate: PerLane = np.divide(length, size, out=np.zeros_like(length), where=size > 0.0)
    return rate


def mapping_norm_sq(W: Lanes, W_next: Lanes, lr: PerLane) -> PerLane:
    """Return the squared norm of the gradient mapping (W - W_next) / lr of a proximal step."""
    return norm_sq((W - W_next) / lr)


def keep_lanes(state: Any, lanes: Index | Mask) -> Any:
    """Return these lanes of `state`."""
    return type(state)(*(take(field, lanes) for field in state))


def check_positive(solver: Any, key: str) -> None:
    """Raise `UsageError` unless the parameter `key` is a positive number."""
    value = getattr(solver, key)
    if not 0.0 < value < math.inf:
        raise _out_of_range(solver, key, f"{value:g} is not a positive number.")


def check_decay(solver: Any, key: str) -> None:
    """Raise `UsageError` unless the parameter `key` is in [0, 1)."""
    value = getattr(solver, key)
    if not 0.0 <= value < 1.0:
        raise _out_of_range(solver, key, f"{value:g} is not in [0, 1).")


def _out_of_range(solver: Any, key: str, fault: str) -> UsageError:
    default = getattr(type(solver), key)
    return UsageError(
        f"solver {solver.name}: {key} = {fault}", f"leave it out for {key} = {default:g}."
    )
