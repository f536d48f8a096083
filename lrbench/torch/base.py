"""What the optimisers share: groups of parameters with their b, and the step."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

import torch
from torch import Tensor

from lrbench.config.values import as_number
from lrbench.errors import quoted
from lrbench.torch.errors import OptimizerError
from lrbench.torch.norms import norms_sq
from lrbench.torch.parts import GroupParts, TensorScope, parts_of

if TYPE_CHECKING:
    from torch.optim.optimizer import ParamsT

ParameterGroup: TypeAlias = dict[str, Any]
"""A group of parameters, ``params``, with its options, ``lr0`` and ``b``."""


class NormOptimizer(torch.optim.Optimizer):
    """An optimiser with a denominator b for each part of a group, which grows with its gradients.

    The rate of a part is numerator / b · lr / lr0, where lr0 is the lr that the group was made
    with. A group holds its b, (n_parts,), in float64 on the CPU: torch casts what it loads for a
    parameter to the type of that, and what it loads for a group not.

    Parameters
    ----------
    params, lr, scope, weight_decay, maximize, foreach
        As in `lrbench.torch.WNGrad`.
    rule
        The options of the rule.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor,
        scope: TensorScope,
        weight_decay: float,
        maximize: bool,
        foreach: bool,
        **rule: Any,
    ) -> None:
        rest = {"weight_decay": weight_decay, "maximize": maximize, "foreach": foreach}
        super().__init__(params, {"lr": lr, **rule, "scope": scope, **rest})

    def add_param_group(self, param_group: ParameterGroup) -> None:
        """Add a group of parameters, whose b begins at its lr.

        Parameters
        ----------
        param_group
            ``params`` are tensors, or pairs of a name and a tensor; the options that are left out
            are those of the optimiser.

        Raises
        ------
        OptimizerError
            If an option or a parameter cannot be taken; the group is then not added.
        """
        group = dict(param_group)  # another optimiser may be made of the same one
        group.pop("started", None)  # of the run of an optimiser that it was in
        if not isinstance(group["params"], Tensor | set):
            group["params"] = params = list(group["params"])
            # torch takes the names itself from release 2.6 on.
            if params and all(isinstance(each, tuple) for each in params):
                group["param_names"] = [name for name, _ in params]
                group["params"] = [tensor for _, tensor in params]
        super().add_param_group(group)
        try:
            self._check(group)
            group["lr0"] = float(group["lr"])
            first = self._numerator(group) / group["lr0"]
            if not 0.0 < first < math.inf:
                raise self._refused(group, "lr", "a number with a positive, finite b_0")
            group["b"] = torch.full((_parts(group).n_parts,), first, dtype=torch.float64)
        except OptimizerError:
            self.param_groups.pop()
            raise

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what was saved or pickled.

        Raises
        ------
        OptimizerError
            If it is of another optimiser or other parameters; nothing is changed then.
        """
        keys = {"lr0", "b"} | state.get("defaults", getattr(self, "defaults", {})).keys()
        keys -= {"differentiable"}  # torch adds it to the defaults, and not to the groups
        for k, group in enumerate(state["param_groups"]):
            if not keys <= group.keys() or len(group["b"]) != _parts(group).n_parts:
                raise OptimizerError(
                    f"parameter group {k} of the state is none of {type(self).__name__} with these"
                    " parameters.",
                    "load the state of the same optimiser of the same network.",
                )
        super().__setstate__(state)
        for group in self.param_groups:
            # torch.load(map_location=DEVICE) moves them.
            for key in {"b", "started"} & group.keys():
                group[key] = group[key].cpu()

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step; parameters without a gradient are left as they are.

        Parameters
        ----------
        closure
            Computes the loss and the gradients, and returns the loss; None where they are computed.

        Returns
        -------
        loss
            What the closure returns; None without one.

        Raises
        ------
        OptimizerError
            If a gradient is sparse; no parameter is changed then.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        ready = [(group, *self._with_gradient(group)) for group in self.param_groups]
        for group, params, slices in ready:
            if params:
                self._step(group, params, slices)
        return loss

    def _with_gradient(self, group: ParameterGroup) -> tuple[list[Tensor], list[slice]]:
        """Return the parameters of a group that have a gradient, and the parts of each."""
        params, slices = [], []
        for p, own in zip(group["params"], _parts(group).slices, strict=True):
            gradient = p.grad
            if gradient is None:
                continue
            if gradient.layout is not torch.strided:
                raise OptimizerError(
                    f"{type(self).__name__} takes no sparse gradient.",
                    "make the layer with sparse=False, or give its parameters to another optimiser,"
                    " such as torch.optim.SparseAdam.",
                )
            params.append(p)
            slices.append(own)
        return params, slices

    def _step(self, group: ParameterGroup, params: list[Tensor], slices: list[slice]) -> None:
        foreach, decay = group["foreach"], float(group["weight_decay"])
        gradients: list[Any] = [p.grad for p in params]
        if group["maximize"]:
            gradients = [-g for g in gradients]
        if decay != 0.0 and foreach:
            gradients = list(torch._foreach_add(gradients, params, alpha=decay))
        elif decay != 0.0:
            gradients = [g.add(p, alpha=decay) for g, p in zip(gradients, params, strict=True)]
        n_parts = len(group["b"])
        squares = norms_sq(gradients, slices, n_parts, foreach=foreach)
        b = self._denominators(group, squares, slices)
        rates = self._numerator(group) * (float(group["lr"]) / group["lr0"]) / b
        directions, divisors = self._directions(group, params, gradients)
        narrow = any(p.dtype.itemsize < 4 for p in params)
        if foreach and n_parts == 1 and len(set(divisors)) == 1 and not narrow:
            torch._foreach_add_(params, directions, alpha=-float(rates[0]) / divisors[0])
            return
        moved: dict[tuple[torch.device, torch.dtype], Tensor] = {}
        for p, direction, own, divisor in zip(params, directions, slices, divisors, strict=True):
            # A number is rounded to the type of the parameter, and refused where that has none.
            if own.stop - own.start == 1 and p.dtype.itemsize >= 4:
                p.add_(direction, alpha=-float(rates[own.start]) / divisor)
                continue
            # Rates in less than float32 would be wrong by up to a percent.
            wide = torch.promote_types(p.dtype, torch.float32)
            if (p.device, wide) not in moved:
                moved[p.device, wide] = rates.to(p.device, wide)
            factors = moved[p.device, wide][own].reshape([-1, *[1] * p.dim()][: p.dim()])
            p.addcmul_(direction, factors, value=-1.0 / divisor)

    def _check(self, group: ParameterGroup) -> None:
        """Check the options and the parameters of a group."""
        self._check_number(group, "lr", lambda x: 0.0 < x < math.inf, "a positive number")
        self._check_number(group, "weight_decay", lambda x: 0.0 <= x < math.inf, "a number >= 0")
        self._check_choice(group, "scope", get_args(TensorScope))
        for p in group["params"]:
            if not p.is_floating_point():
                raise OptimizerError(
                    f"{type(self).__name__} takes no parameter of {p.dtype}.",
                    "give real floating-point parameters; of a complex one those of its"
                    " torch.view_as_real.",
                )

    def _check_number(
        self, group: ParameterGroup, key: str, holds: Callable[[float], bool], words: str
    ) -> None:
        number = as_number(group[key])
        if number is None or not holds(number):
            raise self._refused(group, key, words)

    def _check_choice(self, group: ParameterGroup, key: str, choices: Sequence[str]) -> None:
        if group[key] not in choices:
            raise self._refused(group, key, f"one of {', '.join(map(repr, choices))}")

    def _refused(self, group: ParameterGroup, key: str, words: str) -> OptimizerError:
        default = inspect.signature(type(self)).parameters[key].default
        return OptimizerError(
            f"{type(self).__name__}: {key} is {quoted(group[key])}, and not {words}.",
            f"leave it out for {key}={default!r}.",
        )

    def _numerator(self, group: ParameterGroup) -> float:
        """Return the numerator of the rates."""
        del group
        return 1.0

    def _denominators(
        self, group: ParameterGroup, squares: Tensor, slices: Sequence[slice]
    ) -> Tensor:
        """Let b grow by squared norms, and return that of this step; both are (n_parts,).

        The slices are those of the parameters that have a gradient.
        """
        raise NotImplementedError  # no abstract method: torch.optim.Optimizer is no ABC

    def _directions(
        self, group: ParameterGroup, params: list[Tensor], gradients: list[Tensor]
    ) -> tuple[list[Tensor], list[float]]:
        """Return what the rates multiply, and a number for each by which it is divided."""
        del group, params
        return gradients, [1.0] * len(gradients)


def _parts(group: ParameterGroup) -> GroupParts:
    scope, names = group["scope"], group.get("param_names")
    if scope == "all":
        return GroupParts(1, (slice(0, 1),) * len(group["params"]))
    shapes = tuple(tuple(p.shape) for p in group["params"])
    return parts_of(scope, None if names is None else tuple(names), shapes)
