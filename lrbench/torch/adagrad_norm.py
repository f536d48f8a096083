"""AdaGrad-Norm as an optimiser of torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from lrbench.torch.base import NormOptimizer, ParameterGroup
from lrbench.torch.parts import TensorScope

if TYPE_CHECKING:
    from torch.optim.optimizer import ParamsT


class AdaGradNorm(NormOptimizer):
    r"""AdaGrad-Norm: AdaGrad with one learning rate for all coordinates.

    .. math::
        b_{t+1}^2 &= b_t^2 + \|g_t\|^2, \qquad b_0 = \eta/\mathrm{lr} \\
        w_{t+1} &= w_t - \frac{\eta}{b_{t+1}} g_t

    Parameters
    ----------
    params, scope, weight_decay, maximize, foreach
        As in `WNGrad`.
    lr
        The initial rate eta/b_0, > 0; a later change multiplies the rates, as in `WNGrad`.
    eta
        The numerator, > 0: the free scale of the method. lr only says where b begins.

    Raises
    ------
    OptimizerError
        As `WNGrad` does.

    Notes
    -----
    Those on `WNGrad` hold here, too. The numbers are those of
    `lrbench.solvers.adagrad_norm.AdaGradNorm` to rounding.

    References
    ----------
    Ward, Wu, Bottou, AdaGrad stepsizes: Sharp convergence over nonconvex landscapes, JMLR 21, 2020,
    Algorithm 1 (arXiv:1806.01811).
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        *,
        eta: float = 1.0,
        scope: TensorScope = "all",
        weight_decay: float = 0.0,
        maximize: bool = False,
        foreach: bool = True,
    ) -> None:
        super().__init__(params, lr, scope, weight_decay, maximize, foreach, eta=eta)

    def _check(self, group: ParameterGroup) -> None:
        super()._check(group)
        self._check_number(group, "eta", lambda x: 0.0 < x < math.inf, "a positive number")

    def _numerator(self, group: ParameterGroup) -> float:
        return float(group["eta"])

    def _denominators(
        self, group: ParameterGroup, squares: Tensor, slices: Sequence[slice]
    ) -> Tensor:
        after: Tensor = (group["b"].square() + squares).sqrt()
        group["b"] = after
        return after
