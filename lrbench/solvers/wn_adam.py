"""WN-Adam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lrbench.arrays import Lanes, PerLane
from lrbench.kernels.codes import RuleCode
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Need, Solver, Step, check_decay
from lrbench.solvers.compiled import CompiledRule, CompiledState, bias_corrections
from lrbench.solvers.scope import Scope, needs_of, part_move, part_norms
from lrbench.solvers.state import of_every_row


class WNAdamState(NamedTuple):
    """The state of WN-Adam."""

    m: Lanes
    """The mean of the gradients, (n_features, n_lanes); one row of zeros before the first step."""
    b: PerLane
    """The denominator, (n_lanes,); by part (n_parts, n_lanes)."""
    steps: PerLane
    """The number of steps done, (n_lanes,)."""


@dataclass(frozen=True)
class WNAdam(Solver):
    r"""WN-Adam: WNGrad's learning rate along Adam's mean of the gradients.

    .. math::
        m_{t+1} &= \beta m_t + (1 - \beta) g_t, \qquad m_0 = 0 \\
        b_{t+1} &= b_t + \|g_t\|^2 / b_t, \qquad b_0 = 1/\mathrm{lr0} \\
        w_{t+1} &= w_t - \frac{1}{b_{t+1}} \frac{m_{t+1}}{1 - \beta^{t+1}}

    Parameters
    ----------
    beta
        The decay of the mean, in [0, 1); 0 is WNGrad.
    scope
        Over which parameters a norm is taken, each with its own b: ``"all"`` of them as above, or
        on networks those of a ``"layer"``, or of a ``"row"``, a unit with the weights to it.

    Raises
    ------
    UsageError
        If beta is not in [0, 1).

    Notes
    -----
    There is one b for all coordinates, as in WNGrad; public implementations keep one b for each
    coordinate, row or filter, which is another method, for rows that of ``scope``. The learning
    rate reported is 1/b, the factor of the mean, not of g, and by part |lr m| / |g|. At a
    stationary point g = 0 leaves b alone, and w too unless the mean of the gradients is not yet 0.
    lrbench has no theorem on this method. A step costs one gradient and O(n_features n_lanes), also
    on wide sparse data.

    References
    ----------
    Wu, Ward, Bottou, WNGrad: Learn the Learning Rate in Gradient Descent, arXiv:1803.02865, 2018,
    Algorithm 4.
    """

    name = "wn-adam"
    group = "adaptive"
    state_size = "d"
    papers = ("wu2018",)
    lr0_means = "1/b_0"
    traced = ("b",)
    dense_gradient = True

    beta: float = 0.9
    scope: Scope = "all"

    def __post_init__(self) -> None:
        check_decay(self, "beta")

    @property
    def needs(self) -> tuple[Need, ...]:  # type: ignore[override]
        """Parts of the parameters, where norms are taken by part."""
        return needs_of(self.scope)

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> WNAdamState:
        return WNAdamState(np.zeros((1, len(lr0))), 1.0 / lr0, np.zeros_like(lr0))

    def step(self, W: Iterate, state: WNAdamState, oracle: Oracle) -> Step:
        g = oracle.gradient(W)
        steps = state.steps + 1.0
        b = state.b + part_norms(g, oracle, self.scope) / state.b
        g.norm_sq()  # which the gradient keeps, before it is used up
        D = g.dense()
        m = of_every_row(state.m, D)
        m *= self.beta
        D *= 1.0 - self.beta
        m += D
        after = WNAdamState(m, b, steps)
        if self.scope != "all":
            np.divide(m, 1.0 - self.beta**steps, out=D)
            return Step(*part_move(W, 1.0 / b, D, g, oracle, self.scope), after)
        np.divide(m, b * (1.0 - self.beta**steps), out=D)
        return Step(oracle.move(W, D), 1.0 / b, after)

    def compiled_rule(self, state: WNAdamState, n_steps: int) -> CompiledRule:
        return CompiledRule(
            RuleCode.MEAN,
            CompiledState(state.b, mean=state.m),
            lambda after, n_made: WNAdamState(after.mean, after.b, state.steps + n_made),
            n_steps,
            (self.beta, 1.0 - self.beta),
            bias_corrections(state.steps, n_steps, self.beta, 0.0),
        )
