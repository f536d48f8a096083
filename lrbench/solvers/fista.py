"""The accelerated proximal gradient method, FISTA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from lrbench.arrays import Lanes, PerLane, inner
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.base import Step


class FISTAState(NamedTuple):
    """The state of FISTA."""

    lr: PerLane
    """The learning rate, (n_lanes,)."""
    momentum: PerLane
    """s: how much the past counts, (n_lanes,); 1 after a start."""
    Y: Lanes
    """The extrapolated point, (n_features, n_lanes)."""


@dataclass(frozen=True)
class FISTA:
    r"""FISTA: the proximal gradient method with Nesterov's momentum.

    .. math::
        w_{t+1} &= \mathrm{prox}_{\mathrm{lr0}\,R}\bigl(v_t - \mathrm{lr0}\, \nabla f(v_t)\bigr) \\
        s_{t+1} &= \tfrac12 \bigl(1 + \sqrt{1 + 4 s_t^2}\bigr) \\
        v_{t+1} &= w_{t+1} + \frac{s_t - 1}{s_{t+1}} (w_{t+1} - w_t)

    with f the mean loss and R the penalty, F = f + R; v_0 = w_0 and s_0 = 1. The iterate of every
    table is the prox point w_t.

    Parameters
    ----------
    restart
        ``"none"`` as above; ``"gradient"``: where (v_t - w_{t+1})'(w_{t+1} - w_t) > 0, that is,
        where the step goes against the momentum, start anew: v_{t+1} = w_{t+1} and s_{t+1} = 1.

    Notes
    -----
    The theorem asks for lr0 <= 1/L with L the smoothness of f; the objective need not fall at every
    step. For the restarted method no theorem is printed. Without a penalty it is Nesterov's
    accelerated gradient method. On minibatches the momentum adds up the noise and nothing is
    proved. The gradients are those at v_t. At a minimiser it stays if it starts there. A step costs
    one gradient, one prox and O(n_features n_lanes).

    References
    ----------
    Beck, Teboulle, A fast iterative shrinkage-thresholding algorithm for linear inverse problems,
    SIAM J. Imaging Sciences 2, 2009, section 4 and Theorem 4.4; O'Donoghue, Candes, Adaptive
    restart for accelerated gradient schemes, Found. Comput. Math. 15, 2015, section 3.2 (restart).
    """

    name: ClassVar[str] = "fista"
    traced: ClassVar[tuple[str, ...]] = ()
    label_fields: ClassVar[tuple[str, ...]] = ()
    proximal: ClassVar[bool] = True

    restart: Literal["none", "gradient"] = "none"

    def init(self, W: Iterate, lr0: PerLane) -> FISTAState:  # noqa: D102
        return FISTAState(lr0, np.ones_like(lr0), W.copy())

    def step(self, W: Iterate, state: FISTAState, oracle: Oracle) -> Step:  # noqa: D102
        lr, s, Y = state
        after: Lanes = oracle.prox(Y - lr * oracle.loss_gradient(Y).dense(), lr)
        moved = after - W
        later = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * s * s))
        extrapolated = after + ((s - 1.0) / later) * moved
        if self.restart == "gradient":
            anew = inner(Y - after, moved) > 0.0
            later = np.where(anew, 1.0, later)
            extrapolated = np.where(anew, after, extrapolated)
        return Step(after, lr, FISTAState(lr, later, extrapolated))
