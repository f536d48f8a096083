"""Schedule-free SGD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from lrbench.arrays import Lanes, PerLane
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Solver, Step, check_decay


class ScheduleFreeState(NamedTuple):
    """The state of schedule-free SGD."""

    lr: PerLane
    """The learning rate, (n_lanes,)."""
    X: Lanes
    """The average of the iterates, the present one included, (n_features, n_lanes)."""
    steps: int
    """The number of steps done."""


@dataclass(frozen=True)
class ScheduleFree(Solver):
    r"""Schedule-free SGD: gradients between the iterate and the average replace a schedule.

    .. math::
        y_t &= (1 - \beta) w_t + \beta x_t \\
        w_{t+1} &= w_t - \mathrm{lr0}\, g(y_t) \\
        x_{t+1} &= \Bigl(1 - \frac1{t+2}\Bigr) x_t + \frac1{t+2} w_{t+1}, \qquad x_0 = w_0

    The method's answer is x_T, the average of w_0, ..., w_T; w is z in the paper.

    Parameters
    ----------
    beta
        Where the gradients are taken, in [0, 1): 0 at the iterate (averaged SGD), near 1 at the
        average.

    Raises
    ------
    UsageError
        If beta is not in [0, 1).

    Notes
    -----
    The theorem holds for every beta. The learning rate reported is lr0, that of the step of w along
    the gradient at y. The authors' code adds a warm-up and weights of the average by the squared
    rate, which are constant here. The method does not leave a stationary point at which it starts.
    A step costs one gradient and O(n_features n_lanes).

    References
    ----------
    Defazio, Yang, Mehta, Mishchenko, Khaled, Cutkosky, The road less scheduled, NeurIPS 2024,
    equations (3) to (5) and Theorem 1 (arXiv:2405.15682).
    """

    name = "schedule-free"
    group = "accelerated"
    state_size = "d"
    papers = ("defazio2024",)
    theorems = "schedule-free"
    lr0_means = "every learning rate"
    dense_gradient = True

    beta: float = 0.9

    def __post_init__(self) -> None:
        check_decay(self, "beta")

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> ScheduleFreeState:
        return ScheduleFreeState(lr0, W.copy(), 0)

    def step(self, W: Iterate, state: ScheduleFreeState, oracle: Oracle) -> Step:
        Y = (1.0 - self.beta) * W + self.beta * state.X
        W_next = oracle.descend(W, state.lr, oracle.gradient(Y))
        steps = state.steps + 1
        X = state.X + (W_next - state.X) / (steps + 1)
        return Step(W_next, state.lr, ScheduleFreeState(state.lr, X, steps))

    def output(self, W: Lanes, state: ScheduleFreeState) -> Lanes:
        return state.X
