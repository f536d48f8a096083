"""RMSProp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lrbench.arrays import Lanes, PerLane, row_slices
from lrbench.kernels.codes import RuleCode
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step, check_decay, check_positive, rate_of
from lrbench.solvers.compiled import CompiledRule, CompiledState
from lrbench.solvers.state import of_every_row


class RMSPropState(NamedTuple):
    """The state of RMSProp."""

    lr0: PerLane
    """The learning rate, (n_lanes,)."""
    v: Lanes
    """The mean of the squared gradients, (n_features, n_lanes); one row of zeros at the start."""


@dataclass(frozen=True)
class RMSProp(Solver):
    r"""RMSProp: the gradient over the root of the mean of its squares.

    All operations are coordinate by coordinate.

    .. math::
        v_{t+1} &= \rho v_t + (1 - \rho) g_t^2, \qquad v_0 = 0 \\
        w_{t+1} &= w_t - \mathrm{lr0}\, \frac{g_t}{\sqrt{v_{t+1}} + \varepsilon}

    Parameters
    ----------
    rho
        The decay of the mean, in [0, 1); 0.9 in the lecture, 0.99 (alpha) in PyTorch.
    eps
        Added to the root, > 0, as in PyTorch, whose default it is.

    Raises
    ------
    UsageError
        If a parameter is out of its range.

    Notes
    -----
    The first step moves every coordinate by lr0 / sqrt(1 - rho), and later ones by about lr0,
    however small the gradient: with a constant lr0 the iterates keep moving around the minimiser.
    lrbench has no theorem on it. The learning rate reported is |w_{t+1} - w_t| / |g_t| (before a
    projection), and 0 where g = 0, which leaves w alone. A step costs one gradient and
    O(n_features n_lanes).

    References
    ----------
    Tieleman, Hinton, Lecture 6.5 - rmsprop: Divide the gradient by a running average of its recent
    magnitude, COURSERA: Neural Networks for Machine Learning, 2012.
    """

    name = "rmsprop"
    group = "adaptive"
    state_size = "d"
    papers = ("tieleman2012",)
    lr0_means = "about the length of a step in every coordinate"
    dense_gradient = True

    rho: float = 0.9
    eps: float = 1e-8

    def __post_init__(self) -> None:
        check_decay(self, "rho")
        check_positive(self, "eps")

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> RMSPropState:
        return RMSPropState(lr0, np.zeros((1, len(lr0))))

    def step(self, W: Iterate, state: RMSPropState, oracle: Oracle) -> Step:
        gradient = oracle.gradient(W)
        gradient.norm_sq()  # which the gradient keeps, before it is used up
        D = gradient.dense()
        squares = of_every_row(state.v, D)
        for rows in row_slices(len(D)):
            g, v = D[rows], squares[rows]
            v *= self.rho
            v += (1.0 - self.rho) * (g * g)
            np.divide(state.lr0 * g, np.sqrt(v) + self.eps, out=g)
        lr = rate_of(D, gradient)
        return Step(oracle.move(W, D), lr, RMSPropState(state.lr0, squares))

    def compiled_rule(self, state: RMSPropState, n_steps: int) -> CompiledRule:
        return CompiledRule(
            RuleCode.COORDINATES,
            CompiledState(state.lr0, square=state.v),
            lambda after, n_made: RMSPropState(state.lr0, after.square),
            n_steps,
            (0.0, 1.0, self.rho, 1.0 - self.rho, self.eps),
        )
