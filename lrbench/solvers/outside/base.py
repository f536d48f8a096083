"""What an outside solver is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Protocol

from lrbench.arrays import PerLane, Vector
from lrbench.objective.oracle import Iterate
from lrbench.solvers.base import Facts, Solver


class Objective(Protocol):
    """F of one iterate, as an outside solver asks for it; each call is metered."""

    @property
    def bounds(self) -> tuple[Vector, Vector]:
        """The least and the largest value of every coordinate, (n_features,) each."""
        ...

    def value_and_gradient(self, w: Vector) -> tuple[float, Vector]:
        """Return F and its gradient at `w`; metered as n_samples gradients."""
        ...


class OutsideSolver(Solver, ABC):
    """A solver that owns its loop: one lane at a time, in full batches.

    It is a frozen dataclass like a step rule, and has `solve` in place of `init` and `step`.
    """

    outside: ClassVar[bool] = True
    group: ClassVar[str] = "outside"

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> tuple[()]:
        """Return no state: the method keeps its own."""
        del W, lr0, facts
        return ()

    def load(self) -> None:
        """Import the library, which is not time of the solver."""

    @abstractmethod
    def solve(
        self,
        objective: Objective,
        w0: Vector,
        lr0: float,
        iterations: int,
        record: Callable[[Vector], None],
    ) -> None:
        """Minimise `objective` from `w0`.

        Parameters
        ----------
        objective
            F.
        w0
            The starting point, (n_features,).
        lr0
            The initial learning rate, or what the class says of it.
        iterations
            The most iterations.
        record
            To be called with the iterate after each iteration; it does not count as time of the
            solver. It may raise, which ends the run and must not be caught.
        """
