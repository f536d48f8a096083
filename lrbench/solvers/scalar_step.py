"""Steps whose rule knows the gradient by numbers of lanes alone: `Solver.scalar_step`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Mask, PerLane, equal
from lrbench.errors import ContractError
from lrbench.objective.oracle import Iterate
from lrbench.solvers.base import Solver


def has_scalar_step(solver: Solver) -> bool:
    """Return whether the class itself says so: a class that inherits from it may step otherwise."""
    return bool(vars(type(solver)).get("scalar_step", False))


class OpaqueIterate:
    """What a scalar step has in place of its iterate, which is elsewhere."""


class StepNumbers(Protocol):
    """What a scalar step may know, of all lanes."""

    size: int
    """The number of samples of the minibatch."""

    def grad_norm_sq(self) -> PerLane:
        """Return |g|^2; called once in a step, and metered as a gradient."""
        ...

    def product(self) -> PerLane:
        """Return <g, w>; only after `grad_norm_sq`."""
        ...

    def objective(self) -> PerLane:
        """Return the minibatch's objective, metered as values."""
        ...

    def draw(self, sample: Callable[[np.random.Generator], Any]) -> NDArray[Any]:
        """Return random numbers as `lrbench.objective.oracle.Oracle.draw` does."""
        ...


class ScalarGradient:
    """The gradient of a scalar step.

    Raises
    ------
    ContractError
        If it is asked for more than its norm and its product with the iterate.
    """

    __slots__ = ("_norm_sq", "_oracle")

    def __init__(self, oracle: ScalarOracle, norm_sq: PerLane) -> None:
        self._oracle, self._norm_sq = oracle, norm_sq

    def norm_sq(self) -> PerLane:
        """Return |g|^2."""
        return self._norm_sq

    def inner(self, W: Iterate) -> PerLane:
        """Return <g, w>."""
        return self._oracle.inner(W)

    def __getattr__(self, name: str) -> Any:
        raise self._oracle.broken(f"asks its gradient for {name}")


class ScalarOracle:
    """The oracle of scalar steps, one after the other.

    Parameters
    ----------
    name
        That of the solver.
    numbers
        What it knows of the step.

    Raises
    ------
    ContractError
        If a step asks for anything else than `Solver.scalar_step` says, at any other point than its
        iterate, for a second gradient, or for anything after the descent; or if it ends otherwise.
    """

    def __init__(self, name: str, numbers: StepNumbers) -> None:
        self._name, self._numbers = name, numbers
        self._W: OpaqueIterate | None = None
        self.gradient_taken: ScalarGradient | None = None
        """The gradient of the present step; None before it is asked for."""
        self.rates: PerLane | None = None
        """The rates of its descent; None before it."""

    def begin(self, W: OpaqueIterate) -> None:
        """Begin a step."""
        self._W, self.gradient_taken, self.rates = W, None, None

    @property
    def size(self) -> int:
        """The number of samples of the minibatch."""
        return self._numbers.size

    def gradient(self, W: Iterate, lanes: Mask | None = None) -> ScalarGradient:
        """Return the gradient at `W`, the iterate of the step."""
        self._check_at(W, lanes)
        if self.gradient_taken is not None:
            raise self.broken("asks for a second gradient")
        self.gradient_taken = ScalarGradient(self, self._numbers.grad_norm_sq())
        return self.gradient_taken

    def inner(self, W: Iterate) -> PerLane:
        """Return <g, w>."""
        self._check_at(W)
        return self._numbers.product()

    def value(self, W: Iterate, lanes: Mask | None = None) -> PerLane:
        """Return the minibatch's objective at `W`, the iterate of the step."""
        self._check_at(W, lanes)
        return self._numbers.objective()

    def draw(self, sample: Callable[[np.random.Generator], Any]) -> NDArray[Any]:
        """Return random numbers with the lanes as the last axis."""
        return self._numbers.draw(sample)

    def descend(self, W: Iterate, lr: PerLane, gradient: ScalarGradient) -> Iterate:
        """Let the step be W - lr g; `W` stands for the next iterate, too."""
        self._check_at(W)
        if gradient is not self.gradient_taken:
            raise self.broken("descends along a gradient of another step")
        self.rates = np.array(lr)
        return W

    def end(self, lr: PerLane) -> bool:
        """End a step that returns these rates; return whether it has descended, or else rests."""
        if self.rates is None:
            if self.gradient_taken is not None or lr.any():
                raise self.broken("ends without its descent")
            return False
        if not equal(self.rates, lr):
            raise self.broken("returns other rates than those of its descent")
        return True

    def _check_at(self, W: Iterate, lanes: Mask | None = None) -> None:
        if lanes is not None:
            raise self.broken("asks for some lanes only")
        if W is not self._W:
            raise self.broken("asks at another point than its iterate")
        if self.rates is not None:
            raise self.broken("goes on after its descent")

    def __getattr__(self, name: str) -> Any:
        raise self.broken(f"asks the oracle for {name}")

    def broken(self, what: str) -> ContractError:
        """Return the error of a step that does what a scalar step does not."""
        return ContractError(
            f"{self._name}: a step {what}, and scalar_step says that it does not: leave scalar_step"
            " out."
        )
