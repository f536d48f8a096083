"""WNGrad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from lrbench.arrays import Mask, PerLane
from lrbench.errors import UsageError
from lrbench.kernels.codes import RuleCode
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Facts, Need, Solver, Step, check_positive
from lrbench.solvers.compiled import CompiledRule, CompiledState
from lrbench.solvers.scope import Scope, needs_of, part_descend, part_norms
from lrbench.solvers.sphere import SphereState, sphere_step


class WNGradState(NamedTuple):
    """The state of WNGrad; every array is (n_lanes,), b and growth (n_parts, n_lanes) by part."""

    b: PerLane
    """The denominator."""
    growth: PerLane
    """b - b_0, summed on its own: the difference would lose all digits when b_0 is large."""
    started: Mask
    """Whether the first step is done; only ``"raw-first"`` uses it."""


@dataclass(frozen=True)
class WNGrad(Solver):
    r"""WNGrad: the learning rate 1/b falls as the gradients make b grow.

    .. math::
        b_{t+1} &= b_t + c \|g_t\|^2 / b_t, \qquad b_0 = 1/\mathrm{lr0} \\
        w_{t+1} &= w_t - g_t / b_{t+1}

    Parameters
    ----------
    order
        When b is updated, which public implementations do differently: ``"current"`` as above,
        before the step; ``"lagged"`` after it, w_{t+1} = w_t - g_t / b_t; ``"raw-first"``: the
        first step uses b_0 as it is and leaves b alone, the others are ``"current"``.
    c
        How fast b grows, > 0; 1 in the paper. It is a second free scale.
    scope
        Over which parameters a norm is taken, each with its own b: ``"all"`` of them as above, or
        on networks those of a ``"layer"``, or of a ``"row"``, a unit with the weights to it.
    sphere
        Whether v, the coordinates of whose length F does not depend, goes along the unit sphere;
        this is order ``"lagged"`` with c = 1 on normalised problems. The others take steps lr0.

    Raises
    ------
    UsageError
        If c is not a positive number, or a sphere comes with another order or c.

    Notes
    -----
    With ``"current"`` even the first step is damped: b_1 = b_0 + c |g_0|^2 / b_0, so that a high
    lr0 is safe, at a price proportional to it. In the other orders the first step has length
    lr0 |g_0|. At a stationary point g = 0 leaves both b and w alone. A step costs one gradient and
    O(n_lanes).

    The factor c is a unit of w: in the unit v = sqrt(c) w the same run is one with c = 1 from
    c lr0, of the objective v -> F(v / sqrt(c)). With c = 1 the method depends on that unit; the
    unit of F is absorbed by lr0.

    With ``sphere`` every step ends by v <- v / |v|, and g is the gradient in v. That is gradient
    descent with the rate lr0 on a normalised problem, whose b_t is |v_t|^2 / lr0:
    docs/explanation/normalisation.md.

    In ensmallen lr0 is stepSize and the order ``"current"``; Caffe2's operator is ``"lagged"`` with
    c = 1/lr^2; the PyTorch code of X. Wu keeps one b for each row or filter, which is another
    method. ``lrbench list solvers wngrad`` lists the settings.

    References
    ----------
    Wu, Ward, Bottou, WNGrad: Learn the Learning Rate in Gradient Descent, arXiv:1803.02865, 2018,
    Algorithm 1 (c = 1).
    """

    name = "wngrad"
    group = "adaptive"
    papers = ("wu2018",)
    theorems = "wngrad"
    second_scale = "c"
    lr0_means = "1/b_0"
    traced = ("b", "growth")
    label_fields = ("order",)

    order: Literal["current", "lagged", "raw-first"] = "current"
    c: float = 1.0
    scope: Scope = "all"
    sphere: bool = False

    def __post_init__(self) -> None:
        check_positive(self, "c")
        other = self.order != "lagged" or np.any(np.not_equal(self.c, 1.0)) or self.scope != "all"
        if self.sphere and other:
            raise UsageError(
                f"solver {self.name}: sphere=true is with order=lagged, c = 1 and scope=all alone.",
                "give 'wngrad[order=lagged,sphere=true]'.",
            )

    @property
    def needs(self) -> tuple[Need, ...]:  # type: ignore[override]
        """The number of coordinates of the sphere, or parts of the parameters."""
        return ("n_invariant",) if self.sphere else needs_of(self.scope)

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> WNGradState | SphereState:
        if self.sphere:
            return SphereState(1.0 / lr0, np.zeros_like(lr0), lr0, int(facts["n_invariant"]))
        return WNGradState(1.0 / lr0, np.zeros_like(lr0), np.zeros(lr0.shape, dtype=np.bool_))

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        if self.sphere:
            return sphere_step(W, state, oracle)
        g = oracle.gradient(W)
        increment = self.c * part_norms(g, oracle, self.scope) / state.b
        started = state.started
        if self.order == "raw-first":
            increment, started = np.where(started, increment, 0.0), np.ones_like(started)
        b = state.b + increment
        lr = 1.0 / (state.b if self.order == "lagged" else b)
        next_state = WNGradState(b, state.growth + increment, started)
        return Step(*part_descend(W, lr, g, oracle, self.scope), next_state)

    def compiled_rule(self, state: WNGradState, n_steps: int) -> CompiledRule:
        started = np.ones_like(state.started) if self.order == "raw-first" else state.started
        code = RuleCode.WNGRAD_LAGGED if self.order == "lagged" else RuleCode.WNGRAD
        if self.order == "raw-first" and not state.started.all():
            code, n_steps = RuleCode.WNGRAD_STILL, 1
        return CompiledRule(
            code,
            CompiledState(state.b, state.growth),
            lambda after, n_made: WNGradState(after.b, after.growth, started),
            n_steps,
            (self.c,),
        )
