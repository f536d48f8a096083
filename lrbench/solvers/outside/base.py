"""What an outside solver is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Literal, NamedTuple, Protocol

from lrbench.arrays import PerLane, Vector
from lrbench.objective.about import LinearModel
from lrbench.objective.oracle import Iterate
from lrbench.objective.problem import Problem
from lrbench.solvers.base import Facts, Solver


class Refit(NamedTuple):
    """What a run with a budget of its own returns."""

    w: Vector
    """Its last iterate, (n_features,); NaN where it overflowed."""
    iterations: int
    """Its iterations: fewer than the budget where the method stopped by itself."""
    sample_gradients: int
    """Its cost, in gradients of single samples."""


class Objective(Protocol):
    """F of one iterate, as an outside solver asks for it; each call is metered."""

    @property
    def bounds(self) -> tuple[Vector, Vector]:
        """The least and the largest value of every coordinate, (n_features,) each."""
        ...

    @property
    def linear(self) -> LinearModel | None:
        """X, y and the terms of F; None for a problem that is no linear model."""
        ...

    @property
    def seed(self) -> int:
        """The seed of the run, for methods that draw samples."""
        ...

    @property
    def rows(self) -> Sequence[int]:
        """The iterations after 0 at which the trace has a row, ascending."""
        ...

    def value_and_gradient(self, w: Vector) -> tuple[float, Vector]:
        """Return F and its gradient at `w`; metered as n_samples gradients."""
        ...

    def hessian(self, w: Vector) -> Callable[[Vector], Vector] | None:
        """Return the function that multiplies a vector by the Hessian of F at `w`.

        Each product is metered as n_samples gradients. None where the problem has no Hessian.
        """
        ...

    def restart(self) -> None:
        """Begin a run from w_0: the clock starts at 0. What came before counts as evaluation."""
        ...

    def record(self, fit: Refit) -> None:
        """Write the row of a run that has begun by `restart`; see `OutsideSolver.solve`."""
        ...


class OutsideSolver(Solver, ABC):
    """A solver that owns its loop: one lane at a time, in full batches.

    It is a frozen dataclass like a step rule, and has `solve` in place of `init` and `step`.
    """

    outside: ClassVar[bool] = True
    group: ClassVar[str] = "outside"
    traced_by: ClassVar[Literal["callback", "budgets"]] = "callback"
    """How its iterates are known: the method names them, or it is run with each budget anew."""
    pass_means: ClassVar[str] = "n_samples gradients that it asks for, at trial points, too"
    """What a pass is to this solver, as the end of the sentence "a pass is …"."""
    distribution: ClassVar[str] = "scipy"
    """The package that has the method, whose version belongs to the key of a stored run."""

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> tuple[()]:
        """Return no state: the method keeps its own."""
        del W, lr0, facts
        return ()

    def load(self) -> None:
        """Import the library, which is not time of the solver."""

    def unmet(self, problem: Problem) -> list[str]:
        """Return what the problem lacks: ends of the sentence "it needs …".

        The list is empty where the method minimises the very F of the problem.
        """
        del problem
        return []

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


class RefittedSolver(OutsideSolver):
    """An outside solver without a callback: it is run from w_0 with each budget of the trace.

    A row has the iterate, the cost and the seconds of the run with its budget; a run is not
    interrupted. The iterates between two rows are not known, nor is their average.
    """

    traced_by = "budgets"

    @abstractmethod
    def prepare(
        self, model: LinearModel, w0: Vector, lr0: float | None, seed: int
    ) -> Callable[[int], Refit]:
        """Return the function that runs the method from `w0` with a budget of iterations.

        Parameters
        ----------
        model
            F, which has what `unmet` asks for.
        w0
            The starting point, (n_features,), not to be written to.
        lr0
            The initial learning rate, or what the class says of it.
        seed
            A whole number >= 0: all budgets draw the same samples.
        """

    def solve(
        self,
        objective: Objective,
        w0: Vector,
        lr0: float | None,
        iterations: int,
        record: Callable[[Vector], None],
    ) -> None:
        """Run the method with each budget, until one of them is not used up."""
        del iterations, record
        model = objective.linear
        assert model is not None, "`unmet` refuses other problems"
        run = self.prepare(model, w0, lr0, objective.seed)
        for budget in objective.rows:
            objective.restart()
            fit = run(budget)
            objective.record(fit)
            if fit.iterations < budget:
                return
