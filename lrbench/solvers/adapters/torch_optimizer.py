"""Optimisers of torch as solvers: ``torch:torch.optim.Adam``, ``torch:prodigyopt.Prodigy``."""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lrbench.arrays import Lanes, PerLane, Vector
from lrbench.config.prints import prints_once
from lrbench.config.process import one_torch_thread
from lrbench.errors import UsageError
from lrbench.objective.oracle import Iterate, Oracle
from lrbench.plugins import Origin, Reference
from lrbench.solvers.adapters.base import AdaptedSolver, adapted
from lrbench.solvers.adapters.locate import library, located
from lrbench.solvers.base import Facts, Solver, Step, rate_of

PREFIX = "torch"

PACKAGES = (
    *("lrbench.torch", "prodigyopt", "schedulefree", "dadaptation", "pytorch_optimizer"),
    "torch_optimizer",
)
"""Packages of optimisers that are listed where they are installed, beside those of torch."""

LEFT_OUT = ("foreach", "fused", "capturable", "differentiable", "fsdp_in_use")
"""Arguments that say how a step is computed, and not which."""


class LaneOptimizer:
    """The optimiser of one lane, and the tensor that it optimises.

    Parameters
    ----------
    make
        The class of the optimiser.
    w
        The starting point, (n_features,).
    keywords
        The arguments of the optimiser.
    """

    def __init__(self, make: Callable[..., Any], w: Vector, keywords: dict[str, Any]) -> None:
        torch = sys.modules["torch"]
        self.parameter = torch.nn.Parameter(torch.from_numpy(np.array(w)))
        self.optimizer = make([self.parameter], **keywords)

    @property
    def w(self) -> Vector:
        """The memory of the tensor, (n_features,)."""
        # Anew each time: some optimisers put another tensor in its place.
        w: Vector = self.parameter.detach().numpy()
        return w


