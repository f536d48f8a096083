"""That a step which says `scalar_step` asks for no more, and is the same without the arrays."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import PerLane
from lrbench.contract.lanes import RATES
from lrbench.contract.outcome import BrokenContractError
from lrbench.contract.problems import cases, on
from lrbench.contract.steps import checked_step, steps
from lrbench.objective.oracle import Gradient, Iterate, Oracle
from lrbench.solvers.base import Solver, Step
from lrbench.solvers.scalar_step import OpaqueIterate, ScalarOracle, has_scalar_step

STEPS = 30


def check_scalar_step(solver: Solver) -> None:
    """Check that the steps of a solver that says `scalar_step` are scalar ones.

    Raises
    ------
    ContractError
        If they ask for more.
    BrokenContractError
        If they are others where that alone is known.
    """
    if not has_scalar_step(solver):
        return
    opaque: Any = WithoutArrays(solver)
    for case in cases():
        with on(case):
            pairs = zip(steps(case, solver, RATES), steps(case, opaque, RATES), strict=False)
            for step, other in islice(pairs, STEPS):
                if not np.array_equal(step.W, other.W, equal_nan=True):
                    raise BrokenContractError(
                        f"step {step.t + 1} on {case.name} is another where W is no array: leave"
                        " scalar_step out."
                    )


class WithoutArrays:
    """A solver whose steps get neither iterates nor gradients.

    Parameters
    ----------
    solver
        The solver; all but `step` is passed on to it.
    """

    def __init__(self, solver: Solver) -> None:
        self._solver = solver

    def __getattr__(self, name: str) -> Any:
        return getattr(self._solver, name)

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        """Take a step of the solver.

        Raises
        ------
        ContractError
            If it is no scalar step.
        """
        opaque, numbers = OpaqueIterate(), _Numbers(oracle, W)
        scalar = ScalarOracle(self._solver.name, numbers)
        scalar.begin(opaque)
        taken = self._solver.step(opaque, state, cast("Any", scalar))
        _, lr, state = checked_step(taken, opaque, len(RATES))
        if not scalar.end(lr):
            return Step(W, lr, state)
        assert numbers.gradient is not None
        return Step(oracle.descend(W, lr, numbers.gradient), lr, state)


class _Numbers:
    """The numbers of a step, from its oracle and its iterate."""

    gradient: Gradient | None = None

    def __init__(self, oracle: Oracle, W: Iterate) -> None:
        self._oracle, self._W, self.size = oracle, W, oracle.size

    def grad_norm_sq(self) -> PerLane:
        self.gradient = self._oracle.gradient(self._W)
        return self.gradient.norm_sq()

    def product(self) -> PerLane:
        assert self.gradient is not None
        return self.gradient.inner(self._W)

    def objective(self) -> PerLane:
        return self._oracle.value(self._W)

    def draw(self, sample: Callable[[np.random.Generator], Any]) -> NDArray[Any]:
        return self._oracle.draw(sample)
