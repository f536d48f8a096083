"""(Stochastic) gradient descent with a constant step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from lrbench.arrays import PerLane
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step


class SGDState(NamedTuple):
    """The state of SGD."""

    lr: PerLane
    """The learning rate, (n_lanes,)."""


@dataclass(frozen=True)
class SGD(Solver):
    r"""Gradient descent with a constant learning rate, on full batches or minibatches.

    .. math:: w_{t+1} = w_t - \mathrm{lr0}\, g_t

    Notes
    -----
    On smooth problems in the batch setting lr0 >= 2/L has no guarantee; on a quadratic it diverges.
    A step costs one gradient.

    References
    ----------
    Robbins, Monro, A stochastic approximation method, Ann. Math. Stat. 22, 1951; Cauchy,
    Methode generale pour la resolution des systemes d'equations simultanees, 1847 (batch).
    """

    name = "sgd"
    papers = ("robbins1951", "cauchy1847")
    theorems = "sgd"
    lr0_means = "every learning rate"

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> SGDState:
        return SGDState(lr0)

    def step(self, W: Iterate, state: SGDState, oracle: Oracle) -> Step:
        g = oracle.gradient(W)
        return Step(oracle.descend(W, state.lr, g), state.lr, state)
