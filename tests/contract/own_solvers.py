"""Solvers that lrbench does not know, as a file outside it may define them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lrbench.arrays import Lanes, PerLane
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step


class LookAheadState(NamedTuple):
    """The state of `LookAhead`."""

    before: Lanes
    lr: PerLane


@dataclass(frozen=True)
class LookAhead(Solver):
    """Nesterov's momentum with a constant factor: the gradient is that beyond the iterate."""

    name = "look-ahead"
    factor: float = 0.6

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> LookAheadState:
        return LookAheadState(W.copy(), lr0)

    def step(self, W: Iterate, state: LookAheadState, oracle: Oracle) -> Step:
        ahead, before = W + self.factor * (W - state.before), W.copy()
        W = oracle.descend(ahead, state.lr, oracle.gradient(ahead))
        return Step(W, state.lr, LookAheadState(before, state.lr))


@dataclass(frozen=True)
class MoveThenLook(LookAhead):
    """The same, but the iterate is moved in place before its gradient is asked for."""

    name = "move-then-look"

    def step(self, W: Iterate, state: LookAheadState, oracle: Oracle) -> Step:
        before = W.copy()
        ahead = oracle.move(W, -self.factor * (W - state.before))
        W = oracle.descend(ahead, state.lr, oracle.gradient(ahead))
        return Step(W, state.lr, LookAheadState(before, state.lr))


@dataclass(frozen=True)
class Extragradient(Solver):
    """A step along the gradient at a trial point, whose own step is along the first gradient."""

    name = "extragradient"

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> Any:
        return (lr0,)

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        (lr,) = state
        trial = oracle.descend(W.copy(), lr, oracle.gradient(W))
        return Step(oracle.descend(W, lr, oracle.gradient(trial)), lr, state)


@dataclass(frozen=True)
class ByNumPy(Solver):
    """A step in NumPy alone, without the oracle: one that is twice as long every other time."""

    name = "by-numpy"

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> Any:
        return lr0, 0

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        lr, count = state
        D: Lanes = (1 + count % 2) * lr * oracle.gradient(W).dense()
        return Step(W - D, lr, (lr, count + 1))


@dataclass(frozen=True)
class NestedState(Solver):
    """Gradient descent whose state is a dict of a number, a list of pairs and a text."""

    name = "nested-state"

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> Any:
        pairs = [(lr0.copy(), {"half": 0.5 * lr0}), (np.zeros_like(lr0), {"half": lr0.copy()})]
        return {"count": 0, "pairs": pairs, "name": "nested", "scale": np.float64(1.0)}

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        (lr, halves), (passed, others) = state["pairs"]
        rate = lr + 0.0 * (halves["half"] + others["half"])
        pairs = [(lr, halves), (passed + rate, others)]
        W = oracle.descend(W, rate, oracle.gradient(W))
        return Step(W, rate, state | {"count": state["count"] + 1, "pairs": pairs})
