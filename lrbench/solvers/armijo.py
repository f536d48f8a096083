"""Gradient descent with Armijo's line search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from lrbench.arrays import PerLane, norm_sq
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step, check_fraction

ROUNDING = 16 * float(np.finfo(np.float64).eps)
"""The rounding of a value of F, relative to it."""


class ArmijoState(NamedTuple):
    """The state of the line search; both arrays are (n_lanes,)."""

    lr0: PerLane
    """The largest learning rate."""
    lr: PerLane
    """The last learning rate."""


@dataclass(frozen=True)
class Armijo(Solver):
    r"""Gradient descent with Armijo's line search: the rate is lowered until F falls enough.

    The rate is the first of start, rho start, rho^2 start, ... with

    .. math:: F(w_{t+1}) \le F(w_t) - \frac{c}{\mathrm{lr}} \|w_t - w_{t+1}\|^2, \qquad
              w_{t+1} = P(w_t - \mathrm{lr}\, g_t)

    where P is the projection on the constraints, if there are any; without them the right-hand side
    is F(w_t) - c lr \|g_t\|^2.

    Parameters
    ----------
    c
        The share of the linear decrease that is asked for, in (0, 1).
    rho
        The factor by which the rate is lowered, in (0, 1).
    start
        Where each search begins: ``"lr0"``, or ``"last"``, at the last rate divided by rho, and at
        most at lr0.

    Raises
    ------
    UsageError
        If c or rho is not in (0, 1).

    Notes
    -----
    The inequality is asked for up to the rounding of F. On a smooth convex F every accepted rate is
    at least min(start, 2 rho (1 - c) / L). On minibatches F is that of the minibatch, as in the
    stochastic line search of Vaswani et al., whose theorems ask that every sample can be fitted as
    well as all together. A lane that has its rate pays for no further value. Where F(w_t) is not a
    number the rate is the start. A step costs one gradient, one value, and one value for each rate
    that is tried.

    References
    ----------
    Armijo, Minimization of functions having Lipschitz continuous first partial derivatives, Pacific
    J. Math. 16, 1966, Corollary 2; Vaswani, Mishkin, Laradji, Schmidt, Gidel, Lacoste-Julien,
    Painless stochastic gradient, NeurIPS 2019, Algorithm 1 (minibatches).
    """

    name = "armijo"
    group = "adaptive"
    step_cost = "1 gradient, 2 or more values"
    papers = ("armijo1966", "vaswani2019")
    theorems = "scalar-step"
    lr0_means = "the largest learning rate"
    dense_gradient = True

    c: float = 0.5
    rho: float = 0.5
    start: Literal["lr0", "last"] = "lr0"

    def __post_init__(self) -> None:
        check_fraction(self, "c")
        check_fraction(self, "rho")

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> ArmijoState:
        return ArmijoState(lr0, lr0.copy())

    def step(self, W: Iterate, state: ArmijoState, oracle: Oracle) -> Step:
        gradient = oracle.gradient(W)
        g, value = gradient.dense(), oracle.value(W)
        rho = np.broadcast_to(self.rho, state.lr.shape)
        lr = state.lr0.copy()
        if self.start == "last":
            lr = np.minimum(state.lr / rho, lr)
        largest = value + ROUNDING * np.abs(value)
        searching = np.isfinite(value) & np.isfinite(gradient.norm_sq())
        while searching.any():
            trial = oracle.move(W.copy(), lr * g)
            moved = norm_sq(W - trial)
            enough = oracle.value(trial, searching) <= largest - self.c * moved / lr
            # Once lr g is lost in the rounding of w, the trial is w itself.
            searching = searching & ~enough & (moved > 0.0)
            lr[searching] *= rho[searching]
        return Step(oracle.descend(W, lr, gradient), lr, ArmijoState(state.lr0, lr))
