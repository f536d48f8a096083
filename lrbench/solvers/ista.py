"""The proximal gradient method, ISTA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from lrbench.arrays import PerLane
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step


class ISTAState(NamedTuple):
    """The state of ISTA."""

    lr: PerLane
    """The learning rate, (n_lanes,)."""


@dataclass(frozen=True)
class ISTA(Solver):
    r"""The proximal gradient method with a constant learning rate.

    .. math::
        w_{t+1} = \mathrm{prox}_{\mathrm{lr0}\,R}\bigl(w_t - \mathrm{lr0}\, \nabla f(w_t)\bigr)

    with f the mean loss and R the penalty, F = f + R.

    Notes
    -----
    The theorem asks for lr0 <= 1/L with L the smoothness of f; above 2/L nothing is proved. The
    penalty is never differentiated: with l1 the iterates have exact zeros, and with a box or a ball
    this is the projected gradient method. Without a penalty it is ``sgd``. On minibatches the prox
    is that of the whole penalty. The method does not leave a minimiser. A step costs one gradient
    and one prox.

    References
    ----------
    Beck, Teboulle, A fast iterative shrinkage-thresholding algorithm for linear inverse problems,
    SIAM J. Imaging Sciences 2, 2009, section 3 and Theorem 3.1.
    """

    name = "ista"
    group = "proximal"
    step_cost = "1 gradient, 1 prox"
    papers = ("beck2009",)
    theorems = "ista"
    lr0_means = "every learning rate"
    proximal = True

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> ISTAState:
        return ISTAState(lr0)

    def step(self, W: Iterate, state: ISTAState, oracle: Oracle) -> Step:
        g = oracle.loss_gradient(W).dense()
        return Step(oracle.prox(W - state.lr * g, state.lr), state.lr, state)
