"""WNGrad as an optimiser of torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import torch
from torch import Tensor

from lrbench.torch.base import NormOptimizer, ParameterGroup
from lrbench.torch.parts import TensorScope

if TYPE_CHECKING:
    from torch.optim.optimizer import ParamsT

UpdateOrder: TypeAlias = Literal["current", "lagged", "raw-first"]


class WNGrad(NormOptimizer):
    r"""WNGrad: the learning rate 1/b falls as the gradients make b grow.

    .. math::
        b_{t+1} &= b_t + c \|g_t\|^2 / b_t, \qquad b_0 = 1/\mathrm{lr} \\
        w_{t+1} &= w_t - g_t / b_{t+1}

    Parameters
    ----------
    params
        Tensors, pairs of a name and a tensor (``model.named_parameters()``), or groups of them:
        dicts with ``params`` and with options of their own.
    lr
        The initial rate 1/b_0, > 0. A later change of a group's ``lr``, which schedulers make,
        multiplies the rates: they are (1/b) lr / lr0, where lr0 is the lr that the group was made
        with. b does not depend on it.
    order
        When b grows: ``"current"`` as above, before the step; ``"lagged"`` after it, so that the
        step is g_t / b_t; ``"raw-first"``: the first step uses b_0 as it is and leaves b alone,
        the others are ``"current"``.
    c
        How fast b grows, > 0; 1 in the paper.
    scope
        Over which parameters of a group a norm is taken, each with its own b: ``"all"`` of them;
        those of a ``"layer"``, a module; or of a ``"row"`` of it, a slice along the first axis: in
        ``torch.nn.Linear`` and ``Conv*d`` an output unit, with its bias; in ``ConvTranspose*d`` an
        input channel, and the bias by itself unless it is as long; in ``LSTM`` a unit of a gate.
        The last two need names.
    weight_decay
        This times w is added to the gradient, as in ``torch.optim.SGD``; b sees the sum.
    maximize
        Whether steps go along the gradient, and not against it.
    foreach
        Whether tensors are treated together where that is possible; the same steps to rounding.

    Raises
    ------
    OptimizerError
        If an option is out of its range, a parameter is complex, or names are missing. It is a
        `ValueError`.

    Notes
    -----
    A group is a method of its own, with its b: ``optimizer.param_groups[k]["b"]``, a tensor
    (n_parts,) in float64 on the CPU, which `state_dict` has, too. Parameters without a gradient
    are skipped, and a gradient of 0 leaves b and w alone. What is not finite is not caught: NaN
    and infinity go to b and w, as in other optimisers. Gradients must be dense and whole: with
    sharded parameters each process would take the norm of its shard. A step costs the norm beside
    what a step of SGD costs. On a GPU it waits once a group for the norms, and once more for the
    rates with rows or with parameters in half precision.

    With ``"current"`` even the first step is damped, so that a high lr is safe. The numbers are
    those of `lrbench.solvers.wngrad.WNGrad` to rounding.

    References
    ----------
    Wu, Ward, Bottou, WNGrad: Learn the Learning Rate in Gradient Descent, arXiv:1803.02865, 2018,
    Algorithm 1 (c = 1).
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        *,
        order: UpdateOrder = "current",
        c: float = 1.0,
        scope: TensorScope = "all",
        weight_decay: float = 0.0,
        maximize: bool = False,
        foreach: bool = True,
    ) -> None:
        super().__init__(params, lr, scope, weight_decay, maximize, foreach, order=order, c=c)

    def _check(self, group: ParameterGroup) -> None:
        super()._check(group)
        self._check_choice(group, "order", get_args(UpdateOrder))
        self._check_number(group, "c", lambda x: 0.0 < x < math.inf, "a positive number")

    def _denominators(
        self, group: ParameterGroup, squares: Tensor, slices: Sequence[slice]
    ) -> Tensor:
        before: Tensor = group["b"]
        increment = group["c"] * squares / before
        if group["order"] == "raw-first":
            started = group.get("started", torch.zeros_like(before, dtype=torch.bool)).clone()
            increment = torch.where(started, increment, 0.0)
            for own in slices:
                started[own] = True
            group["started"] = started
        # A new tensor: that of a state_dict stays what it was.
        group["b"] = after = before + increment
        return before if group["order"] == "lagged" else after
