"""The Polyak step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrbench.arrays import PerLane
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step, check_not_negative, check_positive


@dataclass(frozen=True)
class Polyak(Solver):
    r"""The Polyak step: the distance of F from its infimum over the squared norm of the gradient.

    .. math::
        w_{t+1} = w_t - \min\Bigl(\mathrm{cap},
        \frac{\max(F(w_t) - F^*, 0)}{c \|g_t\|^2}\Bigr) g_t

    Parameters
    ----------
    c
        The factor in the denominator, > 0; 1 is Polyak's, 1/2 that of the stochastic method.
    cap
        The largest learning rate, > 0; 0 stands for no bound, which is Polyak's.

    Raises
    ------
    UsageError
        If c is not a positive number, or cap is negative or infinite.

    Notes
    -----
    It needs inf F, and has no initial learning rate; the free scale is cap. On minibatches F is
    that of the minibatch, and inf F takes the place of the infimum on the minibatch, which is not
    known: this is SPS_max only where every sample can be fitted as well as all together, and the
    iterates else stop short of a minimiser. The rate is 0 where g = 0. A step costs one gradient
    and one value of the minibatch.

    References
    ----------
    Polyak, Introduction to Optimization, 1987, section 5.3.2; Loizou, Vaswani, Laradji,
    Lacoste-Julien, Stochastic Polyak step-size for SGD: An adaptive learning rate for fast
    convergence, AISTATS 2021, equation (3) (the bound cap).
    """

    name = "polyak"
    group = "adaptive"
    step_cost = "1 gradient, 1 value"
    papers = ("polyak1987", "loizou2021")
    theorems = "scalar-step"
    needs = ("f_star",)
    scale = "cap"
    has_lr0 = False
    scalar_step = True

    c: float = 1.0
    cap: float = 0.0

    def __post_init__(self) -> None:
        check_positive(self, "c")
        check_not_negative(self, "cap")

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> tuple[float]:
        return (facts["f_star"],)

    def step(self, W: Iterate, state: tuple[float], oracle: Oracle) -> Step:
        (f_star,) = state
        g = oracle.gradient(W)
        gap, size = np.maximum(oracle.value(W) - f_star, 0.0), self.c * g.norm_sq()
        rate = np.divide(gap, size, out=np.zeros_like(gap), where=size > 0.0)
        lr = np.minimum(rate, np.where(np.asarray(self.cap) > 0.0, self.cap, np.inf))
        return Step(oracle.descend(W, lr, g), lr, state)
