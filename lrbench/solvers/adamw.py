"""AdamW: Adam with decoupled weight decay."""

from __future__ import annotations

from dataclasses import dataclass

from lrbench.arrays import row_slices
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.solvers.adam import Adam, AdamState
from lrbench.solvers.base import Step, check_not_negative, rate_of
from lrbench.solvers.compiled import CompiledRule


@dataclass(frozen=True)
class AdamW(Adam):
    r"""AdamW: Adam with a weight decay that is no part of the gradient.

    With the step of ``adam``, coordinate by coordinate,

    .. math:: w_{t+1} = w_t - \mathrm{lr0}\, \lambda\, w_t
              - \mathrm{lr0}\, \frac{\hat m_{t+1}}{\sqrt{\hat v_{t+1}} + \varepsilon}

    Parameters
    ----------
    beta1
        The decay of the mean of the gradients, in [0, 1).
    beta2
        The decay of the mean of their squares, in [0, 1).
    eps
        Added to the root after the correction, > 0.
    weight_decay
        lambda >= 0, as in PyTorch, whose default it is; 0 is ``adam``.

    Raises
    ------
    UsageError
        If a parameter is out of its range.

    Notes
    -----
    The decay is no part of F: for lambda > 0 the method does not come to rest at a minimiser of F
    other than the origin, and what it minimises depends on its own scaling of the coordinates. It
    acts on the intercept, too. A penalty of F remains part of the gradient. The learning rate
    reported is |w_{t+1} - w_t| / |g_t| (before a projection), and 0 where g = 0. A step costs one
    gradient and O(n_features n_lanes).

    References
    ----------
    Loshchilov, Hutter, Decoupled weight decay regularization, ICLR 2019, Algorithm 2 (arXiv:
    1711.05101), with the schedule constant 1 and lambda multiplied by the learning rate.
    """

    name = "adamw"
    group = "adaptive"
    state_size = "2 d"
    papers = ("loshchilov2019",)

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        check_not_negative(self, "weight_decay")

    def step(self, W: Iterate, state: AdamState, oracle: Oracle) -> Step:
        gradient = oracle.gradient(W)
        gradient.norm_sq()  # which the gradient keeps, before it is used up
        D, next_state = self.direction(gradient.dense(), state)
        for rows in row_slices(len(D)):
            D[rows] += state.lr0 * self.weight_decay * W[rows]
        lr = rate_of(D, gradient)
        return Step(oracle.move(W, D), lr, next_state)

    def compiled_rule(self, state: AdamState, n_steps: int) -> CompiledRule:
        return self.decayed_rule(state, n_steps, self.weight_decay)
