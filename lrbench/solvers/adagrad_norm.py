"""AdaGrad-Norm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lrbench.arrays import PerLane
from lrbench.kernels.codes import RuleCode
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Need, Solver, Step, check_positive
from lrbench.solvers.compiled import CompiledRule, CompiledState
from lrbench.solvers.scope import Scope, needs_of, part_descend, part_norms


class AdaGradNormState(NamedTuple):
    """The state of AdaGrad-Norm."""

    b: PerLane
    """The denominator, (n_lanes,); by part (n_parts, n_lanes)."""


@dataclass(frozen=True)
class AdaGradNorm(Solver):
    r"""AdaGrad-Norm: AdaGrad with one learning rate for all coordinates.

    .. math::
        b_{t+1}^2 &= b_t^2 + \|g_t\|^2, \qquad b_0 = \eta/\mathrm{lr0} \\
        w_{t+1} &= w_t - \frac{\eta}{b_{t+1}} g_t

    Parameters
    ----------
    eta
        The numerator, > 0.
    scope
        Over which parameters a norm is taken, each with its own b: ``"all"`` of them as above, or
        on networks those of a ``"layer"``, or of a ``"row"``, a unit with the weights to it.

    Raises
    ------
    UsageError
        If eta is not a positive number.

    Notes
    -----
    In the bounds the price of a high lr0 is at most logarithmic in lr0. At a stationary point g = 0
    leaves both b and w alone. A step costs one gradient and O(n_lanes).

    The PyTorch code of X. Wu has eta = lr and b_0 = sqrt(initial_accumulator_value), and keeps one
    b for each row or filter. ``lrbench list solvers adagrad-norm`` lists the settings.

    References
    ----------
    Ward, Wu, Bottou, AdaGrad stepsizes: Sharp convergence over nonconvex landscapes, JMLR 21, 2020,
    Algorithm 1 (arXiv:1806.01811).
    """

    name = "adagrad-norm"
    group = "adaptive"
    papers = ("ward2020",)
    theorems = "adagrad-norm"
    scale = "eta"
    lr0_means = "eta/b_0"
    traced = ("b",)

    eta: float = 1.0
    scope: Scope = "all"

    def __post_init__(self) -> None:
        check_positive(self, "eta")

    @property
    def needs(self) -> tuple[Need, ...]:  # type: ignore[override]
        """Parts of the parameters, where norms are taken by part."""
        return needs_of(self.scope)

    def lr0_at(self, scale: float, lr0: float) -> float:
        """Return eta times `lr0`: b_0 is 1 / `lr0` for every eta."""
        return scale * lr0

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> AdaGradNormState:
        return AdaGradNormState(self.eta / lr0)

    def step(self, W: Iterate, state: AdaGradNormState, oracle: Oracle) -> Step:
        g = oracle.gradient(W)
        b = np.sqrt(state.b * state.b + part_norms(g, oracle, self.scope))
        return Step(*part_descend(W, self.eta / b, g, oracle, self.scope), AdaGradNormState(b))

    def compiled_rule(self, state: AdaGradNormState, n_steps: int) -> CompiledRule:
        return CompiledRule(
            RuleCode.ADAGRAD_NORM,
            CompiledState(state.b),
            lambda after, n_made: AdaGradNormState(after.b),
            n_steps,
            (self.eta,),
        )
