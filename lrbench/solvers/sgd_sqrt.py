"""(Stochastic) gradient descent with steps that fall like 1/sqrt(t)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lrbench.arrays import PerLane
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step
from lrbench.solvers.compiled import CompiledRule
from lrbench.solvers.sgd import SGD, SGDState

RULE = SGD(schedule="sqrt")


@dataclass(frozen=True)
class SGDSqrt(Solver):
    r"""Gradient descent with the learning rate lr0 / sqrt(t + 1), on full batches or minibatches.

    It is ``sgd[schedule=sqrt]`` under a name of its own.

    .. math:: w_{t+1} = w_t - \frac{\mathrm{lr0}}{\sqrt{t+1}}\, g_t, \qquad t = 0, 1, \dots

    Notes
    -----
    The first step is as long as that of ``sgd``. While the learning rate is above 2/L, which takes
    (lr0 L / 2)^2 steps, a smooth objective without a ball can grow at every step: a high lr0 may
    overflow before the steps are short enough. At a stationary point g = 0 leaves w alone, while
    the learning rate keeps falling. A step costs one gradient.

    References
    ----------
    Zinkevich, Online convex programming and generalized infinitesimal gradient ascent, ICML 2003,
    Algorithm 1 (greedy projection) and Theorem 1.
    """

    name = "sgd-sqrt"
    group = "scheduled"
    papers = ("zinkevich2003",)
    theorems = "sgd-sqrt"
    lr0_means = "the first learning rate, of those that fall like 1/sqrt(t)"

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> SGDState:
        return SGDState(lr0, 0, math.inf)

    def step(self, W: Iterate, state: SGDState, oracle: Oracle) -> Step:
        return RULE.step(W, state, oracle)

    def compiled_rule(self, state: SGDState, n_steps: int) -> CompiledRule | None:
        return RULE.compiled_rule(state, n_steps)
