"""What a solver is: a step rule for all lanes at once; and what several solvers use."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias, TypeVar

import numpy as np

from lrbench.arrays import Lanes, Mask, PerLane, norm_sq
from lrbench.config.parameters import check_kept, number_fields
from lrbench.config.values import REAL
from lrbench.errors import UsageError, quoted
from lrbench.objective.oracle import Gradient, Iterate, Oracle
from lrbench.solvers.compiled import CompiledRule

Need: TypeAlias = Literal[
    "f_star", "L", "L_max", "mu", "horizon", "derivatives", "n_invariant", "parts"
]
"""What a solver may ask to know: inf F; constants of the problem; the number of steps; the
derivatives of the loss of single samples, which linear problems have; the number of first
coordinates of whose common length F does not depend, which normalised problems have; layers with
units, which networks have."""

GROUPS = {
    "constant": "a constant rate, or one of the schedules that it names",
    "scheduled": "rates that fall as fixed in advance",
    "adaptive": "rates from the gradients or values",
    "parameter-free": "rates without a guess of the scale",
    "accelerated": "momentum or averaging",
    "variance-reduced": "minibatches corrected by earlier gradients",
    "proximal": "the prox of the penalty",
    "outside": "solvers of other libraries, which own their loop",
    "yours": "of installed packages",
}
"""The groups of solvers, in the order of lists."""

Facts: TypeAlias = Mapping[str, float]
"""The numbers among a solver's `needs`."""


class Step(NamedTuple):
    """What a step returns."""

    W: Iterate
    """The next iterate."""
    lr: PerLane
    """The learning rate of this step: W_next = W - lr g (before a projection).

    Where the step is no multiple of g, it is what the solver documents: see `rate_of`.
    """
    state: Any
    """The next state, a tree as `Solver.init` returns it."""


@dataclasses.dataclass(frozen=True)
class Solver:
    """A step rule: no loop, no stopping, no printing. Solvers are frozen dataclasses of this base.

    Hyper-parameters are the fields; each is a number, or a word of a choice, with a default. A
    float may also be an array, (n_lanes,), with a value for each lane: the engine then makes a
    solver with fewer values when it drops lanes, so that `step` may use the field as it is.

    The attributes say what others need to know of the solver.
    """

    name: ClassVar[str]
    group: ClassVar[str] = "yours"
    """One of `GROUPS`, under which lists have it."""
    step_cost: ClassVar[str] = "1 gradient"
    """What a step costs, in gradients and values on a minibatch, and proxes."""
    state_size: ClassVar[str] = "O(1)"
    """The numbers of the state for each lane: ``"O(1)"``, ``"2 d"``, d the number of features."""
    papers: ClassVar[tuple[str, ...]] = ()
    """Keys in ``lrbench/theory/references.bib`` of the papers that proposed it."""
    theorems: ClassVar[str | tuple[Any, ...]] = ()
    """The theorems on it: a family of `lrbench.theory.THEOREMS`, or instances of `Theorem`."""
    needs: ClassVar[tuple[Need, ...]] = ()
    """What the solver must know of the problem and the budget; whatever is missing is reported
    before any run. The numbers among them are given to `init`. Where they depend on
    hyper-parameters, it is a property."""
    scale: ClassVar[str] = "lr0"
    """The free scale: ``"lr0"``, or the float hyper-parameter that takes its place; empty for a
    method without one."""
    second_scale: ClassVar[str] = ""
    """A float hyper-parameter that is a free scale beside `scale`; empty for none."""
    has_lr0: ClassVar[bool] = True
    """Whether the method has an initial learning rate. One without it runs once a seed, whatever
    values of lr0 the command has; its `scale` is then not ``"lr0"``."""
    lr0_means: ClassVar[str] = "the first learning rate"
    """What lr0 is to this solver, as the end of the sentence "lr0 is …"."""
    traced: ClassVar[tuple[str, ...]] = ()
    """Fields of the state that the trace records; the state is then a NamedTuple."""
    label_fields: ClassVar[tuple[str, ...]] = ()
    """Parameters that belong to the method's name in every table."""
    proximal: ClassVar[bool] = False
    """Whether the gradients are those of the loss, and the penalty is treated by its prox.

    The trace of a proximal solver has no least gradient norm, because its gradients are not those
    of F."""
    dense_gradient: ClassVar[bool] = False
    """Whether the iterates must be plain arrays, on wide sparse data, too: for a solver that treats
    them as arrays, and for one that asks for gradients as arrays in every step."""

    scalar_step: ClassVar[bool] = False
    """Whether a step asks its oracle for nothing but these: the gradient at W, once, and of that
    ``norm_sq()`` and ``inner(W)``; perhaps ``value(W)`` and ``draw``; and at last one ``descend(W,
    lr, gradient)``, whose rates it returns. Compiled code then makes gradients and descents, and W
    is no array. A class that inherits from another one says so itself. A step at rest asks for
    nothing."""

    outside: ClassVar[bool] = False
    """Whether it owns its loop: see `lrbench.solvers.outside`."""
    adapted: ClassVar[bool] = False
    """Whether it is made of an optimiser of another library: see `lrbench.solvers.adapters`."""
    sample_numbers: ClassVar[int] = 0
    """The numbers that the state has for each sample and lane, which memory must hold."""

    def lr0_at(self, scale: float, lr0: float) -> float:
        """Return the lr0 of a lane with this value of the free scale.

        Parameters
        ----------
        scale
            The value of the hyper-parameter `scale`, which varies over the lanes.
        lr0
            The initial learning rate that the command gives to all lanes. It stands for the other
            published parameters, which do not vary with the scale.
        """
        del scale
        return lr0

    @property
    def dense_iterates(self) -> bool:
        """Whether the iterates are plain arrays on all data."""
        return self.dense_gradient or self.proximal or "derivatives" in self.needs

    def init(self, W: Iterate, lr0: PerLane, facts: Facts) -> Any:
        """Return the state before the first step.

        Parameters
        ----------
        W
            The starting point of every lane; not to be kept without a copy.
        lr0
            The initial learning rates, (n_lanes,); not to be written to. NaN where the method has
            none.
        facts
            The numbers among `needs`, by name.

        Returns
        -------
        state
            A tree of tuples, lists and dicts. Its leaves are arrays whose last axis is the lanes,
            or numbers that are the same for all lanes.
        """
        raise NotImplementedError  # no abstract method: a solver that owns its loop has no step

    def step(self, W: Iterate, state: Any, oracle: Oracle) -> Step:
        """Take one step; `W` is used up.

        The first gradient that the step asks for is that of all lanes. `W` is changed by the oracle
        alone.
        """
        raise NotImplementedError  # likewise

    def compiled_rule(self, state: Any, n_steps: int) -> CompiledRule | None:
        """Return at most `n_steps` next steps as compiled ones; None where `step` must make them.

        It is not asked of a class of the user, which may inherit it.
        """
        del state, n_steps
        return None

    def output(self, W: Lanes, state: Any) -> Lanes | None:
        """Return the method's own answer, (n_features, n_lanes); None if it is the iterate.

        Parameters
        ----------
        W
            The iterates as an array, not to be written to.
        state
            The state; a step may have been the last one.
        """
        del W, state
        return None


