"""SVRG, the stochastic variance reduced gradient method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lrbench.arrays import Lanes, PerLane
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step, check_positive


class SVRGState(NamedTuple):
    """The state of SVRG."""

    lr: PerLane
    """The learning rate, (n_lanes,)."""
    snapshot: Lanes
    """The snapshot, (n_features, n_lanes)."""
    full: Lanes
    """The gradient of F there, (n_features, n_lanes)."""
    steps: PerLane
    """The number of steps since the snapshot, (n_lanes,); inf before the first one."""


@dataclass(frozen=True)
class SVRG(Solver):
    r"""SVRG: the gradient on a minibatch, corrected by that at a snapshot.

    .. math::
        w_{t+1} = w_t - \mathrm{lr0}\, \bigl(\nabla F_B(w_t) - \nabla F_B(\tilde w)
        + \nabla F(\tilde w)\bigr)

    The snapshot is the present iterate every ceil(`length` n_samples / batch_size) steps.

    Parameters
    ----------
    length
        The passes over the data from one snapshot to the next.

    Raises
    ------
    UsageError
        If length is not a positive number.

    Notes
    -----
    The snapshot is option I of the paper; its theorem is on option II, a random one, on strongly
    convex objectives, and lrbench has no theorem. In full batches it is gradient descent, at two
    gradients a step and the snapshots. The learning rate reported is lr0, that of the corrected
    gradient. A step costs two gradients on the minibatch, and a snapshot one on all samples.

    References
    ----------
    Johnson, Zhang, Accelerating stochastic gradient descent using predictive variance reduction,
    NIPS 2013, Procedure SVRG, option I.
    """

    name = "svrg"
    group = "variance-reduced"
    step_cost = "2 gradients, a full one a pass"
    state_size = "2 d"
    papers = ("johnson2013",)
    lr0_means = "every learning rate"
    dense_gradient = True

    length: float = 2.0

    def __post_init__(self) -> None:
        check_positive(self, "length")

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> SVRGState:
        return SVRGState(lr0, W.copy(), W.copy(), np.full_like(lr0, np.inf))

    def step(self, W: Iterate, state: SVRGState, oracle: Oracle) -> Step:
        lr, snapshot, full, steps = state
        gradient = oracle.gradient(W)
        # Rounding in the quotient must not add a step to a whole number of them.
        due = steps >= np.ceil(self.length * oracle.full.size / oracle.size - 1e-9)
        if due.any():
            snapshot = np.where(due, W, snapshot)
            full = np.where(due, oracle.full.gradient(W, due).dense(), full)
            steps = np.where(due, 0.0, steps)
        correction = full - oracle.gradient(snapshot).dense()
        W_next = oracle.move(W, lr * (gradient.dense() + correction))
        return Step(W_next, lr, SVRGState(lr, snapshot, full, steps + 1.0))
