"""AdaGrad-Norm for composite objectives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from lrbench.arrays import PerLane
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step, check_positive, mapping_norm_sq


class ProxAdaGradNormState(NamedTuple):
    """The state of proximal AdaGrad-Norm."""

    b: PerLane
    """The denominator, (n_lanes,)."""


@dataclass(frozen=True)
class ProxAdaGradNorm(Solver):
    r"""Proximal AdaGrad-Norm: b grows with the gradient mapping in the place of the gradient.

    .. math::
        w_{t+1} &= \mathrm{prox}_{\mathrm{lr}_t R}\bigl(w_t - \mathrm{lr}_t \nabla f(w_t)\bigr),
        \qquad \mathrm{lr}_t = \eta / b_t, \quad b_0 = \eta/\mathrm{lr0} \\
        G_t &= (w_t - w_{t+1}) / \mathrm{lr}_t \\
        b_{t+1}^2 &= b_t^2 + \|G_t\|^2

    with f the mean loss and R the penalty, F = f + R.

    Parameters
    ----------
    eta
        The numerator, > 0.
    order
        When b is updated. ``"lagged"`` as above, after the step; ``"current"``: the mapping G_t is
        taken at eta/b_t, and then the step anew with eta/b_{t+1}: a second prox, no second
        gradient.

    Raises
    ------
    UsageError
        If eta is not a positive number.

    Notes
    -----
    Nothing is proved for this recursion, and none of AdaGrad-Norm's theorems carries over. Without
    a penalty the mapping is the gradient, and with ``"current"`` the method is ``adagrad-norm`` but
    for rounding. At a minimiser of F both b and w are left alone. A step costs one gradient, one
    prox (``"current"``: two) and O(n_features n_lanes).

    References
    ----------
    Ward, Wu, Bottou, AdaGrad stepsizes: Sharp convergence over nonconvex landscapes, JMLR 21, 2020,
    Algorithm 1 (the recursion of b); Nesterov, Gradient methods for minimizing composite functions,
    Math. Programming 140, 2013, section 2 (the gradient mapping).
    """

    name = "prox-adagrad-norm"
    group = "proximal"
    step_cost = "1 gradient, 1 prox"
    papers = ("ward2020",)
    scale = "eta"
    lr0_means = "eta/b_0"
    traced = ("b",)
    label_fields = ("order",)
    proximal = True

    eta: float = 1.0
    order: Literal["lagged", "current"] = "lagged"

    def __post_init__(self) -> None:
        check_positive(self, "eta")

    def lr0_at(self, scale: float, lr0: float) -> float:
        """Return eta times `lr0`: b_0 is 1 / `lr0` for every eta."""
        return scale * lr0

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> ProxAdaGradNormState:
        return ProxAdaGradNormState(self.eta / lr0)

    def step(self, W: Iterate, state: ProxAdaGradNormState, oracle: Oracle) -> Step:
        g = oracle.loss_gradient(W).dense()
        lr = self.eta / state.b
        W_next = oracle.prox(W - lr * g, lr)
        b = np.sqrt(state.b * state.b + mapping_norm_sq(W, W_next, lr))
        if self.order == "current":
            lr = self.eta / b
            W_next = oracle.prox(W - lr * g, lr)
        return Step(W_next, lr, ProxAdaGradNormState(b))
