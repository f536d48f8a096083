"""Nesterov's accelerated gradient method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lrbench.arrays import Lanes, PerLane
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step


class NesterovState(NamedTuple):
    """The state of Nesterov's method."""

    lr: PerLane
    """The learning rate, (n_lanes,)."""
    s: float
    """The number from which the weight of the past follows, 1 at the start."""
    V: Lanes
    """The extrapolated point, (n_features, n_lanes)."""


@dataclass(frozen=True)
class NesterovMethod(Solver):
    r"""Nesterov's accelerated gradient method for convex objectives.

    .. math::
        w_{t+1} &= v_t - \mathrm{lr0}\, \nabla F(v_t) \\
        s_{t+1} &= \tfrac12 \bigl(1 + \sqrt{1 + 4 s_t^2}\bigr) \\
        v_{t+1} &= w_{t+1} + \frac{s_t - 1}{s_{t+1}} (w_{t+1} - w_t)

    with v_0 = w_0 and s_0 = 1.

    Notes
    -----
    The theorem asks for lr0 <= 1/L; the objective need not fall at every step. It is ``fista``
    where the penalty is part of the gradient instead of its prox. On minibatches the momentum adds
    up the noise, and nothing is proved. The gradients are those at v_t. The method does not leave a
    stationary point at which it starts. A step costs one gradient and O(n_features n_lanes).

    References
    ----------
    Nesterov, A method of solving a convex programming problem with convergence rate O(1/k^2),
    Soviet Math. Dokl. 27, 1983, equations (1) to (3), with a constant learning rate.
    """

    name = "nesterov"
    group = "accelerated"
    state_size = "d"
    papers = ("nesterov1983",)
    theorems = "nesterov"
    lr0_means = "every learning rate"
    dense_gradient = True

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> NesterovState:
        return NesterovState(lr0, 1.0, W.copy())

    def step(self, W: Iterate, state: NesterovState, oracle: Oracle) -> Step:
        lr, s, V = state
        W_next: Lanes = oracle.descend(V.copy(), lr, oracle.gradient(V))
        s_next = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * s * s))
        V_next = W_next + ((s - 1.0) / s_next) * (W_next - W)
        return Step(W_next, lr, NesterovState(lr, s_next, V_next))
