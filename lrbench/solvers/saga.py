"""SAGA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Index, Lanes, PerLane, Scores
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step


class SAGAState(NamedTuple):
    """The state of SAGA; the table has one row before the first step."""

    lr: PerLane
    """The learning rate, (n_lanes,)."""
    table: Scores
    """The last derivative of the loss of every sample in its score, (n_samples, n_lanes)."""
    mean: Lanes
    """The mean of x_i times the entries of the table, (n_features, n_lanes)."""


@dataclass(frozen=True)
class SAGA(Solver):
    r"""SAGA: a table of the last gradient of every sample reduces the variance of minibatches.

    .. math::
        g &= \frac1{|B|} \sum_{i \in B} x_i (\varphi_i'(x_i^\top w_t) - a_i)
             + \frac1n \sum_{i=1}^n x_i a_i \\
        w_{t+1} &= \mathrm{prox}_{\mathrm{lr0}\,R}(w_t - \mathrm{lr0}\, g), \qquad
        a_i \leftarrow \varphi_i'(x_i^\top w_t) \ (i \in B)

    with R the penalty. The table a begins with the derivatives at w_0.

    Notes
    -----
    The gradient of a sample of a linear problem is x_i times a number, so that the table has one
    number for each sample and lane. The theorems of the paper are on lr0 of about 1/(3 L_max), and
    lrbench has none.
    In full batches it is ``ista``. The first step costs a pass more, for the table. A step costs
    one derivative for each sample of the minibatch, and one prox.

    References
    ----------
    Defazio, Bach, Lacoste-Julien, SAGA: A fast incremental gradient method with support for
    non-strongly convex composite objectives, NIPS 2014, SAGA algorithm (arXiv:1407.0202).
    """

    name = "saga"
    group = "variance-reduced"
    step_cost = "1 gradient, 1 prox"
    state_size = "n + d"
    papers = ("defazio2014",)
    needs = ("derivatives",)
    lr0_means = "every learning rate"
    proximal = True
    sample_numbers = 1

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> SAGAState:
        return SAGAState(lr0, np.zeros((1, len(lr0))), np.zeros_like(W))

    def step(self, W: Iterate, state: SAGAState, oracle: Oracle) -> Step:
        lr, table, mean = state
        everything = oracle.full
        if len(table) != everything.size:
            table = everything.derivatives(W)
            mean = everything.combine(table)
        if oracle.index is None:
            table = everything.derivatives(W)
            g = mean = everything.combine(table)
        else:
            index = np.broadcast_to(oracle.index.reshape(oracle.size, -1), (oracle.size, len(lr)))
            R = oracle.derivatives(W)
            change = R - np.take_along_axis(table, index, axis=0)
            g = oracle.combine(change) + mean
            np.put_along_axis(table, index, R, axis=0)  # in place: a copy would cost a pass
            # A sample that was drawn twice changes its entry once.
            change[repeated(index)] = 0.0
            mean = mean + oracle.combine(change) * (oracle.size / everything.size)
        return Step(oracle.prox(W - lr * g, lr), lr, SAGAState(lr, table, mean))


def repeated(index: Index) -> NDArray[np.bool_]:
    """Return which entries of each column occur above in the same column."""
    order = np.argsort(index, axis=0, kind="stable")
    ordered = np.take_along_axis(index, order, axis=0)
    again = np.zeros(index.shape, dtype=np.bool_)
    again[1:] = ordered[1:] == ordered[:-1]
    out = np.empty_like(again)
    np.put_along_axis(out, order, again, axis=0)
    return out