@functools.cache
def _checked(make: Callable[..., Any], keywords: tuple[tuple[str, Any], ...]) -> None:
    """Raise what the optimiser raises if it does not take these arguments."""
    with prints_once():
        LaneOptimizer(make, np.zeros(2), dict(keywords))


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch use one thread; what an optimiser prints goes to stderr, each line once."""
    with one_torch_thread(sys.modules["torch"]), prints_once():
        yield


class TorchSolver(AdaptedSolver):
    """A solver whose steps are those of an optimiser of torch, one instance for each lane.

    The parameter of an instance is the iterate of its lane, a tensor of shape (n_features,), and
    its gradient is that of the minibatch, to which no other use of autograd is made. Where a step
    needs a closure, that evaluates the minibatch's objective and gradient, and both are metered.
    An optimiser with the methods `train` and `eval` is in the mode of training, and its answer is
    what the parameter is in that of evaluation. What it draws at random is not from the seed.
    """

    packages = ("torch",)
    needs_closure: ClassVar[bool]
    has_modes: ClassVar[bool]

    def __post_init__(self) -> None:
        rate = {self.rate: 1.0} if self.rate else {}
        for keywords in self.different_keywords():
            try:
                _checked(self.make, tuple((keywords | rate).items()))
            except Exception as error:  # whatever it raises
                raise self.refused(error) from error

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> NDArray[Any]:
        lanes = np.empty(len(lr0), dtype=object)
        with _one_thread():
            for k, lr in enumerate(lr0.tolist()):
                keywords = self.keywords(k) | ({self.rate: lr} if self.rate else {})
                lanes[k] = LaneOptimizer(self.make, W[:, k], keywords)
                if self.has_modes:
                    lanes[k].optimizer.train()
        return lanes

    def step(self, W: Iterate, state: NDArray[Any], oracle: Oracle) -> Step:
        gradient = oracle.gradient(W)
        # A copy in which each lane is contiguous: an optimiser may write to its gradient.
        G = np.array(gradient.dense().T, order="C")
        D = W.copy()
        first: dict[LaneOptimizer, int] = {}
        with _one_thread():
            tensors = sys.modules["torch"].from_numpy(G).unbind()
            for k, lane in enumerate(state):
                if lane in first:  # padding repeats a lane
                    D[:, k] = D[:, first[lane]]
                    continue
                first[lane] = k
                np.copyto(lane.w, W[:, k])
                lane.parameter.grad = tensors[k]
                if self.needs_closure:
                    lane.optimizer.step(functools.partial(_evaluate, lane, k, W, G[k], oracle))
                else:
                    lane.optimizer.step()
                D[:, k] -= lane.w
        return Step(oracle.move(W, D), rate_of(D, gradient), state)

    def output(self, W: Lanes, state: NDArray[Any]) -> Lanes | None:
        if not self.has_modes:
            return None
        out = np.empty_like(W)
        with _one_thread():
            for k, lane in enumerate(state):
                np.copyto(lane.w, W[:, k])
                lane.optimizer.eval()
                out[:, k] = lane.w
                lane.optimizer.train()  # the next step sets the parameter again
        return out


def _evaluate(lane: LaneOptimizer, k: int, W: Lanes, g: Vector, oracle: Oracle) -> Any:
    """Set the gradient of lane `k` at its parameter, and return its objective there.

    `g` is the gradient at the iterate.
    """
    torch = sys.modules["torch"]
    only = np.arange(W.shape[1]) == k
    point = W
    if not np.array_equal(lane.w, W[:, k]):
        point = W.copy()
        point[:, k] = lane.w
        g = oracle.gradient(point, only).dense()[:, k]
    lane.parameter.grad = torch.from_numpy(np.array(g))
    return torch.tensor(float(oracle.value(point, only)[k]), dtype=torch.float64)


def solver_of(path: str, origin: Origin | None = None) -> type[Solver]:
    """Return the solver of an optimiser of torch.

    Parameters
    ----------
    path
        ``torch.optim.Adam``, ``package.module:Name``, ``file.py:Name``.
    origin
        What another process sent; None in this one.

    Raises
    ------
    UsageError
        If torch or the module is not installed, or there is no such optimiser.
    """
    reference = Reference(PREFIX, path)
    library(PREFIX, str(reference))
    module, value = located(reference, path, origin, installed)
    if not _is_optimizer(value):
        what = "a class" if isinstance(value, type) else f"of type {type(value).__name__}"
        raise UsageError(
            f"{path} is {what}, and no torch.optim.Optimizer.",
            "lrbench list solvers torch has the optimisers that are installed.",
        )
    parameters = list(inspect.signature(value).parameters)
    solver = adapted(
        TorchSolver,
        reference,
        value,
        module,
        load,
        "lr" if "lr" in parameters else "",
        (parameters[0], *LEFT_OUT),
    )
    closure = inspect.signature(value.step).parameters.get("closure")
    solver.needs_closure = closure is not None and closure.default is closure.empty
    if solver.needs_closure:
        solver.step_cost = "1 gradient and 1 value, or more"
    solver.has_modes = all(callable(getattr(value, mode, None)) for mode in ("train", "eval"))
    return solver


def _is_optimizer(value: Any) -> bool:
    """Return whether `value` is a class of optimisers."""
    base = sys.modules["torch.optim"].Optimizer
    return isinstance(value, type) and issubclass(value, base) and value is not base


def is_known(path: str) -> bool:
    """Return whether a name is in torch, or in one of the packages that are listed."""
    return path.startswith(tuple(f"{package}." for package in ("torch", *PACKAGES)))


def load(origin: Origin) -> type[Solver]:
    """Return the solver that another process sent."""
    assert origin.reference is not None
    return solver_of(origin.reference.name, origin)


def installed() -> dict[str, str]:
    """Return the optimisers of torch, and of other packages that are installed, by their names."""
    library(PREFIX, f"{PREFIX}:torch.optim.Adam")
    names = ["torch.optim", *(name for name in PACKAGES if find_spec(name))]
    modules = [importlib.import_module(name) for name in names]
    return {
        f"{module.__name__}.{name}": inspect.getdoc(value) or ""
        for module in modules
        for name, value in vars(module).items()
        if _is_optimizer(value)
    }