SolverT = TypeVar("SolverT", bound=Solver)


def rate_of(D: Lanes, gradient: Gradient) -> PerLane:
    """Return |D| / |g|, the learning rate of a step -D that is no multiple of g; 0 where g = 0."""
    length, size = np.sqrt(norm_sq(D)), np.sqrt(gradient.norm_sq())
    rate: PerLane = np.divide(length, size, out=np.zeros_like(length), where=size > 0.0)
    return rate


def mapping_norm_sq(W: Lanes, W_next: Lanes, lr: PerLane) -> PerLane:
    """Return the squared norm of the gradient mapping (W - W_next) / lr of a proximal step."""
    return norm_sq((W - W_next) / lr)


def with_parameters(solver: SolverT, values: Mapping[str, Any]) -> SolverT:
    """Return the solver with these hyper-parameters: arrays with a value for each lane, or numbers.

    Raises
    ------
    UsageError
        If its class changes one of the values.
    """
    if not values:
        return solver
    kinds = number_fields(solver)
    # Of a parameter that is a whole number an array of these.
    values = {k: v.astype(np.int64) if _whole(kinds[k], v) else v for k, v in values.items()}
    varied = dataclasses.replace(solver, **values)
    check_kept(varied, values, f"solver {solver.name}")
    return varied


def _whole(kind: type, value: Any) -> bool:
    return kind is int and isinstance(value, np.ndarray)


def check_positive(solver: Any, key: str) -> None:
    """Raise `UsageError` unless the parameter `key` is a positive number."""
    _check(solver, key, lambda value: (value > 0.0) & (value < math.inf), "a positive number")


def check_decay(solver: Any, key: str) -> None:
    """Raise `UsageError` unless the parameter `key` is in [0, 1)."""
    _check(solver, key, lambda value: (value >= 0.0) & (value < 1.0), "in [0, 1)")


def check_fraction(solver: Any, key: str) -> None:
    """Raise `UsageError` unless the parameter `key` is in (0, 1)."""
    _check(solver, key, lambda value: (value > 0.0) & (value < 1.0), "in (0, 1)")


def check_whole(solver: Any, key: str) -> None:
    """Raise `UsageError` unless the parameter `key` is a whole number >= 1."""
    _check(
        solver,
        key,
        lambda value: (value >= 1.0) & (value == np.floor(value)),
        "a whole number >= 1",
    )


def check_not_negative(solver: Any, key: str) -> None:
    """Raise `UsageError` unless the parameter `key` is a number >= 0."""
    _check(solver, key, lambda value: (value >= 0.0) & (value < math.inf), "a number >= 0")


def _check(solver: Any, key: str, holds: Callable[[PerLane], Mask], words: str) -> None:
    """Raise `UsageError` with the first value of a parameter that is out of its range."""
    values = np.atleast_1d(getattr(solver, key))
    if values.dtype.kind not in REAL:
        raise UsageError(
            f"solver {solver.name}: {key} cannot be {quoted(getattr(solver, key))}.",
            f"give a number: {key}=1.",
        )
    wrong = values[~holds(values)]
    if wrong.size:
        default = getattr(type(solver), key)
        raise UsageError(
            f"solver {solver.name}: {key} = {wrong[0]:g} is not {words}.",
            f"leave it out for {key} = {default:g}.",
        )
