"""The heavy-ball method: gradient descent with momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lrbench.arrays import Lanes, PerLane
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step, check_decay


class HeavyBallState(NamedTuple):
    """The state of the heavy-ball method."""

    lr: PerLane
    """The learning rate, (n_lanes,)."""
    W: Lanes
    """The last iterate, (n_features, n_lanes)."""


@dataclass(frozen=True)
class HeavyBall(Solver):
    r"""Gradient descent with momentum, the heavy-ball method.

    .. math:: w_{t+1} = w_t - \mathrm{lr0}\, g_t + \beta (w_t - w_{t-1}), \qquad w_{-1} = w_0

    Parameters
    ----------
    beta
        The momentum, in [0, 1); 0 is ``sgd``.

    Raises
    ------
    UsageError
        If beta is not in [0, 1).

    Notes
    -----
    In the long run a step is lr0 / (1 - beta) times the gradient, so that rates are comparable with
    those of ``sgd`` only after this change. On a quadratic it converges for lr0 < 2 (1 + beta) / L.
    There are smooth strongly convex functions on which it cycles (Lessard, Recht, Packard, 2016),
    and lrbench has no theorem on it. The learning rate reported is lr0. With constraints the
    momentum is that of the projected iterates. It does not leave a stationary point at which it
    starts. A step costs one gradient and O(n_features n_lanes).

    References
    ----------
    Polyak, Some methods of speeding up the convergence of iteration methods, USSR Comput. Math.
    and Math. Phys. 4, 1964, equation (9).
    """

    name = "heavy-ball"
    group = "accelerated"
    state_size = "d"
    papers = ("polyak1964",)
    lr0_means = "the factor of the gradient in every step"
    dense_gradient = True

    beta: float = 0.9

    def __post_init__(self) -> None:
        check_decay(self, "beta")

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> HeavyBallState:
        return HeavyBallState(lr0, np.copy(W))

    def step(self, W: Iterate, state: HeavyBallState, oracle: Oracle) -> Step:
        D, momentum = oracle.gradient(W).dense(), state.W
        # In the memory of the gradient and of the last iterate, which are used up.
        D *= state.lr
        np.subtract(W, momentum, out=momentum)
        momentum *= self.beta
        D -= momentum
        W_now = momentum
        np.copyto(W_now, W)
        return Step(oracle.move(W, D), state.lr, HeavyBallState(state.lr, W_now))
