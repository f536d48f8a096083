"""WN-Adam as an optimiser of torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lrbench.torch.base import NormOptimizer, ParameterGroup
from lrbench.torch.parts import TensorScope

if TYPE_CHECKING:
    from torch.optim.optimizer import ParamsT


class WNAdam(NormOptimizer):
    r"""WN-Adam: WNGrad's learning rate along Adam's mean of the gradients.

    .. math::
        m_{t+1} &= \beta m_t + (1 - \beta) g_t, \qquad m_0 = 0 \\
        b_{t+1} &= b_t + \|g_t\|^2 / b_t, \qquad b_0 = 1/\mathrm{lr} \\
        w_{t+1} &= w_t - \frac{1}{b_{t+1}} \frac{m_{t+1}}{1 - \beta^{t+1}}

    Parameters
    ----------
    params, lr, scope, weight_decay, maximize, foreach
        As in `WNGrad`.
    beta
        The decay of the mean, in [0, 1); 0 is WNGrad.

    Raises
    ------
    OptimizerError
        As `WNGrad` does.

    Notes
    -----
    Those on `WNGrad` hold here, too. Of each parameter ``optimizer.state`` has the ``mean``, in its
    type, and the number of steps with a gradient, ``step``, which is t. The numbers are those of
    `lrbench.solvers.wn_adam.WNAdam` to rounding.

    References
    ----------
    Wu, Ward, Bottou, WNGrad: Learn the Learning Rate in Gradient Descent, arXiv:1803.02865, 2018,
    Algorithm 4.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        *,
        beta: float = 0.9,
        scope: TensorScope = "all",
        weight_decay: float = 0.0,
        maximize: bool = False,
        foreach: bool = True,
    ) -> None:
        super().__init__(params, lr, scope, weight_decay, maximize, foreach, beta=beta)

    def _check(self, group: ParameterGroup) -> None:
        super()._check(group)
        self._check_number(group, "beta", lambda x: 0.0 <= x < 1.0, "in [0, 1)")

    def _denominators(
        self, group: ParameterGroup, squares: Tensor, slices: Sequence[slice]
    ) -> Tensor:
        after: Tensor = group["b"] + squares / group["b"]
        group["b"] = after
        return after

    def _directions(
        self, group: ParameterGroup, params: list[Tensor], gradients: list[Tensor]
    ) -> tuple[list[Tensor], list[float]]:
        beta = float(group["beta"])
        means: list[Tensor] = []
        divisors: list[float] = []
        for p in params:
            state = self.state[p]
            # The parameter may have been cast or moved since.
            state["mean"] = state["mean"].to(p) if "mean" in state else torch.zeros_like(p)
            state["step"] = state.get("step", 0) + 1
            means.append(state["mean"])
            divisors.append(1.0 - beta ** state["step"])
        if group["foreach"]:
            torch._foreach_mul_(means, beta)
            torch._foreach_add_(means, gradients, alpha=1.0 - beta)
        else:
            for mean, gradient in zip(means, gradients, strict=True):
                mean.mul_(beta).add_(gradient, alpha=1.0 - beta)
        return means, divisors
