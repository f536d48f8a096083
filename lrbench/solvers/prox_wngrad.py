"""WNGrad for composite objectives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from lrbench.arrays import PerLane
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step, mapping_norm_sq


class ProxWNGradState(NamedTuple):
    """The state of proximal WNGrad; every array is (n_lanes,)."""

    b: PerLane
    """The denominator."""
    growth: PerLane
    """b - b_0, summed on its own: the difference would lose all digits when b_0 is large."""


@dataclass(frozen=True)
class ProxWNGrad(Solver):
    r"""Proximal WNGrad: b grows with the gradient mapping in the place of the gradient.

    .. math::
        w_{t+1} &= \mathrm{prox}_{R/b_t}\bigl(w_t - \nabla f(w_t) / b_t\bigr), \qquad
        b_0 = 1/\mathrm{lr0} \\
        G_t &= b_t (w_t - w_{t+1}) \\
        b_{t+1} &= b_t + \|G_t\|^2 / b_t

    with f the mean loss and R the penalty, F = f + R.

    Parameters
    ----------
    order
        When b is updated. ``"lagged"`` as above, after the step: the gradient mapping needs a
        learning rate, so this is its natural order, and the first step has length lr0 |G_0|.
        ``"current"``: the mapping G_t is taken at 1/b_t, and then the step anew with 1/b_{t+1},
        w_{t+1} = prox(w_t - grad f(w_t) / b_{t+1}): a second prox, no second gradient.

    Notes
    -----
    Nothing is proved for this recursion, and none of WNGrad's theorems carries over. The mapping
    drives b because at a minimiser of F it is 0, so that b comes to rest, though the gradient of f
    is not 0 there. Without a penalty the mapping is the gradient and the method is
    ``wngrad[order=lagged]``, or ``wngrad`` with ``"current"``, but for rounding. A step costs one
    gradient, one prox (``"current"``: two) and O(n_features n_lanes).

    References
    ----------
    Wu, Ward, Bottou, WNGrad: Learn the Learning Rate in Gradient Descent, arXiv:1803.02865, 2018,
    Algorithm 1 (the recursion of b); Nesterov, Gradient methods for minimizing composite functions,
    Math. Programming 140, 2013, section 2 (the gradient mapping).
    """

    name = "prox-wngrad"
    group = "proximal"
    step_cost = "1 gradient, 1 prox"
    papers = ("wu2018",)
    lr0_means = "1/b_0"
    traced = ("b", "growth")
    label_fields = ("order",)
    proximal = True

    order: Literal["lagged", "current"] = "lagged"

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> ProxWNGradState:
        return ProxWNGradState(1.0 / lr0, np.zeros_like(lr0))

    def step(self, W: Iterate, state: ProxWNGradState, oracle: Oracle) -> Step:
        g = oracle.loss_gradient(W).dense()
        lr = 1.0 / state.b
        W_next = oracle.prox(W - lr * g, lr)
        increment = mapping_norm_sq(W, W_next, lr) / state.b
        b = state.b + increment
        if self.order == "current":
            lr = 1.0 / b
            W_next = oracle.prox(W - lr * g, lr)
        return Step(W_next, lr, ProxWNGradState(b, state.growth + increment))
