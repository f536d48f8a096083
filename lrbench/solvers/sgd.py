"""(Stochastic) gradient descent with steps that are fixed in advance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from lrbench.arrays import PerLane
from lrbench.errors import UsageError
from lrbench.kernels.codes import RuleCode
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Need, Solver, Step, check_positive
from lrbench.solvers.compiled import CompiledRule, CompiledState

ANNEALED = ("linear", "cosine", "poly")
"""The schedules that reach 0 at the horizon."""


class SGDState(NamedTuple):
    """The state of SGD."""

    lr0: PerLane
    """The learning rate of the first step, (n_lanes,)."""
    steps: int
    """The number of steps done."""
    horizon: float
    """The number of steps after which the rate is 0; inf for a schedule without end."""


@dataclass(frozen=True)
class SGD(Solver):
    r"""Gradient descent with a constant or a scheduled learning rate, full batches or minibatches.

    .. math:: w_{t+1} = w_t - \eta_t\, g_t, \qquad t = 0, 1, \dots

    Parameters
    ----------
    schedule
        How the rate falls over the horizon T, the number of steps of the budget: ``"constant"``,
        lr0; ``"sqrt"``, lr0 / sqrt(t + 1); ``"linear"``, lr0 (1 - t/T); ``"cosine"``,
        lr0 (1 + cos(pi t/T)) / 2; ``"poly"``, lr0 (1 - t/T)^power.
    power
        The power of ``"poly"``, a positive number; it belongs to no other schedule.

    Raises
    ------
    UsageError
        If the power is not positive, or the schedule has none.

    Notes
    -----
    The annealed schedules, ``"linear"``, ``"cosine"`` and ``"poly"``, would reach 0 at t = T. From
    there on the rate stays 0: a step asks for no gradient and leaves the iterate alone.

    On smooth problems in the batch setting lr0 >= 2/L has no guarantee; with a constant rate it
    diverges on a quadratic. A step costs one gradient.

    References
    ----------
    Robbins, Monro, A stochastic approximation method, Ann. Math. Stat. 22, 1951; Cauchy,
    Methode generale pour la resolution des systemes d'equations simultanees, 1847 (batch);
    Zinkevich, ICML 2003, Algorithm 1 (sqrt); Attia, Koren (2025), arXiv:2503.09411 (annealed).
    """

    schedule: Literal["constant", "sqrt", "linear", "cosine", "poly"] = "constant"
    power: float = 1.0

    name = "sgd"
    group = "constant"
    papers = ("robbins1951", "cauchy1847", "zinkevich2003", "attia2025")
    theorems = "sgd"
    lr0_means = "every learning rate, the first one of a schedule"

    def __post_init__(self) -> None:
        check_positive(self, "power")
        if self.schedule != "poly" and np.any(np.not_equal(self.power, 1.0)):
            raise UsageError(
                f"solver {self.name}: schedule={self.schedule} has no power.",
                "leave the power out, or give schedule=poly.",
            )

    @property
    def needs(self) -> tuple[Need, ...]:  # type: ignore[override]
        """The horizon, where the schedule is annealed."""
        return ("horizon",) if self.schedule in ANNEALED else ()

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> SGDState:
        return SGDState(lr0, 0, facts.get("horizon", math.inf))

    def step(self, W: Iterate, state: SGDState, oracle: Oracle) -> Step:
        after = SGDState(state.lr0, state.steps + 1, state.horizon)
        if state.steps >= state.horizon:
            return Step(W, np.zeros_like(state.lr0), after)
        lr = state.lr0
        if self.schedule != "constant":
            factor, divisor = self._factors(state.steps, state.horizon)
            lr = lr * factor / divisor
        return Step(oracle.descend(W, lr, oracle.gradient(W)), lr, after)

    def compiled_rule(self, state: SGDState, n_steps: int) -> CompiledRule | None:
        n_steps = int(min(n_steps, state.horizon - state.steps))
        if n_steps <= 0:  # at rest
            return None
        factors = None
        if self.schedule != "constant":
            factors = np.ones((2, n_steps, *np.shape(self.power)))
            for k in range(n_steps):
                factors[0, k], factors[1, k] = self._factors(state.steps + k, state.horizon)
        return CompiledRule(
            RuleCode.FIXED,
            CompiledState(state.lr0),
            lambda after, n_made: state._replace(steps=state.steps + n_made),
            n_steps,
            factors=factors,
        )

    def _factors(self, t: int, T: float) -> tuple[float | PerLane, float]:
        """Return the factor and the divisor that make the rate of step `t` from lr0."""
        if self.schedule == "sqrt":
            return 1.0, math.sqrt(t + 1)
        if self.schedule == "linear":
            return (T - t) / T, 1.0
        if self.schedule == "cosine":  # (1 + cos z)/2 without its cancellation near pi
            return math.cos(math.pi * t / (2.0 * T)) ** 2, 1.0
        if self.schedule == "poly":
            return ((T - t) / T) ** self.power, 1.0
        return 1.0, 1.0
