"""The accelerated proximal gradient method, FISTA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from lrbench.arrays import Lanes, PerLane, inner
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step


class FISTAState(NamedTuple):
    """The state of FISTA."""

    lr: PerLane
    """The learning rate, (n_lanes,)."""
    momentum: PerLane
    """s, from which the weight of the past follows, (n_lanes,); 1 at a start and a restart."""
    Y: Lanes
    """The extrapolated point, (n_features, n_lanes)."""


@dataclass(frozen=True)
class FISTA(Solver):
    r"""FISTA: the proximal gradient method with Nesterov's momentum.

    .. math::
        w_{t+1} &= \mathrm{prox}_{\mathrm{lr0}\,R}\bigl(v_t - \mathrm{lr0}\, \nabla f(v_t)\bigr) \\
        s_{t+1} &= \tfrac12 \bigl(1 + \sqrt{1 + 4 s_t^2}\bigr) \\
        v_{t+1} &= w_{t+1} + \frac{s_t - 1}{s_{t+1}} (w_{t+1} - w_t)

    with f the mean loss and R the penalty, F = f + R; v_0 = w_0 and s_0 = 1. The iterate of every
    table is the prox point w_t.

    Parameters
    ----------
    restart
        ``"none"`` as above; ``"gradient"``: where (v_t - w_{t+1})'(w_{t+1} - w_t) > 0, that is,
        where the step goes against the momentum, the method restarts: v_{t+1} = w_{t+1} and
        s_{t+1} = 1.

    Notes
    -----
    The theorem asks for lr0 <= 1/L with L the smoothness of f; the objective need not fall at every
    step. For the restarted method lrbench has no theorem. Without a penalty it is Nesterov's
    accelerated gradient method. On minibatches the momentum adds up the noise, and nothing is
    proved. The gradients are those at v_t. The method does not leave a minimiser at which it
    starts. A step costs one gradient, one prox and O(n_features n_lanes).

    References
    ----------
    Beck, Teboulle, A fast iterative shrinkage-thresholding algorithm for linear inverse problems,
    SIAM J. Imaging Sciences 2, 2009, section 4 and Theorem 4.4; O'Donoghue, Candes, Adaptive
    restart for accelerated gradient schemes, Found. Comput. Math. 15, 2015, section 3.2 (restart).
    """

    name = "fista"
    group = "proximal"
    step_cost = "1 gradient, 1 prox"
    state_size = "d"
    papers = ("beck2009", "odonoghue2015")
    theorems = "fista"
    lr0_means = "every learning rate"
    proximal = True

    restart: Literal["none", "gradient"] = "none"

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> FISTAState:
        return FISTAState(lr0, np.ones_like(lr0), W.copy())

    def step(self, W: Iterate, state: FISTAState, oracle: Oracle) -> Step:
        lr, s, Y = state
        W_next: Lanes = oracle.prox(Y - lr * oracle.loss_gradient(Y).dense(), lr)
        D = W_next - W
        s_next = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * s * s))
        Y_next = W_next + ((s - 1.0) / s_next) * D
        if self.restart == "gradient":
            restarted = inner(Y - W_next, D) > 0.0
            s_next = np.where(restarted, 1.0, s_next)
            Y_next = np.where(restarted, W_next, Y_next)
        return Step(W_next, lr, FISTAState(lr, s_next, Y_next))
