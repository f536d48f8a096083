"""The Polyak step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lrbench.arrays import PerLane
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step, check_positive


class PolyakState(NamedTuple):
    """The state of the Polyak step."""

    largest: PerLane
    """The largest learning rate, (n_lanes,)."""
    f_star: float
    """inf F."""


@dataclass(frozen=True)
class Polyak(Solver):
    r"""The Polyak step: the distance of F from its infimum over the squared norm of the gradient.

    .. math::
        w_{t+1} = w_t - \min\Bigl(\mathrm{lr0}, \frac{\max(F(w_t) - F^*, 0)}{c \|g_t\|^2}\Bigr) g_t

    Parameters
    ----------
    c
        The factor in the denominator, > 0; 1 is Polyak's, 1/2 that of the stochastic method.

    Raises
    ------
    UsageError
        If c is not a positive number.

    Notes
    -----
    It needs inf F. On minibatches F is that of the minibatch, and inf F takes the place of the
    infimum on the minibatch, which is not known: this is SPS_max only where every sample can be
    fitted as well as all together, and the iterates else stop short of a minimiser. The step is lr0
    where g = 0, which leaves w alone. A step costs one gradient and one value of the minibatch.

    References
    ----------
    Polyak, Introduction to Optimization, 1987, section 5.3.2; Loizou, Vaswani, Laradji,
    Lacoste-Julien, Stochastic Polyak step-size for SGD: An adaptive learning rate for fast
    convergence, AISTATS 2021, equation (3) (the bound lr0).
    """

    name = "polyak"
    group = "adaptive"
    step_cost = "1 gradient, 1 value"
    papers = ("polyak1987", "loizou2021")
    theorems = "scalar-step"
    needs = ("f_star",)
    lr0_means = "the largest learning rate"

    c: float = 1.0

    def __post_init__(self) -> None:
        check_positive(self, "c")

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> PolyakState:
        return PolyakState(lr0, facts["f_star"])

    def step(self, W: Iterate, state: PolyakState, oracle: Oracle) -> Step:
        g = oracle.gradient(W)
        gap, size = np.maximum(oracle.value(W) - state.f_star, 0.0), self.c * g.norm_sq()
        rate = np.divide(gap, size, out=np.full_like(gap, np.inf), where=size > 0.0)
        lr = np.minimum(state.largest, rate)
        return Step(oracle.descend(W, lr, g), lr, state)
