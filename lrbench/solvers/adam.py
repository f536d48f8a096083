"""Adam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lrbench.arrays import Lanes, PerLane, row_slices
from lrbench.kernels.codes import RuleCode
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step, check_decay, check_positive, rate_of
from lrbench.solvers.compiled import CompiledRule, CompiledState, bias_corrections
from lrbench.solvers.state import of_every_row


class AdamState(NamedTuple):
    """The state of Adam; the means have one row of zeros before the first step."""

    lr0: PerLane
    """The learning rate, (n_lanes,)."""
    m: Lanes
    """The mean of the gradients, (n_features, n_lanes)."""
    v: Lanes
    """The mean of their squares, (n_features, n_lanes)."""
    steps: PerLane
    """The number of steps done, (n_lanes,)."""


@dataclass(frozen=True)
class Adam(Solver):
    r"""Adam: the mean of the gradients over the root of the mean of their squares.

    All operations are coordinate by coordinate; m_0 = v_0 = 0.

    .. math::
        m_{t+1} &= \beta_1 m_t + (1 - \beta_1) g_t, \qquad
        v_{t+1} = \beta_2 v_t + (1 - \beta_2) g_t^2 \\
        \hat m_{t+1} &= m_{t+1} / (1 - \beta_1^{t+1}), \qquad
        \hat v_{t+1} = v_{t+1} / (1 - \beta_2^{t+1}) \\
        w_{t+1} &= w_t - \mathrm{lr0}\, \frac{\hat m_{t+1}}{\sqrt{\hat v_{t+1}} + \varepsilon}

    Parameters
    ----------
    beta1
        The decay of the mean of the gradients, in [0, 1).
    beta2
        The decay of the mean of their squares, in [0, 1).
    eps
        Added to the root after the correction, > 0.

    Raises
    ------
    UsageError
        If a parameter is out of its range.

    Notes
    -----
    lr0 is about the length of a step in each coordinate, however small the gradient: with a
    constant lr0 the iterates keep moving around the minimiser, and there are convex problems on
    which they move away from it (Reddi, Kale, Kumar, ICLR 2018, Theorem 1). An l2 penalty is part
    of the gradient. The learning rate reported is |w_{t+1} - w_t| / |g_t| (before a projection),
    and 0 where g = 0. Adam does not leave a stationary point at which it starts; where it arrives
    at one later, the mean of the gradients still moves w. A step costs one gradient and
    O(n_features n_lanes), also on wide sparse data.

    References
    ----------
    Kingma, Ba, Adam: A method for stochastic optimization, ICLR 2015, Algorithm 1
    (arXiv:1412.6980).
    """

    name = "adam"
    group = "adaptive"
    state_size = "2 d"
    papers = ("kingma2015",)
    lr0_means = "about the length of a step in every coordinate"
    dense_gradient = True

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        check_decay(self, "beta1")
        check_decay(self, "beta2")
        check_positive(self, "eps")

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> AdamState:
        m, v = (np.zeros((1, len(lr0))) for _ in range(2))  # one row: W is opaque here
        return AdamState(lr0, m, v, np.zeros_like(lr0))

    def step(self, W: Iterate, state: AdamState, oracle: Oracle) -> Step:
        gradient = oracle.gradient(W)
        gradient.norm_sq()  # which the gradient keeps, before it is used up
        D, next_state = self.direction(gradient.dense(), state)
        lr = rate_of(D, gradient)
        return Step(oracle.move(W, D), lr, next_state)

    def compiled_rule(self, state: AdamState, n_steps: int) -> CompiledRule:
        return self.decayed_rule(state, n_steps, 0.0)

    def decayed_rule(
        self, state: AdamState, n_steps: int, weight_decay: PerLane | float
    ) -> CompiledRule:
        """Return the compiled steps with a decay of the weights."""
        beta1, beta2 = self.beta1, self.beta2
        return CompiledRule(
            RuleCode.COORDINATES,
            CompiledState(state.lr0, mean=state.m, square=state.v),
            lambda after, n_made: AdamState(
                state.lr0, after.mean, after.square, state.steps + n_made
            ),
            n_steps,
            (beta1, 1.0 - beta1, beta2, 1.0 - beta2, self.eps, weight_decay),
            bias_corrections(state.steps, n_steps, beta1, beta2),
        )

    def direction(self, g: Lanes, state: AdamState) -> tuple[Lanes, AdamState]:
        """Return the step against the gradient `g`, lr0 included, and the next state.

        `g` and the state are used up: no further array is as large as they are.
        """
        steps = state.steps + 1
        m_factor, v_factor = 1.0 - self.beta1**steps, 1.0 - self.beta2**steps
        means, squares = of_every_row(state.m, g), of_every_row(state.v, g)
        for rows in row_slices(len(g)):
            D, m, v = g[rows], means[rows], squares[rows]
            m *= self.beta1
            m += (1.0 - self.beta1) * D
            v *= self.beta2
            v += (1.0 - self.beta2) * (D * D)
            m_hat, v_hat = m / m_factor, v / v_factor
            np.divide(state.lr0 * m_hat, np.sqrt(v_hat) + self.eps, out=D)
        return g, AdamState(state.lr0, means, squares, steps)
