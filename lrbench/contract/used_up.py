"""A solver in contract mode: what it has used up is spoilt, and its state is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lrbench.arrays import Lanes, PerLane
from lrbench.errors import ContractError
from lrbench.objective.oracle import Gradient, Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step
from lrbench.solvers.state import leaves


class UsedUp:
    """A solver whose iterate and gradient are filled with NaN once they are used up.

    `descend`, `move` and `prox` write into the iterate, and `descend` into the gradient. A solver
    that keeps one of them without a copy is silently another method. Here it fails.

    Parameters
    ----------
    solver
        The solver; all but `init` and `step` is passed on to it.

    Notes
    -----
    Each step copies the iterate, so that this is for tests. On wide sparse data, whose iterates are
    no arrays, the iterate is not spoilt.
    """

    def __init__(self, solver: Solver) -> None:
        self._solver = solver

    def __getattr__(self, name: str) -> Any:
        return getattr(self._solver, name)

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> Any:
        """Return the solver's state before the first step.

        Raises
        ------
        ContractError
            If it shares memory with the starting point.
        """
        state = self._solver.init(W, lr0, facts)
        self._check_apart(state, [(W, "the starting point")])
        return state

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        """Take a step of the solver.

        Raises
        ------
        ContractError
            If the next state shares memory with what was used up or with the next iterate.
        """
        spoiling = _Spoiling(oracle)
        step = Step(*self._solver.step(W, state, spoiling))  # a plain tuple will do
        self._check_apart(step.state, [*spoiling.used_up, (step.W, "the next iterate")])
        return step

    def _check_apart(self, state: Any, used_up: Sequence[tuple[Any, str]]) -> None:
        """Raise `ContractError` if a leaf of the state shares memory with what is used up."""
        for place, leaf in leaves(state):
            for other, what in used_up:
                if _share_memory(leaf, other):
                    raise ContractError(
                        f"{self._solver.name} keeps {what} in its state ({place}),"
                        " where it is used up by the oracle: keep a copy."
                    )


class _Spoiling:
    """An oracle that fills with NaN what it has used up."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self.used_up: list[tuple[Any, str]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._oracle, name)

    def descend(self, W: Iterate, lr: PerLane, gradient: Gradient) -> Iterate:
        G = gradient.dense() if isinstance(W, np.ndarray) else None
        W_next = self._oracle.descend(W, lr, gradient)
        if G is not None:
            self._spoil(G, "a gradient")
        return self._renewed(W, W_next)

    def move(self, W: Iterate, D: Lanes) -> Iterate:
        return self._renewed(W, self._oracle.move(W, D))

    def prox(self, W: Iterate, lr: PerLane) -> Iterate:
        return self._renewed(W, self._oracle.prox(W, lr))

    def _renewed(self, W: Iterate, W_next: Iterate) -> Iterate:
        """Return a copy of the next iterate, and spoil the array of the present one."""
        if not isinstance(W, np.ndarray):
            return W_next
        copy = W_next.copy()
        self._spoil(W, "an iterate")
        return copy

    def _spoil(self, array: Lanes, what: str) -> None:
        array.fill(np.nan)
        self.used_up.append((array, what))


def _share_memory(first: Any, second: Any) -> bool:
    arrays = isinstance(first, np.ndarray) and isinstance(second, np.ndarray)
    return arrays and np.shares_memory(first, second)
