"""AdaGrad with a learning rate for each coordinate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lrbench.arrays import Lanes, PerLane, row_slices
from lrbench.kernels.codes import RuleCode
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step, check_positive, rate_of
from lrbench.solvers.compiled import CompiledRule, CompiledState
from lrbench.solvers.state import of_every_row


class AdaGradState(NamedTuple):
    """The state of AdaGrad."""

    lr0: PerLane
    """The initial learning rate, (n_lanes,)."""
    s: Lanes
    """The sum of the squares, (n_features, n_lanes); one row of zeros before the first step."""


@dataclass(frozen=True)
class AdaGrad(Solver):
    r"""AdaGrad: a learning rate for each coordinate, from the sum of its squared gradients.

    All operations are coordinate by coordinate.

    .. math::
        s_{t+1} &= s_t + g_t^2, \qquad s_0 = 0 \\
        w_{t+1} &= w_t - \mathrm{lr0}\, \frac{g_t}{\sqrt{s_{t+1}} + \varepsilon}

    Parameters
    ----------
    eps
        Added to the root, > 0, as in the paper (there: delta) and in PyTorch, whose default it is.

    Raises
    ------
    UsageError
        If eps is not a positive number.

    Notes
    -----
    The first step moves every coordinate by lr0, however small its gradient: lr0 is a length, not
    a multiple of 1/L. The learning rate reported is |w_{t+1} - w_t| / |g_t| (before a projection),
    and 0 where g = 0, which leaves w alone. A step costs one gradient and O(n_features n_lanes),
    also on wide sparse data.

    References
    ----------
    Duchi, Hazan, Singer, Adaptive subgradient methods for online learning and stochastic
    optimization, JMLR 12, 2011, Figure 1 (diagonal).
    """

    name = "adagrad"
    group = "adaptive"
    state_size = "d"
    papers = ("duchi2011",)
    lr0_means = "the length of the first step in every coordinate"
    dense_gradient = True

    eps: float = 1e-10

    def __post_init__(self) -> None:
        check_positive(self, "eps")

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> AdaGradState:
        # W is opaque, so n_features is not known here: the first step makes an array of every row.
        return AdaGradState(lr0, np.zeros((1, len(lr0))))

    def step(self, W: Iterate, state: AdaGradState, oracle: Oracle) -> Step:
        gradient = oracle.gradient(W)
        gradient.norm_sq()  # which the gradient keeps, before it is used up
        D = gradient.dense()
        sums = of_every_row(state.s, D)
        for rows in row_slices(len(D)):
            g, s = D[rows], sums[rows]
            s += g * g
            np.divide(state.lr0 * g, np.sqrt(s) + self.eps, out=g)
        lr = rate_of(D, gradient)
        return Step(oracle.move(W, D), lr, AdaGradState(state.lr0, sums))

    def compiled_rule(self, state: AdaGradState, n_steps: int) -> CompiledRule:
        return CompiledRule(
            RuleCode.COORDINATES,
            CompiledState(state.lr0, square=state.s),
            lambda after, n_made: AdaGradState(state.lr0, after.square),
            n_steps,
            (0.0, 1.0, 1.0, 1.0, self.eps),
        )
